"""A page found in a picture, and the upright square made of it."""

from dataclasses import dataclass

import numpy as np

from competition.data.orientations import COMPOSED, INVERSE, oriented_image
from competition.upright.geometry import straightened


@dataclass(frozen=True)
class FoundPage:
    """A page in a picture: its quad (4, 2) in pixels, and the probability of each orientation that it is seen in once
    the quad is straightened, (8,).
    """

    quad: np.ndarray
    orientations: np.ndarray


def upright_square(picture: np.ndarray, page: FoundPage, size: int, fill: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `picture` warped to its page, in the likeliest orientation, uint8 (size, size, 3), and the probability of
    each orientation of this square being upright, (8,): the first is the likeliest.
    """
    likeliest = int(np.argmax(page.orientations))
    square = oriented_image(straightened(picture, page.quad, size, fill), INVERSE[likeliest])
    # where the square is upright in an orientation, what was seen is the page in its inverse, and then in the likeliest
    return square, page.orientations[COMPOSED[INVERSE, likeliest]]
