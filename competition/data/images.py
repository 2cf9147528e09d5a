"""Images: decoding, resizing, letterbox, thumbnails.

Decoding goes through Pillow, which tells a truncated file from a whole one; an image is from then on a
`uint8` array (H, W, 3), RGB, upright by its EXIF tag, on white where it was transparent.
"""

import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from competition.data.letterbox import resize, shrink

THUMBNAIL = 96  # pixels: enough to tell two pages of one layout apart, see near_duplicates

# EXIF's numbers; 1 is upright
_ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnreadableImage(ValueError):
    """An image that can't be used as it is; the message says why."""


class UnusableBox(UnreadableImage):
    """A box that holds no pixel, or leaves its image."""


def read_image(
    path: Path, longest_side: int | None = None, box: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """Return the image at `path`, uint8 (H, W, 3) RGB, shrunk so that no side is longer than `longest_side` pixels.

    `box` (x1, y1, x2, y2 in the upright image's pixels) is cut out first. Raises UnreadableImage, and UnusableBox,
    which is one, saying why; OSError and MemoryError, which are the machine's troubles and not the image's.
    """
    return read_sized(path, longest_side, box)[0]


def read_sized(
    path: Path, longest_side: int | None = None, box: tuple[float, float, float, float] | None = None
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return what `read_image` does, and the image's (or its box's) height and width before it was shrunk."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                stored = file.size
                if longest_side and not box:
                    file.draft("RGB", (longest_side, longest_side))  # a large JPEG is decoded at a half, a quarter, ...
                is_whole = file.size == stored
                pixels = _as_rgb(_upright(file))
    except UnidentifiedImageError:
        raise UnreadableImage("not an image" if path.stat().st_size else "empty file") from None
    except Image.DecompressionBombError as error:
        raise UnreadableImage(f"too many pixels: {error}") from None
    except Exception as error:  # Pillow's decoders have no common class for what damaged files make them raise
        if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:  # the system's, not the file's
            raise
        raise UnreadableImage(str(error) or type(error).__name__) from None
    if box:
        pixels = _cut(pixels, box)
    height, width = pixels.shape[:2]
    if not is_whole:
        height, width = sorted(stored, reverse=height > width)
    return shrink(pixels, longest_side) if longest_side else pixels, (height, width)


def _upright(image: Image.Image) -> Image.Image:
    """Return `image` turned by its EXIF tag; ImageOps.exif_transpose also rewrites tags, and fails on damaged ones."""
    image.load()  # a TIFF is turned by this already, and has no tag any more
    turn = _ORIENTATIONS.get(image.getexif().get(ExifTags.Base.Orientation))
    return image if turn is None else image.transpose(turn)


def _as_rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float32)
        top = _white(float(values.max()), 1 if image.mode == "F" else 8)
        return np.repeat(np.clip(values * (255.0 / top), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def _white(highest: float, least: int) -> float:
    """Return a deep image's white: the end of the shortest usual range, `least` bits or more, that holds `highest`."""
    return next(
        (top for bits in (1, 8, 10, 12, 14, 16) if bits >= least and highest <= (top := 2.0**bits - 1)), highest
    )


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


def decode_jpeg(data: np.ndarray) -> np.ndarray:
    """Return our own JPEG's pixels, uint8 (H, W, 3) RGB. `data` is its bytes as uint8."""
    return cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)


def thumbnail(image: np.ndarray) -> np.ndarray:
    """Return `image` in grey on a small square, uint8 (THUMBNAIL, THUMBNAIL), whatever its aspect ratio."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    # side by side: one may shrink, the other grow
    return resize(resize(grey, grey.shape[0], THUMBNAIL), THUMBNAIL, THUMBNAIL)
