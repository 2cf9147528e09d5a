"""Pillow's formats that a file may be opened in: those that Pillow decodes itself.

EPS runs Ghostscript, WMF the system's drawing; IPTC opens what lies within it as any format. The others are known to
Pillow by name only. PDF it can't open.
"""

from typing import BinaryIO

from PIL import Image

REFUSED = frozenset({"EPS", "WMF", "IPTC", "BUFR", "GRIB", "HDF5", "MPEG"})


def open_image(file: BinaryIO) -> Image.Image:
    """Return the image in `file`, its header read. Raises UnidentifiedImageError for other formats, and what Pillow
    raises.
    """
    Image.init()
    return Image.open(file, formats=[kind for kind in Image.ID if kind not in REFUSED])
