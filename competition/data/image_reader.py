"""An image reader: from one kind of file to pixels. Each is a class in a file of `readers/`, asked by content."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image


class UnreadableImage(ValueError):
    """An image that can't be used as it is; the message says why."""


class UnusableBox(UnreadableImage):
    """A box that holds no pixel, or leaves its image."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """What a file gave. pixels: uint8 (H, W, 3) RGB, upright; size: height and width of the whole image.

    pages: how many the file has; share: of the pixels that could be decoded, 0 to 1; damage: why the others could not.
    """

    pixels: np.ndarray
    size: tuple[int, int]
    pages: int = 1
    share: float = 1.0
    damage: str = ""


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

    def decode(self, path: Path, longest_side: int | None, page: int) -> Decoded:
        """Return page `page` (from 1) of a file, with what there is to say of it; a reader of kinds that have pages, or
        can be read in part, has its own. Raises as `read` does.
        """
        check_page(page, 1)
        return Decoded(*self.read(path, longest_side))


START = 132  # bytes: a DICOM file says so at the end of them


def check_size(height: int, width: int) -> None:
    """Refuse what takes gigabytes of memory, by the limit that Pillow has. Raises UnreadableImage."""
    most = 2 * Image.MAX_IMAGE_PIXELS
    if height * width > most:
        raise UnreadableImage(f"too many pixels: {width} x {height}, more than {most}")


def check_page(page: int, pages: int) -> None:
    """Refuse a page that a file lacks. Raises UnreadableImage."""
    if page > pages:
        raise UnreadableImage(f"has no page {page}; its last one is {pages}")
