"""How well pages are found, on test-like copies whose corners are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.data.orientations import ORIENTATIONS
from competition.upright.geometry import UNIT_SQUARE, axes_angle, homography, moved, orientation_at, own_order, quad_of
from competition.upright.page import FoundPage

DEGREES = 3.0  # by which axes may be off


@dataclass(frozen=True)
class Found:
    """Of N pages: how many degrees their axes are off, how far their corners, in shares of the picture's longer side,
    the orientation (N,) that they are seen in, and the probabilities (N, 8) that were given; places: (N, 4, 2) where
    the corners that were found lie on the page, whose own are those of UNIT_SQUARE.
    """

    degrees: np.ndarray
    distances: np.ndarray
    orientations: np.ndarray
    probabilities: np.ndarray
    places: np.ndarray


def compare(pages: Sequence[FoundPage], corners: Sequence[np.ndarray], sides: Sequence[float]) -> Found:
    """Return `pages` beside the true `corners` (4, 2) of each, in pixels; sides: the pictures' longer sides."""
    expected = [quad_of(one) for one in corners]
    degrees = [
        abs((axes_angle(page.quad) - axes_angle(quad) + 45) % 90 - 45)
        for page, quad in zip(pages, expected, strict=True)
    ]
    distances = [
        min(float(np.linalg.norm(np.roll(page.quad, turn, axis=0) - quad, axis=1).mean()) for turn in range(4)) / side
        for page, quad, side in zip(pages, expected, sides, strict=True)
    ]
    orientations = [orientation_at(page.quad, one) for page, one in zip(pages, corners, strict=True)]
    places = [
        moved(own_order(page.quad, orientation), homography(one, UNIT_SQUARE))
        for page, orientation, one in zip(pages, orientations, corners, strict=True)
    ]
    return Found(
        np.array(degrees),
        np.array(distances),
        np.array(orientations, np.int64),
        np.array([page.orientations for page in pages]).reshape(-1, ORIENTATIONS),
        np.array(places).reshape(-1, *UNIT_SQUARE.shape),
    )


def figures(found: Found, targets: Sequence[str]) -> dict[str, object]:
    """Return what is said of the pages: shares and medians, and the share of right orientations by target."""
    right = found.probabilities.argmax(axis=1) == found.orientations
    targets = np.array(targets)
    return {
        "pages": len(right),
        "axes_within_3_degrees": round(float((found.degrees <= DEGREES).mean()), 4),
        "median_degrees": round(float(np.median(found.degrees)), 2),
        "median_corner_distance": round(float(np.median(found.distances)), 4),
        "right_orientation": round(float(right.mean()), 4),
        "right_orientation_by_target": {
            target: round(float(right[targets == target].mean()), 3) for target in sorted(set(targets.tolist()))
        },
    }
