"""Blur of a lens, a moving hand, a small picture and a file's compression."""

import cv2
import numpy as np

from competition.augmentation.effects import EFFECTS
from competition.data.images import decode_jpeg, encode_jpeg
from competition.data.letterbox import resize


@EFFECTS.register(
    phase="sensor",
    unit="sigma, pixels at 1.4 times augment.size",
    family="blur",
    limits=(0.0, 4.0),
    probability=0.11,
    range=(0.4, 1.6),
)
def gaussian_blur(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` out of focus: a Gaussian of sigma `amount` pixels."""
    return cv2.GaussianBlur(image, (0, 0), amount) if amount > 0.1 else image.copy()


@EFFECTS.register(
    phase="sensor",
    unit="length, pixels at 1.4 times augment.size",
    family="blur",
    limits=(0.0, 15.0),
    probability=0.075,
    range=(3.0, 7.0),
)
def motion_blur(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` moved by `amount` pixels in any direction while it was taken.

    Albumentations knows whole odd lengths only; here each point of the path is shared by the four pixels around it.
    """
    angle, half = generator.uniform(0, np.pi), max(0.0, (amount - 1) / 2)
    side = np.arange(-np.ceil(half), np.ceil(half) + 1)
    path = np.linspace(-half, half, 4 * len(side))[:, None]
    columns, rows = (np.maximum(0, 1 - np.abs(side - path * move)) for move in (np.cos(angle), np.sin(angle)))
    return cv2.filter2D(image, -1, rows.T @ columns / len(path))


@EFFECTS.register(
    phase="sensor",
    unit="scale to which it is shrunk and enlarged again",
    family="blur",
    limits=(0.2, 1.0),
    neutral=1.0,
    probability=0.09,
    range=(0.45, 0.8),
)
def downscale(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` shrunk to `amount` of its sides (at least a pixel) by averaging, and enlarged again."""
    height, width = image.shape[:2]
    small = resize(image, max(1, round(height * amount)), max(1, round(width * amount)))
    return resize(small, height, width) if small is not image else image.copy()


@EFFECTS.register(
    phase="sensor",
    unit="JPEG quality",
    family="blur",
    limits=(5.0, 100.0),
    neutral=100.0,
    probability=0.11,
    range=(15.0, 60.0),
)
def jpeg(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` after JPEG of quality `amount`; Albumentations' takes red for blue."""
    return decode_jpeg(np.frombuffer(encode_jpeg(image, round(amount)), np.uint8))
