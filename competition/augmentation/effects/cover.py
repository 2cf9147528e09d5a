"""Cover: what lies on the page or is missing from it."""

import cv2
import numpy as np

from competition.augmentation.effects import EFFECTS
from competition.augmentation.textures import background


@EFFECTS.register(
    phase="cover",
    unit="half the side of a box, or a finger's width, share of the longer side",
    family="cover",
    limits=(0.0, 0.25),
    probability=0.17,
    range=(0.03, 0.14),
)
def cover(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with one to four boxes or fingers; `amount`: half a box's length, share of the longer side."""
    height, width = image.shape[:2]
    longest = max(height, width)
    mask = np.zeros((height, width), np.uint8)
    things = int(generator.integers(1, 5)) if amount * longest >= 0.5 else 0
    draw = _box if generator.random() < 0.5 else _finger
    for _ in range(things):
        draw(mask, generator, amount * longest)
    return _covered(image, mask, generator)


@EFFECTS.register(
    phase="cover",
    unit="reach of the missing corner, share of the longer side",
    family="cover",
    limits=(0.0, 0.5),
    probability=0.06,
    range=(0.08, 0.3),
)
def torn_corner(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` without one or two corners; `amount`: the longest reach, as a share of the longer side."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    if amount * max(height, width) >= 0.5:
        for corner in generator.choice(4, int(generator.integers(1, 3)), replace=False):
            x, y = (corner % 2) * (width - 1), (corner // 2) * (height - 1)
            along, down = amount * max(height, width) * generator.permutation([1, generator.uniform(0.4, 1)])
            triangle = [[x, y], [x + (-along if x else along), y], [x, y + (-down if y else down)]]
            cv2.fillPoly(mask, [np.int32(triangle)], 255)
    return _covered(image, mask, generator)


def _box(mask: np.ndarray, generator: np.random.Generator, reach: float) -> None:
    height, width = mask.shape
    centre = generator.uniform(0, 1, 2) * [width, height]
    half = reach * generator.permutation([1, generator.uniform(0.3, 1)])
    cv2.rectangle(mask, np.int32(centre - half).tolist(), np.int32(centre + half).tolist(), 255, -1)


def _finger(mask: np.ndarray, generator: np.random.Generator, reach: float) -> None:
    height, width = mask.shape
    tip = generator.uniform(0, 1, 2) * [width, height] + generator.uniform(-0.5, 0.5, 2) * max(height, width)
    end = tip + (tip - [width / 2, height / 2]) * 3  # it comes in from outside
    cv2.line(mask, np.int32(tip).tolist(), np.int32(end).tolist(), 255, max(1, round(reach)))


def _covered(image: np.ndarray, mask: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    textured, level = generator.random() < 0.6, int(generator.integers(256))
    surface = background(generator, *mask.shape) if textured else np.full_like(image, level)
    return cv2.copyTo(surface, mask, image.copy())
