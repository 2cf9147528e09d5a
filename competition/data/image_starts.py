"""How the image formats that Pillow decodes begin, whatever their files are called."""

import re

_STARTS = re.compile(
    rb"\xff\xd8\xff"  # JPEG
    rb"|\x89PNG\r\n\x1a\n"
    rb"|II[*+]\0|MM\0[*+]"  # TIFF, BigTIFF
    rb"|RIFF....WEBP"
    rb"|GIF8[79]a"
    rb"|BM............(\x0c|\x28|\x40|\x6c|\x7c)\0\0\0"  # BMP, by its header's size too
    rb"|\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"  # JPEG 2000
    rb"|....ftyp(avif|avis)"
    rb"|P[1-6]\s+(#[^\n]*\n\s*)*\d+\s+\d+"  # PBM, PGM, PPM
    rb"|8BPS\0\x01"  # Photoshop
    rb"|qoif",
    re.DOTALL,
)


def begins_as_image(start: bytes) -> bool:
    """Return whether a file that begins with `start` is an image by its signature."""
    return _STARTS.match(start) is not None
