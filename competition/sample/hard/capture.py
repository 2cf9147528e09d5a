"""Faults of the hard sample's scans and photographs, of kinds that neither the default sample nor augmentation has.

Each function but `desk` takes and returns uint8 RGB (H, W, 3) of one shape and draws all it needs from `rng`.
"""

import math

import cv2
import numpy as np

from competition.sample import camera
from competition.sample.randomness import pick


def blinds(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The shadows of a window's blinds: parallel dark stripes."""
    along = _along(image.shape, rng) * rng.uniform(4, 12)
    dark = 1 / (1 + np.exp(-np.sin(2 * np.pi * along) * rng.uniform(2, 12)))
    return (image * (1 - rng.uniform(0.3, 0.6) * dark)[..., None]).astype(np.uint8)


def sleeve(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A glossy sleeve around the page: bright streaks where the film is bent, and a veil over all."""
    across, along = _along(image.shape, rng), _along(image.shape, rng)
    glare = np.full(image.shape[:2], rng.uniform(0, 0.12), np.float32)
    for _ in range(rng.integers(2, 7)):
        place, wide = rng.uniform(-0.5, 0.5), rng.uniform(0.004, 0.05)
        bend = rng.uniform(0.01, 0.06) * np.sin(along * rng.uniform(4, 16) + rng.uniform(0, 6))
        shine = np.exp(-(((across - place + bend) / wide) ** 2))
        glare += rng.uniform(0.4, 1.0) * shine * np.clip(1.3 - np.abs(along - rng.uniform(-0.4, 0.4)) * 3, 0, 1)
    glare = np.clip(glare, 0, 1)[..., None]
    return (image * (1 - glare) + 255 * glare).astype(np.uint8)


def jam(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Paper that slipped in the feed: bands of rows shifted aside, stretched or repeated."""
    height, width = image.shape[:2]
    speed = np.ones(height)
    shift = np.zeros(height)
    for _ in range(rng.integers(2, 6)):
        start = int(rng.uniform(0, 0.9) * height)
        end = start + int(rng.uniform(0.02, 0.12) * height)
        speed[start:end] *= pick(rng, (0.1, 0.5, 2.0))
        shift[start:end] += rng.normal(0, 0.02) * width
    ys = np.cumsum(speed)
    ys = ys * (height - 1) / ys[-1]
    shift += np.cumsum(rng.normal(0, 0.25, height))
    xs = np.arange(width)[None] + shift[:, None]
    rows = np.broadcast_to(ys[:, None], xs.shape)
    maps = xs.astype(np.float32), rows.astype(np.float32)
    return cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def misregistered(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Red, green and blue not quite one over the other: each is moved and turned a little."""
    height, width = image.shape[:2]
    channels = []
    for channel in cv2.split(image):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 0.25), 1 + rng.normal(0, 0.002))
        matrix[:, 2] += rng.normal(0, 1.6, 2)
        channels.append(cv2.warpAffine(channel, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))
    return cv2.merge(channels)


def fax(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A fax: two levels about the level of the surroundings, rows lost or doubled."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 0.7)
    around = cv2.GaussianBlur(grey, (0, 0), rng.uniform(8, 30))
    edge = rng.uniform(6, 18)
    ink = np.clip((grey - around * rng.uniform(0.88, 0.97)) * edge + 128, 0, 255)
    height = len(ink)
    for start in rng.integers(0, height, int(rng.integers(2, 12))):
        ink[start : start + int(rng.integers(1, 4))] = pick(rng, (0, 255, 255))
    return np.repeat(ink.astype(np.uint8)[..., None], 3, axis=2)


def desk(rng: np.random.Generator) -> np.ndarray:
    """A ground with up to three other sheets on it, printed with lines: uint8 (640, 640, 3)."""
    ground = camera.texture(rng)
    for _ in range(rng.integers(0, 4)):
        tint = (np.array((250, 248, 244)) * rng.uniform(0.6, 1)).tolist()
        angle = rng.uniform(0, np.pi)
        along, down = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        centre, (wide, high) = rng.uniform(0, 640, 2), rng.uniform(150, 420, 2)
        corners = [centre + i * wide / 2 * along + j * high / 2 * down for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        cv2.fillPoly(ground, [np.array(corners).astype(np.int32)], tint, cv2.LINE_AA)
        ink, pitch = rng.integers(20, 120, 3).tolist(), rng.uniform(9, 18)
        for row in np.arange(-high / 2 + 12, high / 2 - 12, pitch):
            start = centre + row * down - 0.42 * wide * along
            end = start + rng.uniform(0.3, 0.84) * wide * along
            cv2.line(ground, tuple(start.astype(int).tolist()), tuple(end.astype(int).tolist()), ink, 2, cv2.LINE_AA)
    return ground


def _along(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """The distance of every pixel along a random direction, float32 (H, W), about -0.7 to 0.7, 0 in the middle."""
    height, width = shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    ys, xs = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None], np.linspace(-0.5, 0.5, width, dtype=np.float32)
    return (xs * math.cos(angle) + ys * math.sin(angle)).astype(np.float32)
