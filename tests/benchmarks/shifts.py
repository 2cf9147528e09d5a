"""Kinds of shift between training and test images that no augmentation policy has: written for `trust.py` alone.

Each takes a test image, uint8 (H, W, 3) RGB, and a generator of random numbers, and returns it as the shifted test set
shows it.
"""

from collections.abc import Callable

import cv2
import numpy as np

from competition.sample.damage import damage

Shift = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus: a standard deviation of 1 to 4 pixels."""
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(1, 4))


def ground(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Smaller, on a ground of stripes or of cloudy noise in two colours."""
    height, width = image.shape[:2]
    scale = rng.uniform(0.5, 0.8)
    page = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        rows, columns = np.mgrid[:height, :width]
        angle, period = rng.uniform(0, np.pi), rng.uniform(10, 60)
        share = np.sin(2 * np.pi * (rows * np.sin(angle) + columns * np.cos(angle)) / period) > 0
    else:
        share = cv2.resize(rng.random((12, 12)), (width, height), interpolation=cv2.INTER_CUBIC)
    colours = rng.uniform(0, 255, (2, 3))
    whole = (colours[0] + np.clip(share, 0, 1)[..., None] * (colours[1] - colours[0])).astype(np.uint8)
    top, left = rng.integers(height - page.shape[0] + 1), rng.integers(width - page.shape[1] + 1)
    whole[top : top + page.shape[0], left : left + page.shape[1]] = page
    return whole


def foreign(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of: three grey levels, a halftone, waves, exchanged channels with one of them inverted."""
    kind = rng.integers(4)
    if kind == 0:
        return (np.round(image / 127.5) * 127.5).astype(np.uint8)
    if kind == 1:
        return _halftone(image, rng)
    if kind == 2:
        return _waves(image, rng)
    swapped = image[..., rng.permutation(3)].copy()
    channel = rng.integers(3)
    swapped[..., channel] = 255 - swapped[..., channel]
    return swapped


def twice(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Damaged once more by the sample's own damage."""
    return damage(image, rng)


def unchanged(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image itself."""
    return image


def _halftone(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(float)
    rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]] * (2 * np.pi / rng.uniform(4, 8))
    screen = 127.5 + 63.75 * (np.sin(rows + columns) + np.sin(rows - columns))
    return np.repeat(np.where(grey > screen, 255, 0).astype(np.uint8)[..., None], 3, axis=2)


def _waves(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    size, period = rng.uniform(3, 12), rng.uniform(30, 120)
    shifted = columns + np.float32(size) * np.sin(2 * np.pi * rows / np.float32(period), dtype=np.float32)
    return cv2.remap(image, shifted.astype(np.float32), rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
