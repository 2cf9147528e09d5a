"""Corners of a page in a picture: their order, the page's axes, the warp that makes the page straight.

Corners are (4, 2), x and y, from the upper left corner of the picture's first pixel. A page's own are its upper left,
upper right, lower right and lower left one. Those of a page whose orientation isn't known are a quad: clockwise in the
picture, from the one that lies nearest to some direction on. Straightened, the quad's first corner is the upper left
one, so that the page is seen in one of the eight orientations.
"""

import cv2
import numpy as np

from competition.augmentation.effects.camera import HALF
from competition.data.letterbox import resize
from competition.data.orientations import ORIENTATIONS, flip_and_turns

UPPER_LEFT, TOP = np.array([-1.0, -1.0]), np.array([0.0, -1.0])  # directions that a quad may start at
LEAST_SIDE = 0.1  # of the picture's longer side, that a page's side has
UNIT_SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def quad_of(corners: np.ndarray, direction: np.ndarray = UPPER_LEFT) -> np.ndarray:
    """Return `corners` clockwise, from the one whose direction from the middle is nearest to `direction` on."""
    following = np.roll(corners, -1, axis=0)
    mirrored = (corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1]).sum() < 0
    quad = corners[::-1] if mirrored else corners
    outwards = quad - quad.mean(axis=0)
    outwards = outwards / np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-9)
    return np.roll(quad, -int(np.argmax(outwards @ direction)), axis=0)


def axes_angle(quad: np.ndarray) -> float:
    """Return by how many degrees the page's axes are turned clockwise, in [-45, 45): modulo a quarter turn."""
    sides = np.roll(quad, -1, axis=0) - quad
    directions = sides[:, 0] + 1j * sides[:, 1]
    fourth = (directions / np.maximum(np.abs(directions), 1e-9)) ** 4
    return (float(np.degrees(np.angle(fourth.sum()))) / 4 + 45) % 90 - 45


def sides_of(quad: np.ndarray) -> tuple[float, float]:
    """Return the page's width and height in pixels of the picture: the mean of its two sides each."""
    length = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return (length[0] + length[2]) / 2, (length[1] + length[3]) / 2


def placed(quad: np.ndarray, size: int, margin: float = 0.0) -> np.ndarray:
    """Return where the quad's corners go in a square of `size` pixels: upright, aspect ratio kept, in the middle.

    margin: share of the side that is left free all around.
    """
    width, height = sides_of(quad)
    scale = size * (1 - 2 * margin) / max(width, height, 1e-9)
    half = np.maximum(np.array([width, height]) * scale, 1.0) / 2
    return size / 2 + (2 * UNIT_SQUARE - 1) * half


def homography(quad: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the (3, 3) homography that takes the corners `quad` to the corners `target`."""
    return cv2.getPerspectiveTransform(quad.astype(np.float32), target.astype(np.float32)).astype(np.float64)


def moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return `points` (P, 2) under the homography `matrix`."""
    found = np.c_[points, np.ones(len(points))] @ matrix.T
    return found[:, :2] / found[:, 2:]


def straightened(picture: np.ndarray, quad: np.ndarray, size: int, fill: int, margin: float = 0.0) -> np.ndarray:
    """Return the page at `quad` of `picture` as a square, uint8 (size, size, 3); fill: grey level around the picture.

    One warp; a picture far larger than the square is shrunk first, by averaging, since a warp samples single points.
    """
    scale = size * (1 - 2 * margin) / max(*sides_of(quad), 1e-9)
    if scale < 0.75:
        height, width = picture.shape[:2]
        small = resize(picture, max(1, round(height * scale)), max(1, round(width * scale)))
        quad, picture = quad * [small.shape[1] / width, small.shape[0] / height], small
    matrix = np.linalg.inv(HALF) @ homography(quad, placed(quad, size, margin)) @ HALF
    return cv2.warpPerspective(
        picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(fill,) * 3
    )


def whole(picture: np.ndarray) -> np.ndarray:
    """Return the quad of a page that fills `picture`."""
    return UNIT_SQUARE * picture.shape[1::-1]


def plausible(quad: np.ndarray, picture: np.ndarray) -> bool:
    """Whether `quad` may be a page: finite, convex, none of its sides below LEAST_SIDE, mostly within the picture."""
    longest = max(picture.shape[:2])
    if not np.isfinite(quad).all() or not cv2.isContourConvex(quad.astype(np.float32)):
        return False
    length = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return bool(
        length.min() >= LEAST_SIDE * longest and (np.abs(quad - np.array(picture.shape[1::-1]) / 2) <= longest).all()
    )


def oriented_corners(corners: np.ndarray, orientation: int, size: float) -> np.ndarray:
    """Return where `corners` of a square picture of `size` lie once it is in `orientation`; see data.orientations."""
    flip, turns = flip_and_turns(orientation)
    if flip:
        corners = np.stack([size - corners[:, 0], corners[:, 1]], axis=1)
    for _ in range(turns):
        corners = np.stack([corners[:, 1], size - corners[:, 0]], axis=1)
    return corners


def unoriented_offsets(offsets: np.ndarray, orientation: int) -> np.ndarray:
    """Return by how much a quad's corners are off, (N, 4, 2), where in `orientation` its corners are by `offsets`."""
    flip, turns = flip_and_turns(orientation)
    x, y = offsets[..., 0], offsets[..., 1]
    for _ in range(turns):
        x, y = -y, x
    found = np.empty_like(offsets)
    found[:, _ORDER[orientation]] = np.stack([-x if flip else x, y], axis=-1)
    return found


def orientation_at(quad: np.ndarray, corners: np.ndarray) -> int:
    """Return the orientation, 0..7, in which the page with its own `corners` is seen once `quad` is straightened."""
    return int(np.argmin([np.abs(corners[_ORDER[orientation]] - quad).sum() for orientation in range(ORIENTATIONS)]))


def own_order(quad: np.ndarray, orientation: int) -> np.ndarray:
    """Return the corners of `quad`, straightened the page is seen in `orientation`, in the order of the page's own."""
    corners = np.empty_like(quad)
    corners[_ORDER[orientation]] = quad
    return corners


def _order(orientation: int) -> list[int]:
    """Return which of a page's corners lie upper left, upper right, lower right, lower left in `orientation`."""
    where = oriented_corners(UNIT_SQUARE, orientation, 1.0)
    return [int(np.argmin(np.abs(where - corner).sum(axis=1))) for corner in UNIT_SQUARE]


_ORDER = [_order(orientation) for orientation in range(ORIENTATIONS)]
