"""Wear: what happened to the sheet before it was seen. Spills, highlighter, creases, dust."""

import cv2
import numpy as np

from competition.augmentation.effects import EFFECTS
from competition.augmentation.textures import blend, dim, painted, ramp, smooth_noise


@EFFECTS.register(
    phase="paper",
    unit="opacity of a liquid's rings, 0 to 1.3",
    family="paper",
    limits=(0.0, 1.3),
    probability=0.09,
    range=(0.4, 1.0),
)
def spill(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with one to four translucent rings or blots of a liquid; `amount`: a factor on their opacity."""
    height, width = image.shape[:2]
    result = image.copy()
    uneven = np.float32(amount) * (np.float32(0.6) + np.float32(0.4) * smooth_noise(generator, height, width, 8))
    for _ in range(int(generator.integers(1, 5))):
        opacity = np.minimum(_ring(generator, height, width) * uneven, np.float32(0.85))
        colour = generator.uniform([90, 60, 20], [220, 170, 140])
        result = np.minimum(result, blend(result, colour, opacity))
    return result


def _ring(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    centre = np.int32(generator.uniform(0, 1, 2) * [width, height]).tolist()
    axes = np.int32(np.maximum(2, generator.uniform(0.05, 0.28, 2) * max(height, width))).tolist()
    turn = generator.uniform(0, 180)
    cv2.ellipse(mask, centre, axes, turn, 0, 360, 255 * generator.uniform(0.1, 0.6), -1)
    cv2.ellipse(mask, centre, axes, turn, 0, 360, 255 * generator.uniform(0.3, 0.9), int(generator.integers(1, 6)))
    return cv2.GaussianBlur(mask, (0, 0), generator.uniform(0.6, 3)) * np.float32(1 / 255)


@EFFECTS.register(
    phase="paper", unit="opacity of marker strokes, 0 to 1", family="paper", probability=0.09, range=(0.4, 1.0)
)
def highlight(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with one to seven marker strokes or scribbles; `amount` is their opacity, 0 to 1."""
    height, width = image.shape[:2]
    layer = np.full_like(image, 255)
    colour = generator.uniform(0, 255, 3)
    colour[generator.integers(3)] = 255 if generator.random() < 0.7 else 0
    thick = generator.random() < 0.6
    for _ in range(int(generator.integers(1, 8))):
        start = generator.uniform(0, 1, 2) * [width, height]
        reach = generator.uniform(-0.4, 0.4, 2) * [width, height] * ([1, 0.03] if thick else [1, 1])
        thickness = int(generator.integers(4, 12)) if thick else int(generator.integers(1, 4))
        cv2.line(layer, np.int32(start).tolist(), np.int32(start + reach).tolist(), colour.tolist(), thickness)
    return cv2.addWeighted(image, 1 - amount, np.minimum(image, layer), amount, 0)


@EFFECTS.register(
    phase="paper",
    unit="depth of a fold's shade, share of full light",
    family="paper",
    limits=(0.0, 0.7),
    probability=0.09,
    range=(0.1, 0.45),
)
def crease(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with one to three fold lines, one side shaded by `amount` of the light, a bright edge between."""
    height, width = image.shape[:2]
    factor = np.ones((height, width), np.float32)
    for _ in range(int(generator.integers(1, 4))):
        angle = generator.choice([0, np.pi / 2]) + generator.normal(0, 0.25)
        where = generator.uniform(0.15, 0.85) * (abs(np.cos(angle)) * width + abs(np.sin(angle)) * height)
        reach = generator.uniform(0.03, 0.35) * max(height, width)
        distance = ramp(height, width, angle) - np.float32(where)
        away = np.abs(distance)
        factor -= np.float32(amount) * np.exp(away * np.float32(-1 / reach)) * (distance > 0)
        factor += np.float32(0.5 * amount) * np.exp(away * np.float32(-1 / 1.5))
    return dim(image, np.clip(factor, 0.2, 1.3))


@EFFECTS.register(
    phase="paper",
    unit="share of the page under dust",
    family="paper",
    limits=(0.0, 0.3),
    probability=0.09,
    range=(0.01, 0.12),
)
def speckle(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with grains of one to three pixels: dark ones on `amount` of the page, often also white ones."""
    height, width = image.shape[:2]
    coarse = int(generator.integers(1, 4))
    field = generator.random((height // coarse + 1, width // coarse + 1), dtype=np.float32)
    low, high = amount, 1 - amount
    if coarse == 3:  # rounded grains; between its points the field is less extreme, and so are the thresholds
        field = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
        low, high = np.quantile(field.ravel()[::5], [low, high])
    elif coarse == 2:
        field = cv2.resize(field, (width, height), interpolation=cv2.INTER_NEAREST)
    field = np.ascontiguousarray(field[:height, :width])
    level, white = int(generator.integers(0, 190)), generator.random() < 0.5
    result = painted(image, level, field < low)
    return painted(result, 255, field > high) if white else result
