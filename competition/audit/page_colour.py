"""Page colours: near-duplicates are found in grey, but the same form on white, pink and yellow paper is three forms.

Two pages are compared by the colour (a and b of CIELAB) of 8 x 8 cells, in the orientation in which they differ least.
"""

import cv2
import numpy as np

from competition.data.orientations import ORIENTATIONS, oriented

CELLS = 8  # along a side
# Distances in the a-b plane. Of 1,700 pages and photographs that were cut by 2 percent a side and saved at quality 40,
# the median cell moved by up to 5.5, and the six that moved most by up to 22.6 on average (99 percent: 3.2 and 14.1).
# White, pale yellow, pink, blue and green paper are 10 to 36 apart, saturated stripes of a twelfth of the page over 40.
PAPER = 7.0  # of the median cell: other paper, or ink
PART, PART_CELLS = 25.0, 6  # mean of so many cells that differ most: a stripe, a field, a large seal
GREY = 4.0  # no cell of a grey page is more colourful


def colour_grid(image: np.ndarray) -> np.ndarray:
    """Return (CELLS, CELLS, 2) float32: a and b of each cell of `image`, uint8 (H, W, 3) RGB."""
    cells = cv2.resize(image, (CELLS, CELLS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return cv2.cvtColor(cells, cv2.COLOR_RGB2LAB)[..., 1:]


def is_grey(grid: np.ndarray) -> bool:
    """Return whether a page's colours are none."""
    return bool(np.linalg.norm(grid, axis=-1).max() < GREY)


def colours_differ(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two pages, of `colour_grid`, are of different colours, in whichever orientation they lie."""
    return all(_differ(one, turned) for turned in _orientations(other))


def _orientations(grid: np.ndarray) -> list[np.ndarray]:
    planes = grid.transpose(2, 0, 1)
    return [oriented(planes, orientation).transpose(1, 2, 0) for orientation in range(ORIENTATIONS)]


def _differ(one: np.ndarray, other: np.ndarray) -> bool:
    apart = np.sort(np.linalg.norm(one - other, axis=-1), axis=None)
    return bool(np.median(apart) >= PAPER or apart[-PART_CELLS:].mean() >= PART)
