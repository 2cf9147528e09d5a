"""Orientations of a square image: two flips times four quarter turns, the dihedral group of the square.

Orientation `turns + 4 * flip`: flipped left-right if `flip`, then turned counter-clockwise by `turns` quarters, as
np.rot90 does.
"""

import cv2
import numpy as np

ORIENTATIONS = 8
INVERSE = np.array([0, 3, 2, 1, 4, 5, 6, 7])  # the orientation that undoes an orientation
_QUARTERS = (None, cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)


def flip_and_turns(orientation: int) -> tuple[int, int]:
    """Return (1 if flipped left-right, else 0; quarter turns, 0..3) of `orientation`, 0..7."""
    return divmod(int(orientation), 4)


def as_flips(orientation: int) -> tuple[int, int, int]:
    """Return `orientation` as flips: (rows flipped, columns flipped, transposed after that), each 0 or 1."""
    flip, turns = flip_and_turns(orientation)
    return int(turns >= 2), flip ^ (turns in (1, 2)), turns % 2


def oriented(images: np.ndarray, orientation: int) -> np.ndarray:
    """Return a view of square `images` (..., S, S) in `orientation`."""
    rows, columns, transposed = as_flips(orientation)
    images = images[..., ::-1, :] if rows else images
    images = images[..., ::-1] if columns else images
    return images.swapaxes(-1, -2) if transposed else images


def oriented_image(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return `image`, uint8 (S, S, 3), in `orientation`: a new array, by OpenCV, but for orientation 0."""
    flip, turns = flip_and_turns(orientation)
    image = cv2.flip(image, 1) if flip else image
    return cv2.rotate(image, _QUARTERS[turns]) if turns else image


def _composed() -> np.ndarray:
    probe = np.arange(4).reshape(2, 2)
    codes = {oriented(probe, orientation).tobytes(): orientation for orientation in range(ORIENTATIONS)}
    both = [
        [codes[oriented(oriented(probe, first), then).tobytes()] for then in range(ORIENTATIONS)]
        for first in range(ORIENTATIONS)
    ]
    return np.array(both)


COMPOSED = _composed()  # (8, 8): the orientation that one orientation and then another make
