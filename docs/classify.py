"""Classifies one image with an exported network: python docs/classify.py exports/lite0-0.onnx page.jpg"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1])
facts = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
page = ImageOps.exif_transpose(Image.open(sys.argv[2])).convert("RGB")
image = ImageOps.contain(page, (facts["size"],) * 2, Image.Resampling.HAMMING)
square = Image.new("RGB", (facts["size"],) * 2, (facts["fill"],) * 3)
square.paste(image, ((square.width - image.width) // 2, (square.height - image.height) // 2))
pixels = (np.asarray(square) / 255 - facts["mean"]) / facts["std"]
logits = session.run(None, {"images": pixels.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
print(facts["classes"][probabilities.argmax()]["class_name"], round(float(probabilities.max()), 4))
