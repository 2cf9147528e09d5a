"""Images: decoding, resizing, letterbox, thumbnails.

Decoding goes through the readers of `readers/`; an image is from then on a `uint8` array (H, W, 3), RGB, upright.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from competition.data.image_reader import Decoded, UnreadableImage, UnusableBox
from competition.data.letterbox import resize, shrink
from competition.data.readers import reader_of

THUMBNAIL = 96  # pixels: enough to tell two pages of one layout apart, see near_duplicates


def read_image(
    path: Path, longest_side: int | None = None, box: tuple[float, float, float, float] | None = None, page: int = 1
) -> np.ndarray:
    """Return the image at `path`, uint8 (H, W, 3) RGB, shrunk so that no side is longer than `longest_side` pixels.

    `box` (x1, y1, x2, y2 in the upright image's pixels) is cut out first. Raises UnreadableImage, and UnusableBox,
    which is one, saying why; OSError and MemoryError, which are the machine's troubles and not the image's.
    """
    return read_decoded(path, longest_side, box, page).pixels


def read_decoded(
    path: Path,
    longest_side: int | None = None,
    box: tuple[float, float, float, float] | None = None,
    page: int = 1,
    least: float = 1.0,
) -> Decoded:
    """Return what `read_image` does, with the image's (or its box's) height and width before it was shrunk.

    page: of a file with several, from 1; least: share of the pixels that must be there; what is missing is white.
    """
    try:
        decoded = reader_of(path).decode(path, None if box else longest_side, page)
    except UnreadableImage:
        raise
    except Exception as error:  # decoders have no common class for what damaged files make them raise
        if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:  # the system's, not the file's
            raise
        raise UnreadableImage(str(error) or type(error).__name__) from None
    if decoded.share < least or not decoded.share or (decoded.damage and least == 1):
        raise UnreadableImage(f"damaged: {_percent(decoded.share)} of it can be decoded ({decoded.damage})")
    pixels, size = decoded.pixels, decoded.size
    if box:
        pixels = _cut(pixels, box)
        size = pixels.shape[:2]
    return replace(decoded, pixels=shrink(pixels, longest_side) if longest_side else pixels, size=size)


def used_in_part(decoded: Decoded) -> str:
    """Return what to say of a damaged image that is used."""
    return f"damaged ({decoded.damage}): used, {_percent(decoded.share)} of it could be decoded"


def _percent(share: float) -> str:
    return f"{int(100 * share)}%"


def _cut(pixels: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = (int(round(value)) for value in box)
    if x1 >= x2 or y1 >= y2:
        raise UnusableBox(f"box ({x1}, {y1}, {x2}, {y2}) is empty: expected x1 < x2 and y1 < y2")
    if min(x1, y1) < 0 or x2 > width or y2 > height:
        raise UnusableBox(f"box ({x1}, {y1}, {x2}, {y2}) leaves the image of {width} x {height} pixels")
    return np.ascontiguousarray(pixels[y1:y2, x1:x2])


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """Return `image` (H, W, 3) RGB as a JPEG file's bytes."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, image.shape
    return data.tobytes()


def encode_png(image: np.ndarray) -> bytes:
    """Return `image` (H, W, 3) RGB as a PNG file's bytes."""
    done, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert done, image.shape
    return data.tobytes()


def decode_jpeg(data: np.ndarray) -> np.ndarray:
    """Return our own JPEG's pixels, uint8 (H, W, 3) RGB. `data` is its bytes as uint8."""
    return cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)


def thumbnail(image: np.ndarray) -> np.ndarray:
    """Return `image` in grey on a small square, uint8 (THUMBNAIL, THUMBNAIL), whatever its aspect ratio."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    # side by side: one may shrink, the other grow
    return resize(resize(grey, grey.shape[0], THUMBNAIL), THUMBNAIL, THUMBNAIL)
