"""Camera: the page in its pose, bent, framed, and lying on something.

Effects of phase camera are done together, by `photograph`. All but the bending is one homography, so that the page is
sampled once; the page is shrunk to about its final scale first, by averaging, since a homography samples single points
and would leave thin strokes to chance.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np

from competition.augmentation.effects import EFFECTS
from competition.augmentation.effects.bending import bent
from competition.augmentation.effects.framing import frame
from competition.augmentation.effects.pose import corners
from competition.augmentation.textures import background
from competition.data.letterbox import resize, shrink

LEAST_SIDE = 8  # pixels of a photograph, however narrow the page
HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from a pixel's centre, we from the page's corner

# the page lies on a painted surface
_add = partial(EFFECTS.add, module=__name__, phase="camera")

_add("background", unit=None, family="background", probability=0.4)
_add(
    "grey_fill",
    unit="grey level of the fill in place of augment.fill",
    family=None,
    unfitted="what lies around the page is the family background",
    limits=(0.0, 255.0),
    neutral=255.0,
    probability=0.1,
    range=(0.0, 255.0),
)


class Photograph(NamedTuple):
    """A picture, uint8 (H, W, 3), and where the page's corners lie in it, (4, 2) x and y in pixels.

    Corners: the page's own upper left, upper right, lower right, lower left, perhaps outside of the picture.
    """

    image: np.ndarray
    corners: np.ndarray


def photograph(
    image: np.ndarray, generator: np.random.Generator, drawn: Mapping[str, float], fill: int, longest_side: int
) -> Photograph:
    """Return `image` as photographed, longest side `longest_side` pixels, no side below 8.

    `drawn` holds the camera effects that are done, with their amounts. Without any it is the page itself. Around the
    page is grey level `fill`, or `drawn["grey_fill"]`, or, with "background", a painted surface.
    """
    fill = round(drawn.get("grey_fill", fill))
    image = _fitted(image, longest_side)
    image = bent(image, generator, drawn, 255 if "background" in drawn else fill)
    points = corners(image, generator, drawn)
    low, size = frame(points, generator, drawn)
    scale = longest_side / size.max()
    if scale < 0.75:
        image = shrink(image, round(max(image.shape[:2]) * scale))
    inner = np.maximum(1, np.round(size * scale))
    canvas = np.maximum(LEAST_SIDE, inner).astype(int)
    placed = (points - low) * (inner / size) + (canvas - inner.astype(int)) // 2
    return Photograph(_warped(image, placed, canvas, generator, "background" in drawn, fill), placed)


def _fitted(image: np.ndarray, longest_side: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = longest_side / max(height, width)
    return resize(image, max(1, round(height * scale)), max(1, round(width * scale)))


def _warped(
    image: np.ndarray,
    placed: np.ndarray,
    canvas: np.ndarray,
    generator: np.random.Generator,
    on_background: bool,
    fill: int,
) -> np.ndarray:
    height, width = image.shape[:2]
    source = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    homography = np.linalg.inv(HALF) @ cv2.getPerspectiveTransform(source, placed.astype(np.float32)) @ HALF
    canvas_width, canvas_height = canvas.tolist()
    if not on_background:
        return cv2.warpPerspective(
            image,
            homography,
            (canvas_width, canvas_height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(fill, fill, fill),
        )
    surface = background(generator, canvas_height, canvas_width)
    cv2.warpPerspective(
        image,
        homography,
        (canvas_width, canvas_height),
        dst=surface,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    return surface
