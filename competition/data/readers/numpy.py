"""NumPy arrays, one image a file (.npy): (H, W), (H, W, C) or (C, H, W), C = 1 to 4 channels.

Two channels are grey and opacity, four are RGB and opacity, as Pillow's arrays have them.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from competition.data.image_reader import ImageReader, UnreadableImage, check_size
from competition.data.readers import IMAGE_READERS
from competition.data.readers.pillow import as_rgb
from competition.data.sample_values import limits

MOST_CHANNELS = 4


@IMAGE_READERS.register
class Numpy(ImageReader):
    """Reader for arrays of whole numbers from 0 up to 16 bits, or of floats in 0..1 or 0..255."""

    extensions = (".npy",)

    def recognises(self, start: bytes) -> bool:
        return start.startswith(b"\x93NUMPY")

    def read(self, path: Path, longest_side: int | None) -> tuple[np.ndarray, tuple[int, int]]:
        array = np.load(path, mmap_mode="r", allow_pickle=False)  # refuses objects, and a header that promises more
        pixels = _channels_last(array)
        check_size(*pixels.shape[:2])
        grey_or_colour = _as_bytes(np.asarray(pixels))
        return as_rgb(Image.fromarray(grey_or_colour)), pixels.shape[:2]


def _channels_last(array: np.ndarray) -> np.ndarray:
    """Return (H, W) for one channel, else (H, W, C)."""
    shape = " x ".join(map(str, array.shape))
    if array.ndim == 3 and not 1 <= array.shape[2] <= MOST_CHANNELS and 1 <= array.shape[0] <= MOST_CHANNELS:
        array = array.transpose(1, 2, 0)
    if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and array.shape[2] > MOST_CHANNELS):
        expected = f"expected height x width, with 1 to {MOST_CHANNELS} channels before or after them"
        raise UnreadableImage(f"an array of {shape or 'one number'}; {expected}")
    return array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array


def _as_bytes(pixels: np.ndarray) -> np.ndarray:
    """Return values of any usual range as uint8. Raises UnreadableImage."""
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype == bool:
        return pixels.astype(np.uint8) * 255
    if pixels.dtype.kind not in "iuf":
        raise UnreadableImage(f"an array of {pixels.dtype}; expected whole numbers or floats")
    is_float = pixels.dtype.kind == "f"
    most = 255 if is_float else 65535
    bottom, white = limits(pixels, 1 if is_float else 8)
    if bottom < 0 or white > most:
        expected = "floats in 0..1 or 0..255" if is_float else "whole numbers in 0..255 or 0..65535"
        raise UnreadableImage(f"values from {float(pixels.min()):g} to {float(pixels.max()):g}; expected {expected}")
    scaled = np.nan_to_num(pixels * (255.0 / white), nan=0, posinf=255, neginf=0)
    return np.clip(scaled, 0, 255).astype(np.uint8)
