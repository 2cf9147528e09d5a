"""Noise of a camera's chip, drawn and added here in about a quarter of the time of Albumentations' transforms."""

import cv2
import numpy as np

from competition.augmentation.effects import EFFECTS
from competition.augmentation.textures import normal_noise, painted


@EFFECTS.register(
    phase="sensor",
    unit="standard deviation, share of white",
    family="noise",
    limits=(0.0, 0.5),
    probability=0.11,
    range=(0.03, 0.18),
)
def gauss_noise(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` plus independent normal noise of standard deviation `amount` (share of white) in each channel."""
    return _plus(image, normal_noise(generator, *image.shape) * np.float32(255 * amount))


@EFFECTS.register(
    phase="sensor",
    unit="intensity of a chip's coloured noise",
    family="noise",
    limits=(0.0, 1.5),
    probability=0.09,
    range=(0.2, 0.9),
)
def iso_noise(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with a chip's noise at high sensitivity: fine grain in the light, coarse blotches in the colours.

    Standard deviations 0.08 and 0.05 of white times `amount`. Not Albumentations' ISONoise, whose hue moves by less
    than a degree.
    """
    height, width = image.shape[:2]
    deviation = np.float32(0.08 * 255 * amount)
    grain = normal_noise(generator, height, width) * deviation
    blotches = normal_noise(generator, height // 2 + 1, width // 2 + 1, 3) * deviation
    noise = cv2.resize(blotches, (width, height), interpolation=cv2.INTER_LINEAR)  # smooths 0.08 down to 0.05
    return _plus(image, cv2.add(noise, cv2.merge([grain, grain, grain])))


@EFFECTS.register(
    phase="sensor", unit="share of the pixels", family="noise", limits=(0.0, 0.3), probability=0.075, range=(0.01, 0.08)
)
def salt_and_pepper(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with about `amount` of its pixels white or black, each as likely."""
    field = generator.random(image.shape[:2], dtype=np.float32)
    return painted(painted(image, 0, field < amount / 2), 255, field > 1 - amount / 2)


@EFFECTS.register(
    phase="sensor",
    unit="largest relative change of a pixel",
    family="noise",
    limits=(0.0, 0.6),
    probability=0.06,
    range=(0.05, 0.3),
)
def multiplicative_noise(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with each level times a factor of its own, uniform in 1 - `amount` to 1 + `amount`."""
    factor = generator.random(image.shape, dtype=np.float32)
    factor *= np.float32(2 * amount)
    factor += np.float32(1 - amount)
    return cv2.multiply(image, factor, dtype=cv2.CV_8U)


def _plus(image: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return cv2.add(image, noise, dtype=cv2.CV_8U)
