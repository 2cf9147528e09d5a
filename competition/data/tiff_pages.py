"""Number of pages in a TIFF file, from its directories alone."""

import logging
from itertools import islice
from pathlib import Path

from competition.data.deep_tiff import STARTS
from competition.data.pillow_formats import open_image


def is_tiff(start: bytes) -> bool:
    """Return whether a file that begins with `start` is a TIFF."""
    return start.startswith(STARTS)


def count_tiff_pages(path: Path, most: int) -> int:
    """Return how many pages a TIFF has, thumbnails not counted; `most` + 1 for more than `most`.

    1 where neither of two decoders can tell: reading the file says why. Raises OSError.
    """
    for count in (_by_tifffile, _by_pillow):
        try:
            return max(1, count(path, most))
        except Exception as error:  # decoders have no common class for what damaged files make them raise
            if isinstance(error, MemoryError) or getattr(error, "errno", None) is not None:
                raise
    return 1


def _by_tifffile(path: Path, most: int) -> int:
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    with tifffile.TiffFile(path) as file:
        directories = islice(file.pages, 2 * most + 2)  # each page may have a thumbnail
        return sum(1 for _ in islice((one for one in directories if not one.is_reduced), most + 1))


def _by_pillow(path: Path, most: int) -> int:
    with open(path, "rb") as stream, open_image(stream) as file:
        for frame in range(most + 1):
            try:
                file.seek(frame)
            except EOFError:
                return frame
        return most + 1
