"""Pixels that files of images are read as, by us and by other decoders."""

import io

import cv2
import numpy as np
from PIL import Image

from competition.data.images import read_image


def found(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    return read_image(tmp_path / "x").astype(float)


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), float)


def by_opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION) * 1.0


def check(tmp_path, data, expected, decoders=(), near=1.1):
    """Hold what is read, and what other decoders read, against the expected pixels (H, W) or (H, W, 3)."""
    expected = np.dstack([expected] * 3) if expected.ndim == 2 else expected
    read = found(tmp_path, data)
    assert read.shape == expected.shape and np.abs(read - expected).max() <= near
    for decode in decoders:
        assert np.abs(read - decode(data)).max() <= near + 1, decode.__name__


BOTH = (by_pillow, by_opencv)
