"""Small drawings whose class can be seen: a shape of one colour for each class, on a noisy ground."""

import cv2
import numpy as np

COLOURS = (
    (230, 60, 50), (40, 90, 220), (240, 210, 60), (40, 160, 70), (150, 60, 170), (250, 250, 250), (20, 20, 20),
    (240, 130, 40), (60, 200, 220), (120, 80, 40),
)  # fmt: skip
SHAPES = ("disc", "square", "triangle", "bars")


def thing(kind: int, generator: np.random.Generator) -> np.ndarray:
    """Return a drawing of class `kind`, uint8 RGB (H, W, 3), 48 to 64 pixels a side."""
    height, width = generator.integers(48, 65, 2)
    image = ground(height, width, generator)
    radius = min(height, width) * generator.uniform(0.28, 0.36)
    centre = np.array([width, height]) / 2 + generator.uniform(-4, 4, 2)
    stamp(image, kind, centre, radius)
    return noisy(image, generator)


def things(kinds: list[int], generator: np.random.Generator) -> np.ndarray:
    """Return a drawing of several classes, each in its place of a grid of 2 x 3: uint8 RGB (H, W, 3)."""
    image = ground(56, 60, generator)
    for kind in kinds:
        row, column = divmod(kind % 6, 3)
        stamp(image, kind, np.array([10 + 20 * column, 14 + 28 * row]) + generator.uniform(-1, 1, 2), 9)
    return noisy(image, generator)


def grade(value: int, generator: np.random.Generator) -> np.ndarray:
    """Return a disc with more and larger light spots the higher the grade, uint8 RGB (H, W, 3)."""
    side = int(generator.integers(48, 65))
    image = np.zeros((side, side, 3), np.float32)
    cv2.circle(image, (side // 2, side // 2), int(side * 0.46), (150, 70, 30), -1)
    for _ in range(5 * value):
        x, y = (side / 2 + generator.uniform(-0.28, 0.28, 2) * side).astype(int)
        cv2.circle(image, (int(x), int(y)), 3, (250, 240, 170), -1)
    return noisy(image, generator)


def mask(kind: int, generator: np.random.Generator) -> np.ndarray:
    """Return a black and white outline with as many lobes as its class says, uint8 RGB (H, W, 3)."""
    height, width = generator.integers(48, 65, 2)
    angles = np.linspace(0, 2 * np.pi, 120) + generator.uniform(0, 6)
    radius = min(height, width) * 0.4 * (1 - 0.09 * kind * (0.5 + 0.5 * np.cos((2 + kind) * angles)))
    points = np.stack([width / 2 + radius * np.cos(angles), height / 2 + radius * np.sin(angles)], axis=1)
    image = np.zeros((height, width, 3), np.uint8)
    cv2.fillPoly(image, [points.astype(np.int32)], (255, 255, 255))
    return image


def middle(kind: int, generator: np.random.Generator) -> np.ndarray:
    """Return 64 x 64 pixels whose middle alone shows the class; what lies around it is drawn anyhow."""
    image = ground(64, 64, generator)
    for corner in ((8, 8), (56, 8), (8, 56), (56, 56)):
        stamp(image, int(generator.integers(2)), np.array(corner, float), 6)
    stamp(image, kind, np.array([32.0, 32.0]), 13)
    return noisy(image, generator)


def ground(height: int, width: int, generator: np.random.Generator) -> np.ndarray:
    """Return a grey ground, float32 (H, W, 3)."""
    return np.full((height, width, 3), generator.uniform(110, 140), np.float32)


def stamp(image: np.ndarray, kind: int, centre: np.ndarray, radius: float) -> None:
    """Draw class `kind` into `image`: its shape in its colour."""
    colour = COLOURS[kind % len(COLOURS)]
    shape = SHAPES[kind % len(SHAPES)]
    x, y, r = int(centre[0]), int(centre[1]), int(radius)
    if shape == "disc":
        cv2.circle(image, (x, y), r, colour, -1)
    elif shape == "square":
        cv2.rectangle(image, (x - r, y - r), (x + r, y + r), colour, -1)
    elif shape == "triangle":
        cv2.fillPoly(image, [np.array([(x - r, y + r), (x + r, y + r), (x, y - r)], np.int32)], colour)
    else:
        for offset in range(-r, r, 6):
            cv2.rectangle(image, (x - r, y + offset), (x + r, y + offset + 2), colour, -1)


def noisy(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return `image` as uint8, with noise."""
    return np.clip(image + generator.normal(0, 8, image.shape), 0, 255).astype(np.uint8)
