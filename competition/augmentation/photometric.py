"""Lens, chip and file: what a camera or a scanner does to the light that it gets.

Each is `effect(image, generator, amount) -> image`: uint8 (H, W, 3) RGB in and out, a new array, a pure function of its
arguments; the unit of `amount` is in competition/settings/catalogue.py. Albumentations' functions where they are as
fast and work at every size; noise is drawn and added here, in about a quarter of their time.
"""

import cv2
import numpy as np

from competition.augmentation.albumentations_functions import pixel_functions
from competition.augmentation.effects import Effect
from competition.augmentation.textures import normal_noise, painted
from competition.data.images import decode_jpeg, encode_jpeg, resize


def gauss_noise(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` plus independent normal noise of standard deviation `amount` (share of white) in each channel."""
    return _plus(image, normal_noise(generator, *image.shape) * np.float32(255 * amount))


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


def salt_and_pepper(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with about `amount` of its pixels white or black, each as likely."""
    field = generator.random(image.shape[:2], dtype=np.float32)
    return painted(painted(image, 0, field < amount / 2), 255, field > 1 - amount / 2)


def multiplicative_noise(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with each level times a factor of its own, uniform in 1 - `amount` to 1 + `amount`."""
    factor = generator.random(image.shape, dtype=np.float32)
    factor *= np.float32(2 * amount)
    factor += np.float32(1 - amount)
    return cv2.multiply(image, factor, dtype=cv2.CV_8U)


def gaussian_blur(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` out of focus: a Gaussian of sigma `amount` pixels."""
    return cv2.GaussianBlur(image, (0, 0), amount) if amount > 0.1 else image.copy()


def motion_blur(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` moved by `amount` pixels in any direction while it was taken.

    Albumentations knows whole odd lengths only; here each point of the path is shared by the four pixels around it.
    """
    angle, half = generator.uniform(0, np.pi), max(0.0, (amount - 1) / 2)
    side = np.arange(-np.ceil(half), np.ceil(half) + 1)
    path = np.linspace(-half, half, 4 * len(side))[:, None]
    columns, rows = (np.maximum(0, 1 - np.abs(side - path * move)) for move in (np.cos(angle), np.sin(angle)))
    return cv2.filter2D(image, -1, rows.T @ columns / len(path))


def downscale(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` shrunk to `amount` of its sides (at least a pixel) by averaging, and enlarged again."""
    height, width = image.shape[:2]
    small = resize(image, max(1, round(height * amount)), max(1, round(width * amount)))
    return resize(small, height, width) if small is not image else image.copy()


def jpeg(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` after JPEG of quality `amount`; Albumentations' takes red for blue."""
    return decode_jpeg(np.frombuffer(encode_jpeg(image, round(amount)), np.uint8))


def brightness(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` lighter or darker by up to `amount` of white."""
    return pixel_functions().multiply_add(image, 1.0, 255 * generator.uniform(-amount, amount))


def contrast(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with its distances from the mean level times 1 - `amount` to 1 + `amount`."""
    return _fresh(image, pixel_functions().adjust_contrast_torchvision(image, 1 + generator.uniform(-amount, amount)))


def gamma(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with an exponent between 1 / `amount` and `amount` on its light, darker and lighter as likely."""
    exponent = amount ** generator.uniform(-1, 1)
    table = np.round((np.arange(256) / 255) ** exponent * 255).astype(np.uint8)  # Albumentations' rounds down
    return cv2.LUT(image, table)


def colour_shift(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with each channel lighter or darker by up to `amount` levels."""
    return cv2.add(image, (*generator.uniform(-amount, amount, 3), 0.0))


def colour_jitter(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with its saturation changed by up to `amount`, and its hue by up to a tenth of that of the
    circle.
    """
    saturation, hue = generator.uniform(-amount, amount, 2)
    functions = pixel_functions()
    jittered = functions.adjust_hue_torchvision(
        functions.adjust_saturation_torchvision(image, 1 + saturation), hue / 10
    )
    return _fresh(image, jittered)


def to_grey(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` without colour: its luma in all three channels."""
    return cv2.cvtColor(pixel_functions().to_gray_weighted_average(image), cv2.COLOR_GRAY2RGB)


def invert(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return the negative of `image`."""
    return pixel_functions().invert(image)


def _plus(image: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return cv2.add(image, noise, dtype=cv2.CV_8U)


def _fresh(image: np.ndarray, result: np.ndarray) -> np.ndarray:
    return result.copy() if result is image else result


EFFECTS: dict[str, Effect] = {
    effect.__name__: effect
    for effect in (
        gauss_noise,
        iso_noise,
        salt_and_pepper,
        multiplicative_noise,
        gaussian_blur,
        motion_blur,
        downscale,
        jpeg,
        brightness,
        contrast,
        gamma,
        colour_shift,
        colour_jitter,
        to_grey,
        invert,
    )
}
