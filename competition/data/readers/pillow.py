"""Photos and pages: JPEG, PNG, TIFF, WebP and whatever else Pillow knows, which tells a cut off file from a whole one.

Upright by the EXIF tag, on white where an image is transparent. Deep TIFFs are `deep_tiff`'s, what Pillow gives up on
is `damaged`'s.
"""

import warnings
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from competition.data.damaged import decode_damaged
from competition.data.deep_tiff import decode_deep_tiff
from competition.data.image_reader import Decoded, ImageReader, UnreadableImage, check_page, check_size
from competition.data.orientation_tag import upright
from competition.data.pillow_formats import open_image
from competition.data.png_chunks import significant_bits
from competition.data.readers import IMAGE_READERS
from competition.data.sample_values import shown

_PAGED = ("TIFF", "GIF", "WEBP", "PNG", "AVIF", "DCX")  # others' frames are previews, layers, sizes of an icon
_GREYS = {"1": 255, "L;2": 85, "L;4": 17}  # rawmode of a PNG -> steps of 8 bits between its levels
_REDUCED, _SUBFILE = 1, 254  # bit and tag: a TIFF's thumbnail is no page


@IMAGE_READERS.register
class Pillow(ImageReader):
    """Reader for all that Pillow has a decoder for."""

    extensions = (
        *(".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".jfif", ".jp2", ".avif"),
        *(".jpe", ".ppm", ".pgm", ".pbm", ".pnm", ".apng", ".dib", ".j2k", ".jpx"),
    )

    def recognises(self, start: bytes) -> bool:
        return True

    def read(self, path: Path, longest_side: int | None) -> tuple[np.ndarray, tuple[int, int]]:
        decoded = self.decode(path, longest_side, 1)
        return decoded.pixels, decoded.size

    def decode(self, path: Path, longest_side: int | None, page: int) -> Decoded:
        try:
            return decode_deep_tiff(path, page) or _decoded(path, longest_side, page)
        except Image.DecompressionBombError as error:
            raise UnreadableImage(f"too many pixels: {error}") from None
        except (UnreadableImage, MemoryError):
            raise
        except Exception as error:  # decoders have no common class for what damaged files make them raise
            if getattr(error, "errno", None) is not None:  # the system's, not the file's
                raise
            if found := decode_damaged(path, lambda data: _decoded(BytesIO(data), longest_side, page), _partly, page):
                return replace(found, damage=str(error) or type(error).__name__) if found.damage else found
            if not isinstance(error, UnidentifiedImageError):
                raise
            raise UnreadableImage("not an image" if path.stat().st_size else "empty file") from None


def _decoded(source: Path | BytesIO, longest_side: int | None, page: int) -> Decoded:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        # by a stream: Pillow maps a grey TIFF that it was given by name with its sides swapped (orientations 5 to 8)
        with open(source, "rb") if isinstance(source, Path) else source as stream, open_image(stream) as file:
            pages = _turn_to(file, page)
            stored = file.size
            if longest_side:
                file.draft("RGB", (longest_side, longest_side))  # a large JPEG is decoded at a half, a quarter
            is_whole = file.size == stored
            pixels = _deep_png(file, source) if _is_deep_png(file) else _as_shown(file, source)
    height, width = pixels.shape[:2]
    if not is_whole:
        height, width = sorted(stored, reverse=height > width)
    return Decoded(pixels, (height, width), pages)


def _turn_to(file: Image.Image, page: int) -> int:
    """Turn to page `page`; return how many there are. Raises UnreadableImage."""
    frames = [0]
    if file.format in _PAGED and getattr(file, "n_frames", 1) > 1:
        frames = list(range(file.n_frames))
        if file.format == "TIFF":
            frames = [frame for frame in frames if not _is_reduced(file, frame)] or [0]
            file.seek(0)
    check_page(page, len(frames))
    if frames[page - 1]:  # of the first one Pillow has checked the size
        file.seek(frames[page - 1])
        check_size(file.height, file.width)
    return len(frames)


def _is_reduced(file: Image.Image, frame: int) -> bool:
    file.seek(frame)
    return bool(file.tag_v2.get(_SUBFILE, 0) & _REDUCED)


def _as_shown(file: Image.Image, source: Path | BytesIO) -> np.ndarray:
    _scale_clear_level(file)
    file.load()
    image = upright(file, _orientation(file))  # a TIFF has been turned, and has no tag now
    image.info = file.info
    return as_rgb(image, significant_bits(source) if file.format == "PNG" and file.mode.startswith("I") else None)


def _scale_clear_level(file: Image.Image) -> None:
    """Bring a grey PNG's transparent level, which Pillow leaves at the file's depth, to that of its pixels."""
    step = _GREYS.get(str(file.tile[0][3])) if file.format == "PNG" and file.tile else None
    if step and isinstance(level := file.info.get("transparency"), int):
        file.info["transparency"] = level * step


def _orientation(file: Image.Image) -> int | None:
    """Return the orientation tag; None without one, and where the tags can't be read."""
    try:
        return file.getexif().get(ExifTags.Base.Orientation)
    except Exception as error:  # Pillow has no common class for what damaged tags make it raise
        if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:
            raise
        return None


def _is_deep_png(file: Image.Image) -> bool:
    """Return whether Pillow would cut a colour PNG of 16 bits to 8, whatever its white is."""
    return file.format == "PNG" and not file.mode.startswith("I") and any("16B" in str(part[3]) for part in file.tile)


def _deep_png(file: Image.Image, source: Path | BytesIO) -> np.ndarray:
    data = source.read_bytes() if isinstance(source, Path) else source.getvalue()
    values = None if getattr(file, "n_frames", 1) > 1 else cv2.imdecode(np.frombuffer(data, np.uint8), -1)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return _as_shown(file, source)
    values = np.dstack([values[..., 2::-1], values[..., 3:]])
    file.load()  # tells a cut off file, and reads an EXIF tag behind the pixels
    bits = significant_bits(source)
    pixels = shown(values, 8, top=bits and 2**bits - 1, alpha="unassociated" if values.shape[2] == 4 else None)
    return np.ascontiguousarray(upright(pixels, _orientation(file)))


def as_rgb(image: Image.Image, bits: int | None = None) -> np.ndarray:
    """Return an image of any mode as uint8 (H, W, 3) RGB. bits: of deep samples, where the file says so."""
    if image.mode.startswith("I") or image.mode == "F":
        values, clear = np.asarray(image), image.info.get("transparency")
        alpha = None
        if isinstance(clear, int) and image.mode != "F":
            values = np.dstack([values, np.where(values == clear, 0, 65535)])
            alpha = "unassociated"
        least = 1 if image.mode == "F" else 8
        return shown(values, least, top=bits and 2**bits - 1, alpha=alpha)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        if image.mode == "La":  # Pillow converts it no further
            image = image.convert("LA")
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def _partly(data: bytes, page: int, fill: int) -> tuple[np.ndarray, int]:
    """Return what can be decoded as RGB on a ground of level `fill`, and the number of pages."""
    with open_image(BytesIO(data)) as file:
        pages = _turn_to(file, page)
        _scale_clear_level(file)
        file.load_prepare()
        bands = Image.getmodebands(file.mode)
        file.im.paste((fill,) * bands if bands > 1 else fill, (0, 0, *file.im.size))
        try:
            file.load()
        except Exception:  # what was decoded before it failed stays
            file.tile = []
        turned = upright(file, _orientation(file))
        return as_rgb(turned), pages
