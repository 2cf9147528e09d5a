"""Bending of the page, by a lens or by lying unevenly: what is not a homography."""

from collections.abc import Mapping
from functools import partial

import cv2
import numpy as np

from competition.augmentation.effects import EFFECTS

CELLS = 5  # of the distorted grid, along each side

_add = partial(EFFECTS.add, module=__name__, phase="camera")

_add(
    "optical_distortion",
    unit="lens coefficient, barrel or cushion",
    family="camera",
    limits=(0.0, 0.6),
    probability=0.06,
    range=(0.05, 0.3),
)
_add(
    "grid_distortion",
    unit="largest relative change of a grid cell's part of the page",
    family="camera",
    limits=(0.0, 0.6),
    probability=0.06,
    range=(0.05, 0.3),
)


def bent(image: np.ndarray, generator: np.random.Generator, drawn: Mapping[str, float], fill: int) -> np.ndarray:
    """Return `image` under the "optical_distortion" and "grid_distortion" in `drawn`; without either, `image` itself.

    Optical: OpenCV's radial lens, both coefficients the drawn one with a random sign; grey level `fill` comes in at the
    rim. Grid: each row and column of cells shows a part of the page larger or smaller by the drawn share, all of it
    together. As Albumentations' OpticalDistortion and GridDistortion, which are half a pixel and a pixel off, and fill
    with red.
    """
    if "optical_distortion" in drawn:
        coefficient = drawn["optical_distortion"] * generator.choice([-1, 1])
        columns, rows = _lens(*image.shape[:2], coefficient)
        image = cv2.remap(
            image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(fill, fill, fill)
        )
    if "grid_distortion" in drawn:
        rows, columns = (_uneven(side, generator, drawn["grid_distortion"]) for side in image.shape[:2])
        columns, rows = np.meshgrid(columns, rows)
        image = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return image


def _lens(height: int, width: int, coefficient: float) -> tuple[np.ndarray, np.ndarray]:
    camera = np.array([[width, 0, (width - 1) / 2], [0, height, (height - 1) / 2], [0, 0, 1]])
    return cv2.initUndistortRectifyMap(
        camera, np.array([coefficient, coefficient, 0, 0]), None, camera, (width, height), cv2.CV_32FC1
    )


def _uneven(side: int, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return which of the page's rows (or columns) each of `side` rows shows, float32 (side,)."""
    steps = 1 + amount * generator.choice([-1, 1], CELLS)
    lines = np.concatenate([[0], np.cumsum(steps) / steps.sum()]) * side
    return (np.interp(np.arange(side) + 0.5, np.linspace(0, side, CELLS + 1), lines) - 0.5).astype(np.float32)
