"""Paper: what it is made of, and what copiers leave on it, by Augraphy."""

from functools import partial

from competition.augmentation.augraphy import effect
from competition.augmentation.augraphy.recipe import Recipe

_PALE = ((170, 170, 170), (205, 205, 205), (150, 150, 255), (255, 190, 150), (170, 220, 170))
# yellow, sand, rose, blue, green, lilac in OpenCV's half degrees
_HUES = ((28, 45), (15, 25), (0, 10), (95, 115), (50, 75), (140, 165))

_add = partial(effect.add, __name__, "paper")

_add("pattern", Recipe("quasicrystal.PatternGenerator", "linear"), probability=0.038, range=(0.2, 0.6))
_add("moire", Recipe("moire.Moire", "linear"), probability=0.022, range=(0.2, 0.6))
_add("voronoi", Recipe("voronoi.VoronoiTessellation", "linear", loses_edge=True), probability=0.03, range=(0.3, 1.0))
# its Perlin noise takes 10 s and is drawn over
_add(
    "delaunay",
    Recipe("delaunay.DelaunayTessellation", "linear", {"noise_type": "none"}, loses_edge=True),
    probability=0.03,
    range=(0.3, 1.0),
)
_add(
    "brightness_texturize",
    Recipe("brightnesstexturize.BrightnessTexturize", "linear"),
    probability=0.075,
    range=(0.4, 1.0),
)
_add(
    "noise_texturize",
    Recipe("noisetexturize.NoiseTexturize", "shift", {"sigma_range": (5, 12)}),
    probability=0.06,
    range=(0.4, 1.0),
)
_add(
    "subtle_noise",
    Recipe("subtlenoise.SubtleNoise", "shift", {"subtle_range": 25}),
    probability=0.038,
    range=(0.5, 1.0),
)
_add(
    "color_paper",
    Recipe("colorpaper.ColorPaper", "tint", {"saturation_range": (20, 60)}, {"hue_range": _HUES}),
    probability=0.038,
    range=(0.3, 1.0),
)
_add("stains", Recipe("stains.Stains", "darken"), probability=0.045, range=(0.3, 1.0))
_add(
    "dirty_drum",
    Recipe("dirtydrum.DirtyDrum", "darken", {"line_concentration": 0.2}),
    probability=0.038,
    range=(0.3, 1.0),
)
_add("dirty_rollers", Recipe("dirtyrollers.DirtyRollers", "multiply"), probability=0.038, range=(0.3, 1.0))
_add(
    "dirty_screen",
    Recipe(
        "dirtyscreen.DirtyScreen",
        "linear",
        {"n_clusters": (50, 100), "value_range": (60, 220)},
        per_page=("n_clusters",),
    ),
    probability=0.03,
    range=(0.5, 1.0),
)
_add(
    "noisy_lines",
    Recipe("noisylines.NoisyLines", "linear", {"noisy_lines_number_range": (3, 10)}),
    probability=0.03,
    range=(0.4, 1.0),
)
_add(
    "watermark",
    Recipe(
        "watermark.WaterMark", "darken", {"watermark_method": "overlay"}, {"watermark_color": _PALE}, fits_page=True
    ),
    probability=0.03,
    range=(0.3, 0.8),
)
_add(
    "folding",
    Recipe("folding.Folding", "page", {"gradient_height": (0.02, 0.03), "fold_noise": 0.0}),
    probability=0.06,
    range=(0.5, 1.0),
)
