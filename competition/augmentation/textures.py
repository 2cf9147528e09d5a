"""Textures and how they are put on a page: noise, and surfaces painted from noise. No image is ever pasted in."""

from functools import cache

import cv2
import numpy as np


def normal_noise(generator: np.random.Generator, *shape: int) -> np.ndarray:
    """Return float32 `shape`, standard normal to 16 bits: one of 65,536 quantiles each, 4 times as fast."""
    places = np.frombuffer(generator.bytes(2 * int(np.prod(shape))), "<u2")
    return np.take(_quantiles(), places).reshape(shape)


@cache
def _quantiles() -> np.ndarray:
    from scipy.special import ndtri  # settings import this module, and need no SciPy

    return ndtri((np.arange(65536) + 0.5) / 65536).astype(np.float32)


def smooth_noise(generator: np.random.Generator, height: int, width: int, cells: int) -> np.ndarray:
    """Return float32 (height, width) in 0..1 that varies over about 1/`cells` of the image."""
    coarse = generator.random((cells + 1, cells + 1), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def ramp(height: int, width: int, angle: float) -> np.ndarray:
    """Return float32 (height, width): pixels' distances from (0, 0) along the direction `angle` (radians)."""
    xs = np.arange(width, dtype=np.float32) * np.float32(np.cos(angle))
    ys = np.arange(height, dtype=np.float32) * np.float32(np.sin(angle))
    return ys[:, None] + xs[None]


def painted(image: np.ndarray, level: int, where: np.ndarray) -> np.ndarray:
    """Return a copy of `image` with grey `level` wherever `where`, bool (H, W), is true."""
    return cv2.copyTo(np.full_like(image, level), where.view(np.uint8), image.copy())


def dim(image: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return `image` times `factor`, float32 (H, W), in every channel."""
    return cv2.multiply(image, cv2.merge([factor, factor, factor]), dtype=cv2.CV_8U)


def blend(image: np.ndarray, colour: tuple | np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Return `image` under an even `colour` (3 levels) of `opacity`, float32 (H, W), 0 to 1."""
    layer = np.empty_like(image)
    # a third of the time of NumPy's broadcast
    cv2.rectangle(layer, (0, 0), image.shape[1::-1], np.round(colour).tolist(), -1)
    return cv2.blendLinear(image, layer, 1 - opacity, opacity)


def background(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return a plain, grained, clouded, striped or chequered surface of a random colour, uint8 (height, width, 3)."""
    base = generator.uniform(20, 245, 3)
    if generator.random() < 0.5:  # desks and tables are rarely colourful
        base = base.mean() + (base - base.mean()) * 0.35
    relief = _relief(generator, height, width)
    shade = normal_noise(generator, height, width) * np.float32(generator.uniform(0, 18))
    if relief is not None:
        shade += relief * np.float32(generator.uniform(15, 90))
    tint = generator.uniform(0.5, 1.0, 3)
    table = np.clip(base + (np.arange(256)[:, None] - 128) * tint, 0, 255).astype(np.uint8)[:, None]
    level = cv2.add(shade, 128.0, dtype=cv2.CV_8U).reshape(height, width)
    return cv2.LUT(cv2.merge([level, level, level]), table)


def _relief(generator: np.random.Generator, height: int, width: int) -> np.ndarray | None:
    pattern = generator.integers(4)
    if pattern == 1:
        return smooth_noise(generator, height, width, int(generator.integers(3, 24))) - np.float32(0.5)
    if pattern == 2:
        angle, period = generator.uniform(0, np.pi), generator.uniform(3, 40)
        wave = 6 * smooth_noise(generator, height, width, 4)
        return 0.5 * np.sin(ramp(height, width, angle) * np.float32(2 * np.pi / period) + wave)
    if pattern == 3:
        period = int(generator.integers(4, 40))
        odd = ((np.arange(height) // period)[:, None] + (np.arange(width) // period)[None]) % 2
        return odd.astype(np.float32) - np.float32(0.5)
    return None
