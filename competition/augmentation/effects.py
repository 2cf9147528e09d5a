"""Damage that documents suffer, each `effect(image, generator, strength) -> image`, uint8 (H, W, 3) in and out.

What Albumentations has, it does (see `photometric`); these are what it lacks: shadows with soft edges, creases,
stains, highlighter, fading ink, and things that lie on the page.
"""

import cv2
import numpy as np

from competition.augmentation.textures import background, smooth_noise


def _blend(image: np.ndarray, colour: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    mixed = image + (colour - image.astype(np.float32)) * opacity[..., None]
    return np.clip(mixed, 0, 255).astype(np.uint8)


def shadow(image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Return `image` darkened (or brightened by a lamp) on a soft-edged polygon or along a gradient."""
    height, width = image.shape[:2]
    if generator.random() < 0.5:
        angle = generator.uniform(0, 2 * np.pi)
        ys, xs = np.mgrid[-0.5:0.5:height * 1j, -0.5:0.5:width * 1j].astype(np.float32)
        mask = np.clip((xs * np.cos(angle) + ys * np.sin(angle)) * generator.uniform(0.7, 2) + 0.5, 0, 1)
    else:
        mask = np.zeros((height, width), np.float32)
        corners = generator.uniform(-0.2, 1.2, (int(generator.integers(3, 6)), 2)) * [width, height]
        cv2.fillPoly(mask, [cv2.convexHull(corners.astype(np.int32))], 1.0)
        mask = cv2.blur(mask, (int(generator.integers(3, 41)),) * 2)
    if generator.random() < 0.25:
        return _blend(image, np.full(3, 255, np.float32), mask * generator.uniform(0.2, 0.7) * min(strength, 1.2))
    factor = 1 - mask * generator.uniform(0.2, 0.75) * min(strength, 1.2)
    return (image * factor[..., None]).astype(np.uint8)


def crease(image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Return `image` with one to three fold lines: each half lit otherwise, a sharp edge between."""
    height, width = image.shape[:2]
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    factor = np.ones((height, width), np.float32)
    for _ in range(int(generator.integers(1, 4))):
        angle = generator.choice([0, np.pi / 2]) + generator.normal(0, 0.25)
        where = generator.uniform(0.15, 0.85) * (abs(np.cos(angle)) * width + abs(np.sin(angle)) * height)
        distance = xs * np.cos(angle) + ys * np.sin(angle) - where
        reach = generator.uniform(0.03, 0.35) * max(height, width)
        depth = generator.uniform(0.1, 0.45) * min(strength, 1.5)
        factor -= depth * np.exp(-np.abs(distance) / reach) * (distance > 0)
        factor += 0.5 * depth * np.exp(-np.abs(distance) / 1.5)
    return np.clip(image * np.clip(factor, 0.2, 1.3)[..., None], 0, 255).astype(np.uint8)


def stain(image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Return `image` with one to four rings or blots of a liquid, translucent."""
    height, width = image.shape[:2]
    for _ in range(int(generator.integers(1, 5))):
        centre = generator.uniform(0, 1, 2) * [width, height]
        radii = generator.uniform(0.05, 0.28, 2) * max(height, width)
        mask = np.zeros((height, width), np.float32)
        axes = tuple(int(max(2, radius)) for radius in radii)
        turn = generator.uniform(0, 180)
        cv2.ellipse(mask, tuple(int(c) for c in centre), axes, turn, 0, 360, generator.uniform(0.1, 0.6), -1)
        cv2.ellipse(mask, tuple(int(c) for c in centre), axes, turn, 0, 360, generator.uniform(0.3, 0.9), int(generator.integers(1, 6)))
        mask = cv2.GaussianBlur(mask, (0, 0), generator.uniform(0.6, 3)) * (0.6 + 0.4 * smooth_noise(generator, height, width, 8))
        colour = np.float32([generator.uniform(90, 220), generator.uniform(60, 170), generator.uniform(20, 140)])
        image = np.minimum(image, _blend(image, colour, np.clip(mask * min(strength, 1.3), 0, 0.85)))
    return image


def highlight(image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Return `image` with a few translucent marker strokes or scribbles."""
    layer = np.full_like(image, 255)
    height, width = image.shape[:2]
    colour = generator.uniform(0, 255, 3)
    colour[generator.integers(3)] = 255 if generator.random() < 0.7 else 0
    thick = generator.random() < 0.6
    for _ in range(int(generator.integers(1, 8))):
        start = generator.uniform(0, 1, 2) * [width, height]
        reach = generator.uniform(-0.4, 0.4, 2) * [width, height] * ([1, 0.03] if thick else [1, 1])
        thickness = int(generator.integers(4, 12)) if thick else int(generator.integers(1, 4))
        cv2.line(layer, tuple(int(c) for c in start), tuple(int(c) for c in start + reach), colour.tolist(), thickness)
    return np.minimum(image, layer) if generator.random() < 0.8 else cv2.addWeighted(image, 0.6, layer, 0.4, 0)


def fade(image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Return `image` with pale ink, everywhere or in patches."""
    height, width = image.shape[:2]
    paleness = generator.uniform(0.2, 0.8) * min(strength, 1.1)
    opacity = np.full((height, width), paleness, np.float32)
    if generator.random() < 0.5:
        opacity *= smooth_noise(generator, height, width, int(generator.integers(2, 12)))
    paper = np.percentile(image.reshape(-1, 3)[::7], 90, axis=0).astype(np.float32)
    return _blend(image, paper, opacity)


def cover(image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Return `image` with one to four things on it: boxes, fingers, blots, a torn-off corner."""
    image = image.copy()
    height, width = image.shape[:2]
    longest = max(height, width)
    kind = generator.integers(3)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(int(generator.integers(1, 5))):
        centre = generator.uniform(0, 1, 2) * [width, height]
        half = generator.uniform(0.03, 0.14, 2) * longest * min(strength, 1.3)
        if kind == 0:
            first, last = centre - half, centre + half
            cv2.rectangle(mask, tuple(int(c) for c in first), tuple(int(c) for c in last), 255, -1)
        elif kind == 1:
            tip = centre + generator.uniform(-1, 1, 2) * longest * 0.5
            edge = tip + (tip - [width / 2, height / 2]) * 3
            cv2.line(mask, tuple(int(c) for c in tip), tuple(int(c) for c in edge), 255,
                     max(1, int(longest * generator.uniform(0.05, 0.12))))
        else:
            corner = np.array([generator.integers(2) * width, generator.integers(2) * height])
            reach = generator.uniform(0.08, 0.35, 2) * longest * np.where(corner > 0, -1, 1)
            triangle = [corner, corner + [reach[0], 0], corner + [0, reach[1]]]
            cv2.fillPoly(mask, [np.int32(triangle)], 255)
    surface = background(generator, height, width) if generator.random() < 0.6 else np.full_like(image, generator.integers(256))
    image[mask > 0] = surface[mask > 0]
    return image


def speckle(image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Return `image` with dust: grey, dark or light grains of one to three pixels."""
    height, width = image.shape[:2]
    coarse = int(generator.integers(1, 4))
    small = generator.random((height // coarse + 1, width // coarse + 1), dtype=np.float32)
    field = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST if coarse < 3 else cv2.INTER_LINEAR)
    share = generator.uniform(0.01, 0.12) * strength
    image = image.copy()
    image[field < share] = generator.integers(0, 190)
    if generator.random() < 0.5:
        image[field > 1 - share] = 255
    return image
