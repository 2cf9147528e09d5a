"""Colour: what a camera makes of brightness, contrast and colours.

By Albumentations' functions where they are as fast and work at every size.
"""

import cv2
import numpy as np

from competition.augmentation.albumentations_functions import pixel_functions
from competition.augmentation.effects import EFFECTS


@EFFECTS.register(
    phase="sensor",
    unit="largest change, share of white",
    family="colour",
    limits=(0.0, 0.6),
    probability=0.09,
    range=(0.05, 0.3),
)
def brightness(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` lighter or darker by up to `amount` of white."""
    return pixel_functions().multiply_add(image, 1.0, 255 * generator.uniform(-amount, amount))


@EFFECTS.register(
    phase="sensor",
    unit="largest relative change",
    family="colour",
    limits=(0.0, 0.8),
    probability=0.09,
    range=(0.05, 0.35),
)
def contrast(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with its distances from the mean level times 1 - `amount` to 1 + `amount`."""
    return _fresh(image, pixel_functions().adjust_contrast_torchvision(image, 1 + generator.uniform(-amount, amount)))


@EFFECTS.register(
    phase="sensor",
    unit="largest exponent, or its inverse",
    family="colour",
    limits=(1.0, 3.0),
    neutral=1.0,
    probability=0.075,
    range=(1.1, 2.0),
)
def gamma(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with an exponent between 1 / `amount` and `amount` on its light, darker and lighter as likely."""
    exponent = amount ** generator.uniform(-1, 1)
    table = np.round((np.arange(256) / 255) ** exponent * 255).astype(np.uint8)  # Albumentations' rounds down
    return cv2.LUT(image, table)


@EFFECTS.register(
    phase="sensor",
    unit="largest change of a channel, levels",
    family="colour",
    limits=(0.0, 120.0),
    probability=0.09,
    range=(10.0, 50.0),
)
def colour_shift(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with each channel lighter or darker by up to `amount` levels."""
    return cv2.add(image, (*generator.uniform(-amount, amount, 3), 0.0))


@EFFECTS.register(
    phase="sensor",
    unit="largest relative change of saturation; a tenth of it of hue",
    family="colour",
    limits=(0.0, 1.0),
    probability=0.09,
    range=(0.2, 0.8),
)
def colour_jitter(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with saturation changed by up to `amount`, and hue by up to a tenth of that of the circle."""
    saturation, hue = generator.uniform(-amount, amount, 2)
    functions = pixel_functions()
    jittered = functions.adjust_hue_torchvision(
        functions.adjust_saturation_torchvision(image, 1 + saturation), hue / 10
    )
    return _fresh(image, jittered)


@EFFECTS.register(phase="sensor", unit=None, family="colour", probability=0.075)
def to_grey(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` without colour: its luma in all three channels."""
    return cv2.cvtColor(pixel_functions().to_gray_weighted_average(image), cv2.COLOR_GRAY2RGB)


@EFFECTS.register(
    phase="sensor", unit=None, family=None, probability=0.01, unfitted="one image in a hundred is too few to be fitted"
)
def invert(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return the negative of `image`."""
    return pixel_functions().invert(image)


def _fresh(image: np.ndarray, result: np.ndarray) -> np.ndarray:
    return result.copy() if result is image else result
