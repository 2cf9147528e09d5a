"""The names of everything that can be done to a page, in the order in which it happens, and the shipped policies.

A policy is a mapping from such names to a probability and a range; of each transform that is drawn for a copy, an
amount is drawn uniformly from its range. Plain data: nothing here imports an image library.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

PHASES = ("ink", "paper", "camera", "light", "cover", "sensor")  # in this order; shuffled within, but for the camera
POLICIES = ("light", "document", "heavy")


@dataclass(frozen=True)
class Entry:
    """What a transform's amount means: in words with its unit, the value that changes nothing, and its bounds."""

    phase: str
    amount: str
    neutral: float = 0.0
    limits: tuple[float, float] = (0.0, 1.0)


_OPACITY = "opacity of the Augraphy effect, 0 to 1"
_SWITCH = "none: it is done or not"

CATALOGUE: dict[str, Entry] = {
    # ink: what is printed
    "ink_bleed": Entry("ink", _OPACITY),
    "ink_mottling": Entry("ink", _OPACITY),
    "ink_color_swap": Entry("ink", _OPACITY),
    "ink_shifter": Entry("ink", _OPACITY),
    "low_ink_lines": Entry("ink", _OPACITY),
    "letterpress": Entry("ink", _OPACITY),
    "dithering": Entry("ink", _OPACITY),
    "double_exposure": Entry("ink", _OPACITY),
    "fade": Entry("ink", "paleness of the ink, 0 to 1; at most 0.85 is used"),
    # paper: what happened to the sheet
    "pattern": Entry("paper", _OPACITY),
    "moire": Entry("paper", _OPACITY),
    "voronoi": Entry("paper", _OPACITY),
    "delaunay": Entry("paper", _OPACITY),
    "brightness_texturize": Entry("paper", _OPACITY),
    "noise_texturize": Entry("paper", _OPACITY),
    "subtle_noise": Entry("paper", _OPACITY),
    "color_paper": Entry("paper", _OPACITY),
    "stains": Entry("paper", _OPACITY),
    "dirty_drum": Entry("paper", _OPACITY),
    "dirty_rollers": Entry("paper", _OPACITY),
    "dirty_screen": Entry("paper", _OPACITY),
    "noisy_lines": Entry("paper", _OPACITY),
    "watermark": Entry("paper", _OPACITY),
    "folding": Entry("paper", _OPACITY),
    "spill": Entry("paper", "opacity of a liquid's rings, 0 to 1.3", limits=(0.0, 1.3)),
    "highlight": Entry("paper", "opacity of marker strokes, 0 to 1"),
    "crease": Entry("paper", "depth of a fold's shade, share of full light", limits=(0.0, 0.7)),
    "speckle": Entry("paper", "share of the page under dust", limits=(0.0, 0.3)),
    # camera: how the sheet is seen; all but the distortions are one homography
    "mirror": Entry("camera", _SWITCH),
    "transpose": Entry("camera", _SWITCH),
    "quarter_turn": Entry("camera", "none: 0, 1, 2 or 3 quarter turns"),
    "rotate": Entry("camera", "degrees, counter-clockwise", limits=(-180.0, 180.0)),
    "tilt": Entry("camera", "degrees, on top of any other turn", limits=(-15.0, 15.0)),
    "perspective": Entry("camera", "a corner's largest move, share of the shorter side", limits=(0.0, 0.35)),
    "stretch": Entry("camera", "share by which one side shrinks", limits=(0.0, 0.5)),
    "shift_scale": Entry(
        "camera", "share of the picture's side that the page leaves free; it lies anywhere in it", limits=(0.0, 0.6)
    ),
    "crop": Entry("camera", "share of the page's side that leaves the picture", limits=(0.0, 0.5)),
    "optical_distortion": Entry("camera", "lens coefficient, barrel or cushion", limits=(0.0, 0.6)),
    "grid_distortion": Entry("camera", "largest relative change of a grid cell's part of the page", limits=(0.0, 0.6)),
    "background": Entry("camera", "none: the page lies on a painted surface, not on the fill"),
    "grey_fill": Entry("camera", "grey level of the fill in place of augment.fill", neutral=255.0, limits=(0.0, 255.0)),
    # light
    "lighting_gradient": Entry("light", _OPACITY),
    "shadow_cast": Entry("light", _OPACITY),
    "reflected_light": Entry("light", _OPACITY),
    "low_light_noise": Entry("light", _OPACITY),
    "lcd_screen": Entry("light", _OPACITY),
    "shadow": Entry("light", "share of the light that is taken away", limits=(0.0, 0.9)),
    "lamp": Entry("light", "opacity of a bright spot or side", limits=(0.0, 0.9)),
    # cover: what lies on top
    "cover": Entry(
        "cover", "half the side of a box, or a finger's width, share of the longer side", limits=(0.0, 0.25)
    ),
    "torn_corner": Entry("cover", "reach of the missing corner, share of the longer side", limits=(0.0, 0.5)),
    # sensor: lens, chip and file
    "gauss_noise": Entry("sensor", "standard deviation, share of white", limits=(0.0, 0.5)),
    "iso_noise": Entry("sensor", "intensity of a chip's coloured noise", limits=(0.0, 1.5)),
    "salt_and_pepper": Entry("sensor", "share of the pixels", limits=(0.0, 0.3)),
    "multiplicative_noise": Entry("sensor", "largest relative change of a pixel", limits=(0.0, 0.6)),
    "gaussian_blur": Entry("sensor", "sigma, pixels at 1.4 times augment.size", limits=(0.0, 4.0)),
    "motion_blur": Entry("sensor", "length, pixels at 1.4 times augment.size", limits=(0.0, 15.0)),
    "downscale": Entry("sensor", "scale to which it is shrunk and enlarged again", neutral=1.0, limits=(0.2, 1.0)),
    "jpeg": Entry("sensor", "JPEG quality", neutral=100.0, limits=(5.0, 100.0)),
    "brightness": Entry("sensor", "largest change, share of white", limits=(0.0, 0.6)),
    "contrast": Entry("sensor", "largest relative change", limits=(0.0, 0.8)),
    "gamma": Entry("sensor", "largest exponent, or its inverse", neutral=1.0, limits=(1.0, 3.0)),
    "colour_shift": Entry("sensor", "largest change of a channel, levels", limits=(0.0, 120.0)),
    "colour_jitter": Entry("sensor", "largest relative change of saturation; a tenth of it of hue", limits=(0.0, 1.0)),
    "to_grey": Entry("sensor", _SWITCH),
    "invert": Entry("sensor", _SWITCH),
}


@cache
def shipped_policy(name: str) -> dict[str, dict]:
    """Return the shipped policy `name` (see POLICIES): transform -> {"probability": ..., "range": [low, high]}."""
    return yaml.safe_load((Path(__file__).parent / "policies" / f"{name}.yaml").read_text(encoding="utf-8"))
