"""Orientation tag of EXIF and TIFF, 1 to 8: from the stored image to the upright one."""

import numpy as np
from PIL import Image

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_OF_ARRAYS = {
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.swapaxes(0, 1),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
    8: lambda image: np.rot90(image),
}


def upright(image: Image.Image | np.ndarray, tag: object) -> Image.Image | np.ndarray:
    """Return `image`, Pillow's or an array (H, W, ...), turned by its tag; ImageOps.exif_transpose also rewrites tags,
    and fails on damaged ones.
    """
    if isinstance(image, np.ndarray):
        return _OF_ARRAYS[tag](image) if tag in _OF_ARRAYS else image
    return image.transpose(_TURNS[tag]) if tag in _TURNS else image
