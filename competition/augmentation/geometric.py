"""Geometry as photographed: one page, mirrored, seen at an angle, turned, lying on something.

All of it is one homography, so that the page is sampled once; the page is shrunk to about its final scale first, by
averaging, since a homography samples single points and would leave thin strokes to chance.
"""

import cv2
import numpy as np

from competition.augmentation.textures import background
from competition.images import shrink
from competition.settings import AugmentSettings


def photograph(image: np.ndarray, generator: np.random.Generator, settings: AugmentSettings, longest_side: int) -> np.ndarray:
    """Return `image` as a camera might have seen it, uint8 (H, W, 3), longest side about `longest_side` pixels."""
    image = shrink(image, longest_side)
    height, width = image.shape[:2]
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    if generator.random() < settings.mirror_probability:
        corners = corners[[1, 0, 3, 2]]
    points = corners - [width / 2, height / 2]
    if generator.random() < settings.perspective_probability:
        reach = 0.14 * settings.strength * min(height, width)
        points = points + generator.uniform(-reach, reach, (4, 2))
    if generator.random() < 0.2:
        points = points * generator.uniform(1 - 0.2 * settings.strength, 1, 2)  # stretched
    points = points @ _rotation(_angle(generator, settings)).T
    on_background = generator.random() < settings.background_probability
    margin = generator.uniform(1.0, 1.35) if on_background else generator.uniform(0.98, 1.1)
    if generator.random() < 0.15 * settings.strength:
        margin *= generator.uniform(0.75, 0.95)  # cropped: the page leaves the picture
    return _paint(image, points, margin, generator, on_background, settings.fill, longest_side)


def _angle(generator: np.random.Generator, settings: AugmentSettings) -> float:
    if generator.random() < settings.rotation_probability:
        return generator.uniform(*settings.rotation_range)
    low, high = settings.rotation_range
    quarters = [turn for turn in (-90, 0, 90, 180) if low <= turn <= high] or [0]
    return generator.choice(quarters) + generator.normal(0, 1.5)


def _rotation(degrees: float) -> np.ndarray:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def _paint(image: np.ndarray, points: np.ndarray, margin: float, generator: np.random.Generator, on_background: bool,
           fill: int, longest_side: int) -> np.ndarray:
    low, high = points.min(axis=0), points.max(axis=0)
    size = (high - low) * margin
    shift = generator.uniform(-0.5, 0.5, 2) * np.abs(size - (high - low))
    scale = longest_side / size.max()
    canvas_width, canvas_height = np.maximum(np.ceil(size * scale), 8).astype(int)
    placed = (points - (low + high) / 2 + size / 2 + shift) * scale
    height, width = image.shape[:2]
    source = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    homography = cv2.getPerspectiveTransform(source, placed.astype(np.float32))
    if not on_background:
        return cv2.warpPerspective(image, homography, (canvas_width, canvas_height), flags=cv2.INTER_LINEAR,
                                   borderMode=cv2.BORDER_CONSTANT, borderValue=(fill, fill, fill))
    surface = background(generator, canvas_height, canvas_width)
    cv2.warpPerspective(image, homography, (canvas_width, canvas_height), dst=surface, flags=cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_TRANSPARENT)
    return surface
