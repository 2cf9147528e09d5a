"""Scans and photographs of a page: one homography each, so that the page is resampled once."""

from collections.abc import Callable

import cv2
import numpy as np

from competition.sample.randomness import chance, pick


def mirror(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`page`, mirrored left to right half of the time."""
    return np.ascontiguousarray(page[:, ::-1]) if chance(rng, 0.5) else page


def scanned(page: np.ndarray, rng: np.random.Generator, side_range: tuple[int, int] = (320, 641)) -> np.ndarray:
    """The page turned by any angle on a plain ground, the canvas as large as the turned page needs.

    side_range: pixels of the longer side, from the first to below the second, which is at most 641.
    """
    grey = pick(rng, (255, 255, 0, int(rng.integers(60, 250))))
    corners = _turned(page, _angle(rng))
    return _project(page, corners, np.full(3, grey, np.float32), int(rng.integers(*side_range)), rng.uniform(1.0, 1.06))


def photographed(
    page: np.ndarray,
    rng: np.random.Generator,
    slant_range: tuple[float, float] = (0.03, 0.13),
    room_range: tuple[float, float] = (1.05, 1.3),
    side_range: tuple[int, int] = (360, 641),
    ground: Callable[[np.random.Generator], np.ndarray] | None = None,
) -> np.ndarray:
    """The page turned by any angle, seen at a slant, on a textured ground, with some of the ground around it.

    slant_range: how far a corner may move, a share of the page; room_range: the picture's sides, in the page's;
    side_range: as in `scanned`; ground: what makes the ground, uint8 (640, 640, 3), `texture` if None.
    """
    corners = _turned(page, _angle(rng))
    slant = rng.uniform(*slant_range) * np.ptp(corners, axis=0).min()
    corners = corners + rng.uniform(-slant, slant, (4, 2))
    return _project(page, corners, (ground or texture)(rng), int(rng.integers(*side_range)), rng.uniform(*room_range))


def texture(rng: np.random.Generator) -> np.ndarray:
    """A ground such as wood, cloth or stone: uint8 (640, 640, 3). Made at half its size: four times as fast."""
    side = 320
    base = rng.uniform(30, 220) + rng.normal(0, pick(rng, (6, 18, 40)), 3)
    tone = np.zeros((side, side), np.float32)
    stretch = pick(rng, (1, 1, 6, 20))
    for cells in (4, 12, 40, 160):
        coarse = rng.standard_normal((cells, max(2, cells // stretch)), np.float32)
        tone += cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) * rng.uniform(3, 14)
    if chance(rng, 0.3):
        pitch = rng.uniform(3, 20)
        axes = np.arange(side) / pitch
        tone += (rng.uniform(8, 25) * np.sin(axes)[:, None] * np.sin(axes)[None]).astype(np.float32)
    if chance(rng, 0.5):
        tone = tone.T
    ground = np.clip(base.astype(np.float32) + tone[..., None], 0, 255).astype(np.uint8)
    return cv2.resize(ground, (640, 640), interpolation=cv2.INTER_LINEAR)


def _angle(rng: np.random.Generator) -> float:
    """Degrees: any angle, at times near a quarter turn."""
    return rng.uniform(0, 360) if chance(rng, 0.75) else 90 * rng.integers(4) + rng.normal(0, 4)


def _turned(page: np.ndarray, degrees: float) -> np.ndarray:
    """The page's corners (4, 2), x and y, turned about its centre."""
    height, width = page.shape[:2]
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    sin, cos = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return corners @ np.array([[cos, sin], [-sin, cos]])


def _project(page, corners, ground, side: int, room: float) -> np.ndarray:
    """Return the page with its corners at `corners`, on a canvas `room` times as large, its longer side `side` pixels.

    ground: a colour (3,), or a texture at least as large as the canvas.
    """
    height, width = page.shape[:2]
    reach = np.ptp(corners, axis=0)
    scale = side / (reach.max() * room)
    size = np.rint(reach * room * scale).astype(int)  # the longer one is `side` exactly: no larger than a texture
    target = (corners - corners.min(0) - reach / 2) * scale + size / 2
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    matrix = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    if scale < 0.7:  # linear sampling alone would alias
        page = cv2.GaussianBlur(page, (0, 0), 0.45 / scale)
    shape = (int(size[0]), int(size[1]))
    seen = cv2.warpPerspective(page, matrix, shape, flags=cv2.INTER_LINEAR).astype(np.float32)
    mask = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, shape)[..., None]
    back = ground if ground.ndim == 1 else ground[: shape[1], : shape[0]]
    return np.clip(seen * mask + back * (1 - mask), 0, 255).astype(np.uint8)
