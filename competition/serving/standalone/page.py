"""Reads pages for the model beside this file. Needs NumPy, Pillow and, for pages to be turned upright, onnxruntime."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def read_page(path, longest_side=None):
    """Return the image at `path` as uint8 (height, width, 3), RGB: turned by its EXIF tag, transparency on white, grey
    of more than 8 bits scaled to them; of several pages the first. Raises OSError for what can't be read, and for more
    pixels than Pillow takes (179 million).

    longest_side: pixels; a larger image is averaged to at least as many by a whole factor. Where upright.json lies
    beside this file, the model wants upright pages: the page in the image is found and turned upright.
    """
    Image.init()
    kinds = [
        kind for kind in Image.ID if kind not in ("EPS", "WMF", "IPTC")
    ]  # which run programs, or open one that does
    try:
        with Image.open(path, formats=kinds) as file:
            image = _rgb(ImageOps.exif_transpose(file))
    except Image.DecompressionBombError as error:
        raise OSError(f"{path}: {error}") from error
    factor = max(image.size) // longest_side if longest_side else 1
    pixels = np.asarray(image.reduce(factor) if factor > 1 else image)
    if not Path(__file__).with_name("upright.json").is_file():
        return pixels
    from upright import turned_upright

    return turned_upright(pixels)


def class_names(session):
    """Return the names of the outputs' classes, in their order. session: onnxruntime's, of the model."""
    classes = json.loads(session.get_modelmeta().custom_metadata_map["classes"])
    return [one["class_name"] for one in classes]


def _rgb(image):
    if image.mode.startswith("I") or image.mode == "F":
        values, least = np.asarray(image, np.float32), 1 if image.mode == "F" else 8
        ends = [2.0**bits - 1 for bits in (1, 8, 10, 12, 14, 16) if bits >= least]
        white = next((end for end in ends if values.max() <= end), float(values.max()))
        grey = np.clip(values * (255.0 / white), 0, 255).astype(np.uint8)
        if isinstance(clear := image.info.get("transparency"), int):
            grey[values == clear] = 255
        return Image.fromarray(grey).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
