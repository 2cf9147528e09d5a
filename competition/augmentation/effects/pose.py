"""Pose of the page before the camera: mirrored, turned, seen at an angle, stretched."""

from collections.abc import Mapping
from functools import partial

import cv2
import numpy as np

from competition.augmentation.effects import EFFECTS

_ORIENTATION = "flips and quarter turns reach all eight orientations, and say nothing of damage"

_add = partial(EFFECTS.add, module=__name__, phase="camera")

_add("mirror", unit=None, family=None, unfitted=_ORIENTATION, probability=0.5)
_add("transpose", unit=None, family=None, unfitted=_ORIENTATION, probability=0.25)
# 0, 1, 2 or 3 of them
_add("quarter_turn", unit=None, family=None, unfitted=_ORIENTATION, probability=1.0)
_add(
    "rotate",
    unit="degrees, counter-clockwise",
    family="turn",
    limits=(-180.0, 180.0),
    probability=0.6,
    range=(-180.0, 180.0),
)
_add(
    "tilt",
    unit="degrees, on top of any other turn",
    family=None,
    unfitted="small beside rotate, which is fitted",
    limits=(-15.0, 15.0),
    probability=0.5,
    range=(-3.0, 3.0),
)
_add(
    "perspective",
    unit="a corner's largest move, share of the shorter side",
    family="camera",
    limits=(0.0, 0.35),
    probability=0.35,
    range=(0.02, 0.14),
)
_add(
    "stretch",
    unit="share by which one side shrinks",
    family="camera",
    limits=(0.0, 0.5),
    probability=0.2,
    range=(0.02, 0.2),
)


def corners(image: np.ndarray, generator: np.random.Generator, drawn: Mapping[str, float]) -> np.ndarray:
    """Return where the page's corners (clockwise from the upper left) go, (4, 2) x and y, from the page's centre."""
    height, width = image.shape[:2]
    points = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    if "mirror" in drawn:
        points = points * [-1, 1]
    if "transpose" in drawn:
        points = points[:, ::-1]
    quarters = int(generator.integers(4)) if "quarter_turn" in drawn else 0
    if "perspective" in drawn:
        points = _seen_at_an_angle(points, generator.uniform(-1, 1, (4, 2)) * drawn["perspective"] * min(height, width))
    if "stretch" in drawn:
        points = points * generator.permutation([1, 1 - drawn["stretch"]])
    return points @ _rotation(90 * quarters + drawn.get("rotate", 0) + drawn.get("tilt", 0))


def _seen_at_an_angle(points: np.ndarray, moves: np.ndarray) -> np.ndarray:
    while not cv2.isContourConvex(
        (points + moves).astype(np.float32)
    ):  # from a quarter of the side on, a page could fold over
        moves = moves * 0.8
    return points + moves


def _rotation(degrees: float) -> np.ndarray:
    """Return the matrix that turns row vectors counter-clockwise, y pointing down."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])
