"""Defects of a page before it is scanned (creases, things on it), and of its image afterwards (light, blur, noise).

Each function takes and returns uint8 RGB (H, W, 3) of one shape and draws all it needs from `rng`.
"""

import math

import cv2
import numpy as np

from competition.sample.randomness import chance, pick


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 255).astype(np.uint8)


def _curve(image: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Each of the 256 levels replaced by `levels`, (256,) or (256, 3): much faster than arithmetic on the image."""
    return cv2.LUT(image, _bytes(levels).reshape(1, 256, -1))


LEVELS = np.arange(256.0)


def crease(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One to three folds: a bright or dark line, the two sides lit differently."""
    height, width = page.shape[:2]
    ys, xs = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    light = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(1, 4)):
        angle = rng.uniform(0, np.pi)
        x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height
        away = (xs - x) * math.cos(angle) + (ys - y) * math.sin(angle)
        light += np.sign(away) * rng.uniform(4, 14) * np.exp(-np.abs(away) / (0.25 * height))
        light += pick(rng, (-1, 1)) * rng.uniform(25, 70) * np.exp(-((away / rng.uniform(0.8, 2.2)) ** 2))
    return _bytes(page + light[..., None])


def cover(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Something lies on the page: a slip of paper, a thumb at the edge or a marker's bar, at most a tenth of it."""
    height, width = page.shape[:2]
    out = page.copy()
    kind = pick(rng, ("slip", "thumb", "bars"))
    if kind == "slip":
        size = rng.uniform(0.18, 0.36), rng.uniform(0.12, 0.28)
        place = rng.uniform(0.05, 0.95, 2)
        box = (place * (width, height), np.array(size) * (width, height), rng.uniform(0, 90))
        tint = rng.uniform(130, 255, 3)
        cv2.fillPoly(out, [cv2.boxPoints(tuple(map(_floats, box))).astype(np.int32)], tint.tolist())
    elif kind == "thumb":
        place = [(0, rng.uniform()), (1, rng.uniform()), (rng.uniform(), 1)][rng.integers(3)]
        centre = (int(place[0] * width), int(place[1] * height))
        axes = (int(rng.uniform(0.1, 0.2) * width), int(rng.uniform(0.05, 0.1) * height))
        skin = np.array((230, 185, 155)) * rng.uniform(0.5, 1.0)
        cv2.ellipse(out, centre, axes, rng.uniform(-40, 40), 0, 360, skin.tolist(), -1, cv2.LINE_AA)
    else:
        for _ in range(rng.integers(2, 6)):
            x, y = rng.uniform(0, 0.7) * width, rng.uniform(0.1, 0.95) * height
            end = (int(x + rng.uniform(0.1, 0.3) * width), int(y + rng.uniform(0.015, 0.03) * height))
            cv2.rectangle(out, (int(x), int(y)), end, rng.integers(0, 60, 3).tolist(), -1)
    return out


def _floats(value):
    return float(value) if np.ndim(value) == 0 else tuple(float(v) for v in value)


def shadow(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A soft-edged shadow over part of the picture, or light that falls off to one side."""
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    ys, xs = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None], np.linspace(-0.5, 0.5, width, dtype=np.float32)
    along = xs * math.cos(angle) + ys * math.sin(angle) - rng.uniform(-0.3, 0.3)
    softness = rng.uniform(0.01, 0.08) if chance(rng, 0.6) else rng.uniform(0.2, 0.6)
    dark = rng.uniform(0.25, 0.6) / (1 + np.exp(-np.clip(along / softness, -30, 30)))
    return _bytes(image * (1 - dark)[..., None])


def cast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Coloured light."""
    return _curve(image, LEVELS[:, None] * rng.uniform(0.72, 1.12, 3))


def fade(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Low contrast around a dark or a bright grey."""
    keep = rng.uniform(0.35, 0.7)
    return _curve(image, LEVELS * keep + (1 - keep) * rng.uniform(40, 225))


def expose(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Too dark or too bright."""
    return _curve(image, 255 * (LEVELS / 255) ** math.exp(rng.uniform(-0.6, 0.5)))


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus, moved, or enlarged from a small picture."""
    kind, height, width = pick(rng, ("focus", "motion", "small")), *image.shape[:2]
    if kind == "focus":
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 2.0) * max(height, width) / 500)
    if kind == "motion":
        length = int(rng.integers(4, 9))
        kernel = np.zeros((length, length), np.float32)
        tip = rng.uniform(0, length - 1, 2).astype(int).tolist()
        cv2.line(kernel, (length // 2, length // 2), tip, 1.0)
        return cv2.filter2D(image, -1, kernel / kernel.sum())
    scale = rng.uniform(0.4, 0.75)
    small = cv2.resize(image, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sensor noise, grey or coloured, or single white and black dots."""
    height, width = image.shape[:2]
    if chance(rng, 0.25):
        dots = rng.random((height, width), np.float32)
        share = rng.uniform(0.005, 0.03)
        out = image.copy()
        out[dots < share], out[dots > 1 - share] = 0, 255
        return out
    channels = pick(rng, (1, 3))
    return _bytes(image + rng.standard_normal((height, width, channels), np.float32) * rng.uniform(5, 28))
