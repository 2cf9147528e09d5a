"""Light that falls on the page unevenly: shadows with soft edges, and lamps.

Each is `effect(image, generator, amount) -> image`: uint8 (H, W, 3) in and out, a new array.
"""

import cv2
import numpy as np


def shadow(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` darkened along a gradient or on a soft-edged polygon; `amount` is the share of the light taken
    away.
    """
    height, width = image.shape[:2]
    mask = _gradient(generator, height, width) if generator.random() < 0.5 else _polygon(generator, height, width)
    return dim(image, 1 - mask * np.float32(amount))


def lamp(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` washed out along a gradient or in a round spot; `amount` is the white's largest opacity, 0 to
    1.
    """
    height, width = image.shape[:2]
    mask = _gradient(generator, height, width) if generator.random() < 0.5 else _spot(generator, height, width)
    return blend(image, (255, 255, 255), mask * np.float32(amount))


def dim(image: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return `image` times `factor`, float32 (H, W), in every channel."""
    return cv2.multiply(image, cv2.merge([factor, factor, factor]), dtype=cv2.CV_8U)


def blend(image: np.ndarray, colour: tuple | np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Return `image` under an even `colour` (3 levels) of `opacity`, float32 (H, W), 0 to 1."""
    layer = np.empty_like(image)
    # a third of the time of NumPy's broadcast
    cv2.rectangle(layer, (0, 0), image.shape[1::-1], np.round(colour).tolist(), -1)
    return cv2.blendLinear(image, layer, 1 - opacity, opacity)


def _gradient(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    angle, steepness = generator.uniform(0, 2 * np.pi), generator.uniform(0.7, 2)
    rows, columns = (
        np.linspace(-0.5, 0.5, side, dtype=np.float32) if side > 1 else np.zeros(1, np.float32)
        for side in (height, width)
    )
    slope = (rows * np.float32(np.sin(angle) * steepness))[:, None] + (columns * np.float32(np.cos(angle) * steepness))[
        None
    ]
    return np.clip(slope + np.float32(0.5), 0, 1)


def _polygon(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), np.float32)
    corners = generator.uniform(-0.2, 1.2, (int(generator.integers(3, 6)), 2)) * [width, height]
    cv2.fillPoly(mask, [cv2.convexHull(corners.astype(np.int32))], 1.0)
    return cv2.blur(mask, (int(generator.integers(3, 41)),) * 2)


def _spot(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    longest = max(height, width)
    (x, y), radius = generator.uniform(0, 1, 2) * [width, height], generator.uniform(0.2, 0.6) * longest
    rows, columns = (
        np.exp(-(((np.arange(side, dtype=np.float32) + 0.5 - centre) / radius) ** 2))
        for side, centre in ((height, y), (width, x))
    )
    return np.outer(rows, columns).astype(np.float32)
