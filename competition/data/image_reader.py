"""An image reader: from one kind of file to pixels. Each is a class in a file of `readers/`, asked by content."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image


class UnreadableImage(ValueError):
    """An image that can't be used as it is; the message says why."""


class UnusableBox(UnreadableImage):
    """A box that holds no pixel, or leaves its image."""


class ImageReader(ABC):
    """Reader of one kind of image file."""

    extensions: ClassVar[tuple[str, ...]]  # of usual names, with the dot, in small letters; the likeliest first

    @abstractmethod
    def recognises(self, start: bytes) -> bool:
        """Return whether a file that begins with `start` (START bytes, or all) is of this kind."""

    @abstractmethod
    def read(self, path: Path, longest_side: int | None) -> tuple[np.ndarray, tuple[int, int]]:
        """Return the pixels, uint8 (H, W, 3) RGB, upright, and the height and width of the whole image.

        longest_side: pixels that the caller will shrink it to; a reader that can may decode it smaller, not below this.
        Raises UnreadableImage; any other error without an errno is taken for one.
        """


START = 132  # bytes: a DICOM file says so at the end of them


def check_size(height: int, width: int) -> None:
    """Refuse what takes gigabytes of memory, by the limit that Pillow has. Raises UnreadableImage."""
    most = 2 * Image.MAX_IMAGE_PIXELS
    if height * width > most:
        raise UnreadableImage(f"too many pixels: {width} x {height}, more than {most}")


def grey_to_rgb(values: np.ndarray, least: int) -> np.ndarray:
    """Return grey values (H, W) of any depth as uint8 (H, W, 3); see `white`."""
    top = white(float(values.max()), least)
    return np.repeat(np.clip(values * (255.0 / top), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def white(highest: float, least: int) -> float:
    """Return a deep image's white: the end of the shortest usual range, `least` bits or more, that holds `highest`."""
    return next(
        (top for bits in (1, 8, 10, 12, 14, 16) if bits >= least and highest <= (top := 2.0**bits - 1)), highest
    )
