"""Image files of many members of a kind: deep, damaged, called otherwise, heavy with metadata."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

DEPTHS = {"u2": 65535, "u4": 2**32 - 1, "f2": 1, "f4": 1, "f8": 1}


def ramp(top: float, dtype: str, height: int = 32, width: int = 48) -> np.ndarray:
    """Return samples from 0 to `top`, (H, W)."""
    values = np.linspace(0, top, height * width).reshape(height, width)
    return (values if np.dtype(dtype).kind == "f" else np.round(values)).astype(dtype)


def encoded(image: np.ndarray, kind: str, **options) -> bytes:
    """Return an image file's bytes."""
    data = io.BytesIO()
    Image.fromarray(image).save(data, kind, **options)
    return data.getvalue()


def with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """Return a PNG with a chunk behind its header."""
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return png[:33] + chunk + png[33:]
