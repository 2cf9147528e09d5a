"""Which of Augraphy's effects are used, with which parameters, and how a page takes each of them. Plain data.

Left out: what changes the page's shape, pastes in other images, needs fonts or the internet, takes tens of seconds, or
hides the text. PatternGenerator, BrightnessTexturize and InkBleed have Augraphy's default parameters; the others are
set so that at opacity 1 they are seen, and a page 300 pixels high still shows where and what its text and figures are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

_NONE: Mapping = MappingProxyType({})
Take = Literal["page", "linear", "multiply", "darken", "shift", "tint", "bent", "press", "displace", "bleed"]


@dataclass(frozen=True)
class Effect:
    """An Augraphy class, its parameters, and how the bank puts it on a page (see layers.py)."""

    path: str  # module.Class
    take: Take  # "page" for what depends on the page, and so can't be banked
    parameters: Mapping[str, Any]
    choices: Mapping[str, tuple]  # parameters of which one value is drawn
    fits_page: bool  # it is smooth and its size follows the page's: a layer is scaled with it, else only cut
    per_page: tuple[str, ...]  # parameters that count things per page, whatever its size


def _effect(
    path: str,
    take: Take,
    *,
    fits_page: bool = False,
    per_page: tuple[str, ...] = (),
    choices: Mapping[str, tuple] = _NONE,
    **parameters: Any,
) -> Effect:
    return Effect(path, take, MappingProxyType(parameters), choices, fits_page, per_page)


# red, blue, green, purple, as blue-green-red; added to the ink
_INKS = ((20, 20, 130), (120, 50, 10), (30, 80, 20), (100, 20, 90))
_PALE = ((170, 170, 170), (205, 205, 205), (150, 150, 255), (255, 190, 150), (170, 220, 170))
# yellow, sand, rose, blue, green, lilac in OpenCV's half degrees
_HUES = ((28, 45), (15, 25), (0, 10), (95, 115), (50, 75), (140, 165))


EFFECTS: dict[str, Effect] = {
    # ink
    "ink_bleed": _effect("inkbleed.InkBleed", "bleed"),
    "ink_mottling": _effect("inkmottling.InkMottling", "page", ink_mottling_alpha_range=(0.3, 0.6)),
    "ink_color_swap": _effect(
        "inkcolorswap.InkColorSwap",
        "page",
        ink_swap_min_area_range=(2, 6),
        ink_swap_min_width_range=(1, 2),
        ink_swap_min_height_range=(1, 2),
        choices={"ink_swap_color": _INKS},
    ),
    "ink_shifter": _effect("inkshifter.InkShifter", "displace", text_shift_factor_range=(1, 3)),
    "low_ink_lines": _effect(
        "lowinkperiodiclines.LowInkPeriodicLines", "page", count_range=(1, 2), period_range=(4, 10)
    ),
    "letterpress": _effect(
        "letterpress.Letterpress",
        "press",
        n_samples=(20, 60),
        n_clusters=(60, 120),
        std_range=(800, 3000),
        value_range=(120, 200),
        per_page=("n_clusters",),
    ),
    "dithering": _effect("dithering.Dithering", "page", dither="floyd"),
    "double_exposure": _effect(
        "doubleexposure.DoubleExposure", "page", gaussian_kernel_range=(3, 5), offset_range=(2, 5)
    ),
    # paper
    "pattern": _effect("quasicrystal.PatternGenerator", "linear"),
    "moire": _effect("moire.Moire", "linear"),
    "voronoi": _effect("voronoi.VoronoiTessellation", "linear"),
    "delaunay": _effect(
        "delaunay.DelaunayTessellation", "linear", noise_type="none"
    ),  # its Perlin noise takes 10 s and is drawn over
    "brightness_texturize": _effect("brightnesstexturize.BrightnessTexturize", "linear"),
    "noise_texturize": _effect("noisetexturize.NoiseTexturize", "shift", sigma_range=(5, 12)),
    "subtle_noise": _effect("subtlenoise.SubtleNoise", "shift", subtle_range=25),
    "color_paper": _effect("colorpaper.ColorPaper", "tint", saturation_range=(20, 60), choices={"hue_range": _HUES}),
    "stains": _effect("stains.Stains", "darken"),
    "dirty_drum": _effect("dirtydrum.DirtyDrum", "darken", line_concentration=0.2),
    "dirty_rollers": _effect("dirtyrollers.DirtyRollers", "multiply"),
    "dirty_screen": _effect(
        "dirtyscreen.DirtyScreen", "linear", n_clusters=(50, 100), value_range=(60, 220), per_page=("n_clusters",)
    ),
    "noisy_lines": _effect("noisylines.NoisyLines", "linear", noisy_lines_number_range=(3, 10)),
    "watermark": _effect(
        "watermark.WaterMark", "darken", fits_page=True, watermark_method="overlay", choices={"watermark_color": _PALE}
    ),
    "folding": _effect("folding.Folding", "page", gradient_height=(0.02, 0.03), fold_noise=0.0),
    # light
    "lighting_gradient": _effect("lightinggradient.LightingGradient", "linear", fits_page=True),
    "shadow_cast": _effect("shadowcast.ShadowCast", "multiply", fits_page=True),
    "reflected_light": _effect(
        "reflectedlight.ReflectedLight",
        "shift",
        fits_page=True,
        reflected_light_external_radius_range=(0.2, 0.8),
        reflected_light_internal_max_brightness_range=(0.4, 0.6),
        reflected_light_external_max_brightness_range=(0.3, 0.5),
    ),
    "low_light_noise": _effect(
        "lowlightnoise.LowLightNoise",
        "bent",
        num_photons_range=(30, 60),
        alpha_range=(0.6, 0.75),
        beta_range=(0, 10),
        gamma_range=(1, 1.5),
    ),
    "lcd_screen": _effect("lcdscreenpattern.LCDScreenPattern", "darken", pattern_value_range=(140, 215)),
}
