"""TIFF files of more than 8 bits a sample: of any kind of number, with the tags that say what their samples mean; and
those of 8 bits that Pillow has no layout for (opacity in a plane or beside CMYK, bits the other way round).

Pillow ignores most of these tags there, and cuts colours to 8 bits whatever their white is. TIFF 6.0, sections 8, 18.
"""

import logging
from pathlib import Path

import cv2
import numpy as np

from competition.data.image_reader import Decoded, UnreadableImage, check_page, check_size
from competition.data.orientation_tag import upright
from competition.data.sample_values import shown

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the latter two: BigTIFF
_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _CMYK = 0, 1, 2, 5  # photometric interpretations that are read here
_FLOAT = 3  # sample format
_TAGS = {"orientation": 274, "highest": 281, "highest_of_format": 341}


def decode_deep_tiff(path: Path, page: int) -> Decoded | None:
    """Return page `page` of a deep TIFF; None for any other file. Raises UnreadableImage, and what tifffile raises."""
    with open(path, "rb") as file:
        start = file.read(4)
    if not start.startswith(STARTS):
        return None
    try:
        import tifffile
    except ImportError:
        return None
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong is raised too, or asked of Pillow
    try:
        with tifffile.TiffFile(path) as file:
            whole = [one for one in file.pages if not one.is_reduced]
            if not _is_deep((whole or [file.pages[0]])[min(page, len(whole) or 1) - 1]):
                return None
            check_page(page, len(whole))
            return _shown(path, whole[page - 1], page, len(whole))
    except (UnreadableImage, MemoryError):
        raise
    except Exception as error:  # a damaged file, which Pillow may know how to read
        if getattr(error, "errno", None) is not None:
            raise
        return None


def _is_deep(page: object) -> bool:
    """Return whether a page, tifffile's, has numbers that 8 bits don't hold, or a layout that Pillow has not, and is
    grey, RGB or CMYK.
    """
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    known = page.photometric in (_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _CMYK)
    beside = len(page.extrasamples) > 0 and (page.planarconfig == 2 or page.photometric == _CMYK)
    odd = bits == 8 and (page.fillorder == 2 or beside)
    return known and (odd or bits > 8 or page.sampleformat == _FLOAT) and page.imagedepth == 1


def _shown(path: Path, page: object, number: int, pages: int) -> Decoded:
    check_size(page.imagelength, page.imagewidth)
    values = _samples(path, page, number)
    colours = {_RGB: 3, _CMYK: 4}.get(page.photometric, 1)
    kinds = [int(kind) for kind in page.extrasamples]
    alpha = {1: "associated", 2: "unassociated"}.get(kinds[0]) if kinds else None
    values = values[..., : colours + bool(alpha)]
    top = _number(page, _TAGS["highest"]) or _number(page, _TAGS["highest_of_format"])
    if page.photometric == _CMYK:
        values, top = _without_inks(values), None
    pixels = shown(
        values,
        1 if values.dtype.kind == "f" else 8,
        low_is_white=page.photometric == _MIN_IS_WHITE,
        top=top if top and top > 1 else None,
        alpha=alpha,
    )
    tag = page.tags.get(_TAGS["orientation"])
    pixels = np.ascontiguousarray(upright(pixels, tag and int(tag.value)))
    return Decoded(pixels, pixels.shape[:2], pages)


def _without_inks(values: np.ndarray) -> np.ndarray:
    """Return CMYK samples, and opacity behind them, as RGB of 0 to 1; inks fill their type's whole range."""
    full = 1 if values.dtype.kind == "f" else np.iinfo(values.dtype).max
    inks = np.clip(np.nan_to_num(values / full), 0, 1)
    return np.dstack([(1 - inks[..., :3]) * (1 - inks[..., 3:4]), inks[..., 4:]])


def _samples(path: Path, page: object, number: int) -> np.ndarray:
    """Return samples (H, W, C), channels last. Raises where no decoder knows the compression."""
    try:
        values = page.asarray()
    except (ValueError, ImportError, RuntimeError, KeyError):  # needs a codec that isn't installed
        values = _by_opencv(path, page, number)
    if values.ndim == 3 and page.planarconfig == 2:
        values = values.transpose(1, 2, 0)
    expected = (page.imagelength, page.imagewidth)
    if values.shape[:2] != expected:
        raise ValueError(f"{values.shape} samples, expected {expected}")
    return values.reshape(*expected, -1)


def _by_opencv(path: Path, page: object, number: int) -> np.ndarray:
    """Return the samples as libtiff has them, which OpenCV gives as they stand where they lie pixel by pixel."""
    if page.samplesperpixel == 2 or (page.samplesperpixel > 1 and page.planarconfig == 2):
        raise ValueError("OpenCV doesn't read planes")
    if number > 1 or page.tags.get(_TAGS["orientation"]) not in (None, 1) and page.tags[274].value != 1:
        raise ValueError("OpenCV turns pages itself")
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise ValueError("not decoded")
    return values if values.ndim == 2 else np.dstack([values[..., 2::-1], values[..., 3:]])


def _number(page: object, tag: int) -> float | None:
    found = page.tags.get(tag)
    return float(np.max(found.value)) if found is not None else None
