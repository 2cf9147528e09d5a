"""Framing: where the page lies in the picture, and what of it leaves the picture."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from competition.augmentation.effects import EFFECTS

_add = partial(EFFECTS.add, module=__name__, phase="camera")

_add(
    "shift_scale",
    unit="share of the picture's side that the page leaves free; it lies anywhere in it",
    family="camera",
    limits=(0.0, 0.6),
    probability=0.5,
    range=(0.0, 0.25),
)
_add(
    "crop",
    unit="share of the page's side that leaves the picture",
    family="camera",
    limits=(0.0, 0.5),
    probability=0.12,
    range=(0.05, 0.22),
)


def frame(
    points: np.ndarray, generator: np.random.Generator, drawn: Mapping[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture's upper left corner and its size, (2,) each, x and y."""
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    lost = drawn.get("crop", 0) * extent
    size = (extent - lost) / (1 - drawn.get("shift_scale", 0))
    free = size - (extent - lost)
    place = generator.random(2)
    if "crop" in drawn and "shift_scale" in drawn:
        place = np.round(place)  # the page leaves the picture on one side, and leaves it free on the other
    return low + place * lost - (1 - place) * free, size
