"""Images that Pillow gives up on: what is wrong beside the pixels is left away, and what is there is read.

How much could be decoded is found by decoding twice: what depends on the ground, or on what follows a file's end,
wasn't there.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from competition.data.image_reader import Decoded
from competition.data.pillow_formats import open_image
from competition.data.png_chunks import SIGNATURE, without_metadata
from competition.data.sample_values import shown

JPEG, _END = b"\xff\xd8\xff", b"\xff\xd9"
_NEXT = (b"", b"\0" * 4096, b"\x55\xaa" * 2048, b"\xa9\x13\x7c" * 1400)  # what may follow a file that was cut off
_NEAR = 8  # grey levels: what differs less is decoded, a later scan would only sharpen it
_SURE = (b"BM", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP", b"P5", b"P6", b"P4")

Read = Callable[[bytes], Decoded]
Partly = Callable[[bytes, int, int], tuple[np.ndarray, int]]


def decode_damaged(path: Path, read: Read, partly: Partly, page: int) -> Decoded | None:
    """Return what can be read of a file, its `damage` not "" where pixels may be missing; None for nothing.

    read: Pillow's reading of a whole file's bytes; partly: of what is there, on a ground. Raises MemoryError.
    """
    data = path.read_bytes()
    if data.startswith(SIGNATURE):
        data = without_metadata(data)
        attempts = (lambda: read(data), lambda: _on_grounds(data, partly, page), lambda: _by_opencv(data))
    elif data.startswith(JPEG):
        attempts = (lambda: _jpeg(data, read), lambda: _by_opencv(data))
    elif data.startswith(_SURE):
        attempts = (lambda: _on_grounds(data, partly, page), lambda: _by_opencv(data) if page == 1 else None)
    else:
        return None
    for attempt in attempts:
        try:
            found = attempt()
        except Image.DecompressionBombError:
            return None
        except Exception as error:  # decoders have no common class for what damaged files make them raise
            if isinstance(error, MemoryError):
                raise
            continue
        if found is not None:
            return found
    return None


def _on_grounds(data: bytes, partly: Partly, page: int) -> Decoded | None:
    """Return what is the same on two grounds, and white elsewhere."""
    (dark, pages), (light, _) = (partly(data, page, fill) for fill in (0, 230))
    there = (dark == light).all(axis=2)
    if not there.any():
        return None
    dark[~there] = 255
    return Decoded(dark, dark.shape[:2], pages, float(there.mean()), "cut off")


def _jpeg(data: bytes, read: Read) -> Decoded:
    """Return what doesn't depend on what follows the file's end; white below it, unless the scans are progressive."""
    data = data.rstrip(b"\xff")
    found = [read(data + more + _END) for more in _NEXT]
    first = found[0].pixels
    differs = np.zeros(first.shape[:2], bool)
    for other in found[1:]:
        differs |= (np.abs(first.astype(np.int16) - other.pixels) > _NEAR).any(axis=2)
    with open_image(BytesIO(data)) as file:
        is_progressive = bool(file.info.get("progressive"))
    if not is_progressive:
        first[differs] = 255
    return Decoded(first, found[0].size, 1, 1 - float(differs.mean()), "cut off")


def _by_opencv(data: bytes) -> Decoded | None:
    """Return OpenCV's reading of a file that is whole."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.size > 6 * Image.MAX_IMAGE_PIXELS:
        return None
    if values.ndim == 2 or values.shape[2] == 4 or values.dtype != np.uint8:
        colours = values if values.ndim == 2 else np.dstack([values[..., 2::-1], values[..., 3:]])
        pixels = shown(colours, 1 if values.dtype.kind == "f" else 8, alpha="unassociated")
    else:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)  # turned by its EXIF tag
    return Decoded(pixels, pixels.shape[:2], damage="read by OpenCV")
