"""Light that falls on the page unevenly: shadows, lamps, screens."""

from functools import partial

import cv2
import numpy as np

from competition.augmentation.augraphy import effect
from competition.augmentation.augraphy.recipe import Recipe
from competition.augmentation.effects import EFFECTS
from competition.augmentation.textures import blend, dim

_add = partial(effect.add, __name__, "light")

_add(
    "lighting_gradient",
    Recipe("lightinggradient.LightingGradient", "linear", fits_page=True),
    probability=0.075,
    range=(0.3, 0.8),
)
_add("shadow_cast", Recipe("shadowcast.ShadowCast", "multiply", fits_page=True), probability=0.075, range=(0.4, 1.0))
_add(
    "reflected_light",
    Recipe(
        "reflectedlight.ReflectedLight",
        "shift",
        {
            "reflected_light_external_radius_range": (0.2, 0.8),
            "reflected_light_internal_max_brightness_range": (0.4, 0.6),
            "reflected_light_external_max_brightness_range": (0.3, 0.5),
        },
        fits_page=True,
    ),
    probability=0.022,
    range=(0.3, 1.0),
)
_add(
    "low_light_noise",
    Recipe(
        "lowlightnoise.LowLightNoise",
        "bent",
        {"num_photons_range": (30, 60), "alpha_range": (0.6, 0.75), "beta_range": (0, 10), "gamma_range": (1, 1.5)},
    ),
    probability=0.022,
    range=(0.3, 0.8),
)
_add(
    "lcd_screen",
    Recipe("lcdscreenpattern.LCDScreenPattern", "darken", {"pattern_value_range": (140, 215)}),
    probability=0.015,
    range=(0.2, 0.5),
)


@EFFECTS.register(
    phase="light",
    unit="share of the light that is taken away",
    family="light",
    limits=(0.0, 0.9),
    probability=0.26,
    range=(0.2, 0.7),
)
def shadow(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` darkened along a gradient or on a soft-edged polygon; `amount`: share of the light taken away."""
    height, width = image.shape[:2]
    mask = _gradient(generator, height, width) if generator.random() < 0.5 else _polygon(generator, height, width)
    return dim(image, 1 - mask * np.float32(amount))


@EFFECTS.register(
    phase="light",
    unit="opacity of a bright spot or side",
    family="light",
    limits=(0.0, 0.9),
    probability=0.075,
    range=(0.2, 0.65),
)
def lamp(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` washed out along a gradient or in a round spot; `amount`: the white's largest opacity, 0 to 1."""
    height, width = image.shape[:2]
    mask = _gradient(generator, height, width) if generator.random() < 0.5 else _spot(generator, height, width)
    return blend(image, (255, 255, 255), mask * np.float32(amount))


def _gradient(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    angle, steepness = generator.uniform(0, 2 * np.pi), generator.uniform(0.7, 2)
    rows, columns = (
        np.linspace(-0.5, 0.5, side, dtype=np.float32) if side > 1 else np.zeros(1, np.float32)
        for side in (height, width)
    )
    slope = (rows * np.float32(np.sin(angle) * steepness))[:, None] + (columns * np.float32(np.cos(angle) * steepness))[
        None
    ]
    return np.clip(slope + np.float32(0.5), 0, 1)


def _polygon(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), np.float32)
    corners = generator.uniform(-0.2, 1.2, (int(generator.integers(3, 6)), 2)) * [width, height]
    cv2.fillPoly(mask, [cv2.convexHull(corners.astype(np.int32))], 1.0)
    return cv2.blur(mask, (int(generator.integers(3, 41)),) * 2)


def _spot(generator: np.random.Generator, height: int, width: int) -> np.ndarray:
    longest = max(height, width)
    (x, y), radius = generator.uniform(0, 1, 2) * [width, height], generator.uniform(0.2, 0.6) * longest
    rows, columns = (
        np.exp(-(((np.arange(side, dtype=np.float32) + 0.5 - centre) / radius) ** 2))
        for side, centre in ((height, y), (width, x))
    )
    return np.outer(rows, columns).astype(np.float32)
