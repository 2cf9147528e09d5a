"""Photos and pages: JPEG, PNG, TIFF, WebP and whatever else Pillow knows, which tells a cut off file from a whole one.

Upright by the EXIF tag, on white where an image is transparent.
"""

import warnings
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from competition.data.image_reader import ImageReader, UnreadableImage, grey_to_rgb
from competition.data.readers import IMAGE_READERS

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


@IMAGE_READERS.register
class Pillow(ImageReader):
    """Reader for all that Pillow has a decoder for."""

    extensions = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".jfif", ".jp2", ".avif")

    def recognises(self, start: bytes) -> bool:
        return True

    def read(self, path: Path, longest_side: int | None) -> tuple[np.ndarray, tuple[int, int]]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(path) as file:
                    stored = file.size
                    if longest_side:
                        file.draft("RGB", (longest_side, longest_side))  # a large JPEG is decoded at a half, a quarter
                    is_whole = file.size == stored
                    pixels = as_rgb(_upright(file))
        except UnidentifiedImageError:
            raise UnreadableImage("not an image" if path.stat().st_size else "empty file") from None
        except Image.DecompressionBombError as error:
            raise UnreadableImage(f"too many pixels: {error}") from None
        height, width = pixels.shape[:2]
        if not is_whole:
            height, width = sorted(stored, reverse=height > width)
        return pixels, (height, width)


def _upright(image: Image.Image) -> Image.Image:
    """Return `image` turned by its EXIF tag; ImageOps.exif_transpose also rewrites tags, and fails on damaged ones."""
    image.load()  # a TIFF is turned by this already, and has no tag any more
    turn = _ORIENTATIONS.get(image.getexif().get(ExifTags.Base.Orientation))
    return image if turn is None else image.transpose(turn)


def as_rgb(image: Image.Image) -> np.ndarray:
    """Return an image of any mode as uint8 (H, W, 3) RGB."""
    if image.mode.startswith("I") or image.mode == "F":
        return grey_to_rgb(np.asarray(image, np.float32), 1 if image.mode == "F" else 8)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))
