"""Camera: the page mirrored, seen at an angle, turned, bent by a lens, lying on something.

Its effects are done together, by `photograph`. All but the bending is one homography, so that the page is sampled once;
the page is shrunk to about its final scale first, by averaging, since a homography samples single points and would
leave thin strokes to chance.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from competition.augmentation.bending import bent
from competition.augmentation.effect_registry import Effect
from competition.augmentation.effects import EFFECTS
from competition.augmentation.textures import background
from competition.data.images import resize, shrink

LEAST_SIDE = 8  # pixels of a photograph, however narrow the page
HALF = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from a pixel's centre, we from the page's corner
_ORIENTATION = "flips and quarter turns reach all eight orientations, and say nothing of damage"


def _add(name: str, unit: str | None, family: str | None, **facts: object) -> None:
    EFFECTS.add(Effect(name, __name__, "camera", unit, family, **facts))


_add("mirror", None, None, unfitted=_ORIENTATION, probability=0.5)
_add("transpose", None, None, unfitted=_ORIENTATION, probability=0.25)
_add("quarter_turn", None, None, unfitted=_ORIENTATION, probability=1.0)  # 0, 1, 2 or 3 of them
_add("rotate", "degrees, counter-clockwise", "turn", limits=(-180.0, 180.0), probability=0.6, range=(-180.0, 180.0))
_add(
    "tilt",
    "degrees, on top of any other turn",
    None,
    unfitted="small beside rotate, which is fitted",
    limits=(-15.0, 15.0),
    probability=0.5,
    range=(-3.0, 3.0),
)
_add(
    "perspective",
    "a corner's largest move, share of the shorter side",
    "camera",
    limits=(0.0, 0.35),
    probability=0.35,
    range=(0.02, 0.14),
)
_add("stretch", "share by which one side shrinks", "camera", limits=(0.0, 0.5), probability=0.2, range=(0.02, 0.2))
_add(
    "shift_scale",
    "share of the picture's side that the page leaves free; it lies anywhere in it",
    "camera",
    limits=(0.0, 0.6),
    probability=0.5,
    range=(0.0, 0.25),
)
_add(
    "crop",
    "share of the page's side that leaves the picture",
    "camera",
    limits=(0.0, 0.5),
    probability=0.12,
    range=(0.05, 0.22),
)
_add(
    "optical_distortion",
    "lens coefficient, barrel or cushion",
    "camera",
    limits=(0.0, 0.6),
    probability=0.06,
    range=(0.05, 0.3),
)
_add(
    "grid_distortion",
    "largest relative change of a grid cell's part of the page",
    "camera",
    limits=(0.0, 0.6),
    probability=0.06,
    range=(0.05, 0.3),
)
_add("background", None, "background", probability=0.4)  # the page lies on a painted surface
_add(
    "grey_fill",
    "grey level of the fill in place of augment.fill",
    None,
    unfitted="what lies around the page is the family background",
    limits=(0.0, 255.0),
    neutral=255.0,
    probability=0.1,
    range=(0.0, 255.0),
)


def photograph(
    image: np.ndarray, generator: np.random.Generator, drawn: Mapping[str, float], fill: int, longest_side: int
) -> np.ndarray:
    """Return `image` as a camera might have seen it, uint8 (H, W, 3), longest side `longest_side` pixels, no side below
    8.

    `drawn` holds the camera effects that are done, with their amounts. Without any it is the page
    itself. Around the page is grey level `fill`, or `drawn["grey_fill"]`, or, with "background", a painted surface.
    """
    fill = round(drawn.get("grey_fill", fill))
    image = _fitted(image, longest_side)
    image = bent(image, generator, drawn, 255 if "background" in drawn else fill)
    points = _corners(image, generator, drawn)
    low, size = _frame(points, generator, drawn)
    scale = longest_side / size.max()
    if scale < 0.75:
        image = shrink(image, round(max(image.shape[:2]) * scale))
    inner = np.maximum(1, np.round(size * scale))
    canvas = np.maximum(LEAST_SIDE, inner).astype(int)
    placed = (points - low) * (inner / size) + (canvas - inner.astype(int)) // 2
    return _warped(image, placed, canvas, generator, "background" in drawn, fill)


def _fitted(image: np.ndarray, longest_side: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = longest_side / max(height, width)
    return resize(image, max(1, round(height * scale)), max(1, round(width * scale)))


def _corners(image: np.ndarray, generator: np.random.Generator, drawn: Mapping[str, float]) -> np.ndarray:
    """Return where the page's corners (from the upper left, clockwise) go, (4, 2) x and y, relative to the page's
    centre.
    """
    height, width = image.shape[:2]
    points = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    if "mirror" in drawn:
        points = points * [-1, 1]
    if "transpose" in drawn:
        points = points[:, ::-1]
    quarters = int(generator.integers(4)) if "quarter_turn" in drawn else 0
    if "perspective" in drawn:
        points = _seen_at_an_angle(points, generator.uniform(-1, 1, (4, 2)) * drawn["perspective"] * min(height, width))
    if "stretch" in drawn:
        points = points * generator.permutation([1, 1 - drawn["stretch"]])
    return points @ _rotation(90 * quarters + drawn.get("rotate", 0) + drawn.get("tilt", 0))


def _seen_at_an_angle(points: np.ndarray, moves: np.ndarray) -> np.ndarray:
    while not cv2.isContourConvex(
        (points + moves).astype(np.float32)
    ):  # from a quarter of the side on, a page could fold over
        moves = moves * 0.8
    return points + moves


def _rotation(degrees: float) -> np.ndarray:
    """Return the matrix that turns row vectors counter-clockwise, y pointing down."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def _frame(
    points: np.ndarray, generator: np.random.Generator, drawn: Mapping[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture's upper left corner and its size, (2,) each, x and y."""
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    lost = drawn.get("crop", 0) * extent
    size = (extent - lost) / (1 - drawn.get("shift_scale", 0))
    free = size - (extent - lost)
    place = generator.random(2)
    if "crop" in drawn and "shift_scale" in drawn:
        place = np.round(place)  # the page leaves the picture on one side, and leaves it free on the other
    return low + place * lost - (1 - place) * free, size


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
