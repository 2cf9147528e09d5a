"""Ink: what is printed, and how it fades, bleeds and misprints."""

from functools import partial

import numpy as np

from competition.augmentation.augraphy import effect, ink_bleed
from competition.augmentation.augraphy.recipe import Recipe
from competition.augmentation.effects import EFFECTS
from competition.augmentation.textures import blend, smooth_noise

PALEST = 0.85  # a page faded further could not be read
# red, blue, green, purple, as blue-green-red; added to the ink
_INKS = ((20, 20, 130), (120, 50, 10), (30, 80, 20), (100, 20, 90))

_add = partial(effect.add, __name__, "ink")

_add("ink_bleed", Recipe("inkbleed.InkBleed", "own", fast=ink_bleed.drawn), probability=0.075, range=(0.3, 1.0))
_add(
    "ink_mottling",
    Recipe("inkmottling.InkMottling", parameters={"ink_mottling_alpha_range": (0.3, 0.6)}),
    probability=0.045,
    range=(0.4, 1.0),
)
_add(
    "ink_color_swap",
    Recipe(
        "inkcolorswap.InkColorSwap",
        parameters={
            "ink_swap_min_area_range": (2, 6),
            "ink_swap_min_width_range": (1, 2),
            "ink_swap_min_height_range": (1, 2),
        },
        choices={"ink_swap_color": _INKS},
    ),
    probability=0.038,
    range=(0.5, 1.0),
)
_add(
    "ink_shifter",
    Recipe("inkshifter.InkShifter", "displace", {"text_shift_factor_range": (1, 3)}),
    probability=0.03,
    range=(0.5, 1.0),
)
_add(
    "low_ink_lines",
    Recipe("lowinkperiodiclines.LowInkPeriodicLines", "page", {"count_range": (1, 2), "period_range": (4, 10)}),
    probability=0.045,
    range=(0.5, 1.0),
)
_add(
    "letterpress",
    Recipe(
        "letterpress.Letterpress",
        "press",
        {"n_samples": (20, 60), "n_clusters": (60, 120), "std_range": (800, 3000), "value_range": (120, 200)},
        per_page=("n_clusters",),
    ),
    probability=0.038,
    range=(0.4, 1.0),
)
_add("dithering", Recipe("dithering.Dithering", "page", {"dither": "floyd"}), probability=0.03, range=(0.3, 1.0))
_add(
    "double_exposure",
    Recipe("doubleexposure.DoubleExposure", "page", {"gaussian_kernel_range": (3, 5), "offset_range": (2, 5)}),
    probability=0.03,
    range=(0.3, 0.8),
)


@EFFECTS.register(
    phase="ink",
    unit="paleness of the ink, 0 to 1; at most 0.85 is used",
    family="ink",
    probability=0.11,
    range=(0.2, 0.65),
)
def fade(image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` with pale ink, everywhere or in patches; `amount` is the paper's opacity over it, at most 0.85."""
    height, width = image.shape[:2]
    opacity = np.full((height, width), min(amount, PALEST), np.float32)
    if generator.random() < 0.5:
        opacity *= smooth_noise(generator, height, width, int(generator.integers(2, 12)))
    pixels = image.reshape(-1, 3)
    paper = np.percentile(pixels[:: max(1, len(pixels) // 4000)], 90, axis=0)
    return blend(image, paper, opacity)
