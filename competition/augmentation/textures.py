"""What a page may lie on, painted from noise: no image is ever pasted in."""

import cv2
import numpy as np


def smooth_noise(generator: np.random.Generator, height: int, width: int, cells: int) -> np.ndarray:
    """Return float32 (height, width) in 0..1 that varies over about 1/`cells` of the image."""
    coarse = generator.random((cells + 1, cells + 1), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def background(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return a plain, grained, clouded or striped surface of a random colour, uint8 (height, width, 3)."""
    base = generator.uniform(20, 245, 3).astype(np.float32)
    if generator.random() < 0.5:  # desks and tables are rarely colourful
        base = base.mean() + (base - base.mean()) * 0.35
    pattern = generator.integers(4)
    relief = np.zeros((height, width), np.float32)
    if pattern == 1:
        relief = smooth_noise(generator, height, width, int(generator.integers(3, 24))) - 0.5
    elif pattern == 2:
        angle, period = generator.uniform(0, np.pi), generator.uniform(3, 40)
        ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
        wave = 6 * smooth_noise(generator, height, width, 4)
        relief = 0.5 * np.sin((xs * np.cos(angle) + ys * np.sin(angle)) * (2 * np.pi / period) + wave)
    elif pattern == 3:
        period = int(generator.integers(4, 40))
        relief = (((np.arange(height) // period)[:, None] + (np.arange(width) // period)[None]) % 2 - 0.5).astype(np.float32)
    grain = generator.standard_normal((height, width), dtype=np.float32) * generator.uniform(0, 18)
    tint = generator.uniform(0.5, 1.0, 3).astype(np.float32)
    shade = relief * generator.uniform(15, 90) + grain
    return np.clip(base + shade[..., None] * tint, 0, 255).astype(np.uint8)
