"""Layers: what of a document noise does not depend on the page, and how a page takes it.

A layer is made by Augraphy's own code: the effect is run, from one seed, on a black and on a white page (and a grey one
where it is bent), which tells for each pixel and channel what becomes of any grey level. How a page takes a layer is
the recipe's `take`; for each, the grey levels between the known ones follow from what the effect
does.
"""

from collections.abc import Callable

import cv2
import numpy as np

from competition.augmentation.augraphy.adapter import run
from competition.augmentation.augraphy.recipe import Recipe

MARGIN = 1.25  # a layer's side over a page's longest, which leaves room to cut anywhere
LIGHT = 230  # the light grey level at which a straight curve is known: white itself may be cut off at 255
MIDDLE = 128  # the grey level between black and white at which a bent curve is known
DISPLACEMENT = 16.0  # steps per pixel in which a displacement is kept, 128 being none

Apply = Callable[[np.ndarray, list[np.ndarray]], np.ndarray]


def make_planes(recipe: Recipe, seed: int, side: int) -> np.ndarray:
    """Return the layer of `recipe` that follows from `seed`: uint8 (planes, side, side, channels), channels 1 or 3."""
    planes = _MAKE[recipe.take](recipe, seed, side)
    stacked = np.stack([plane if plane.ndim == 3 else plane[..., None] for plane in planes])
    return stacked[..., :1] if (stacked == stacked[..., :1]).all() else stacked


def _on_grey(recipe: Recipe, seed: int, side: int, level: int, **attributes: object) -> np.ndarray:
    for counts in recipe.per_page:  # a page is only a piece of a layer, and should have as many
        attributes[counts] = tuple(round(MARGIN**2 * count) for count in recipe.parameters[counts])
    return run(recipe, np.full((side, side, 3), level, np.uint8), seed, **attributes)


def _make_linear(recipe: Recipe, seed: int, side: int) -> list[np.ndarray]:
    black, light = _on_grey(recipe, seed, side, 0), _on_grey(recipe, seed, side, LIGHT)
    return [cv2.subtract(light, black), black]


def _make_white(recipe: Recipe, seed: int, side: int) -> list[np.ndarray]:
    return [_on_grey(recipe, seed, side, 255)]


def _make_shift(recipe: Recipe, seed: int, side: int) -> list[np.ndarray]:
    return [_on_grey(recipe, seed, side, 0), 255 - _on_grey(recipe, seed, side, 255)]  # of these, each pixel has one


def _make_bent(recipe: Recipe, seed: int, side: int) -> list[np.ndarray]:
    black, middle, white = (
        _on_grey(recipe, seed, side, level, _apply_filter=lambda image: image) for level in (0, MIDDLE, 255)
    )
    return [cv2.subtract(middle, black), cv2.subtract(white, middle), black]


def _make_press(recipe: Recipe, seed: int, side: int) -> list[np.ndarray]:
    return [_on_grey(recipe, seed, side, 0, blur=0)]  # the pressed dots alone; their blur takes in the page


def _make_displacement(recipe: Recipe, seed: int, side: int) -> list[np.ndarray]:
    maps: list[np.ndarray] = []

    def catch(image: np.ndarray, mask: None, map_x: np.ndarray, map_y: np.ndarray) -> tuple[np.ndarray, None]:
        maps.extend(np.clip(np.rint(128 + DISPLACEMENT * moves), 0, 255).astype(np.uint8) for moves in (map_x, map_y))
        return image, mask

    run(recipe, np.zeros((side, side, 3), np.uint8), seed, displace_image=catch)
    return maps


_MAKE: dict[str, Callable[[Recipe, int, int], list[np.ndarray]]] = {
    "linear": _make_linear,
    "multiply": _make_white,
    "darken": _make_white,
    "shift": _make_shift,
    "tint": _make_white,
    "bent": _make_bent,
    "press": _make_press,
    "displace": _make_displacement,
}


def _linear(image: np.ndarray, planes: list[np.ndarray]) -> np.ndarray:
    slope, black = planes
    return cv2.add(cv2.multiply(image, slope, scale=1 / LIGHT), black)


def _multiply(image: np.ndarray, planes: list[np.ndarray]) -> np.ndarray:
    return cv2.multiply(image, planes[0], scale=1 / 255)


def _darken(image: np.ndarray, planes: list[np.ndarray]) -> np.ndarray:
    return cv2.min(image, planes[0])


def _shift(image: np.ndarray, planes: list[np.ndarray]) -> np.ndarray:
    lighter, darker = planes
    return cv2.subtract(cv2.add(image, lighter), darker)


def _tint(image: np.ndarray, planes: list[np.ndarray]) -> np.ndarray:
    red, green, blue = cv2.split(image)
    value = cv2.max(cv2.max(red, green), blue)  # all that ColorPaper keeps of a pixel
    return cv2.multiply(cv2.cvtColor(value, cv2.COLOR_GRAY2RGB), planes[0], scale=1 / 255)


def _bent(image: np.ndarray, planes: list[np.ndarray]) -> np.ndarray:
    dark_slope, light_slope, black = planes
    dark = cv2.multiply(cv2.threshold(image, MIDDLE, 0, cv2.THRESH_TRUNC)[1], dark_slope, scale=1 / MIDDLE)
    light = cv2.multiply(cv2.subtract(image, (MIDDLE,) * 4), light_slope, scale=1 / (255 - MIDDLE))
    return cv2.blur(cv2.add(cv2.add(dark, light), black), (5, 5))  # LowLightNoise's own last step


def _press(image: np.ndarray, planes: list[np.ndarray]) -> np.ndarray:
    dots = cv2.cvtColor(planes[0], cv2.COLOR_GRAY2RGB) if planes[0].ndim == 2 else planes[0]
    dotted = cv2.copyTo(dots, dots, image.copy())
    ink = cv2.threshold(image, 127, 255, cv2.THRESH_BINARY_INV)[1]
    return cv2.copyTo(cv2.GaussianBlur(dotted, (5, 5), 0), ink, image.copy())


def _displace(image: np.ndarray, planes: list[np.ndarray]) -> np.ndarray:
    height, width = image.shape[:2]
    map_x, map_y = (plane.astype(np.float32) * (1 / DISPLACEMENT) - 128 / DISPLACEMENT for plane in planes)
    map_x += np.arange(width, dtype=np.float32)
    map_y += np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(image, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255))


APPLY: dict[str, Apply] = {
    "linear": _linear,
    "multiply": _multiply,
    "darken": _darken,
    "shift": _shift,
    "tint": _tint,
    "bent": _bent,
    "press": _press,
    "displace": _displace,
}
KEEPS_ONE_CHANNEL = ("displace",)  # the others take a grey layer as three equal channels
