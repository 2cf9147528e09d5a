"""How well pages were found: figures of errors that are known."""

import numpy as np
import pytest

from competition.data.orientations import ORIENTATIONS
from competition.metrics.calibration import fit_temperature
from competition.upright.accuracy import compare, figures
from competition.upright.geometry import oriented_corners, quad_of, whole
from competition.upright.page import FoundPage

SQUARE = whole(np.zeros((100, 100, 3), np.uint8))


def turned(corners, degrees):
    angle, middle = np.radians(degrees), corners.mean(axis=0)
    return (corners - middle) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + middle


def test_errors_are_what_was_done():
    seen = [0, 3, 6, 5]
    corners = [oriented_corners(SQUARE, orientation, 100) for orientation in seen]
    errors = [0, 2, 4, -1]
    pages = [
        FoundPage(quad_of(turned(one, error)) + [0, 10], np.eye(ORIENTATIONS)[said])
        for one, error, said in zip(corners, errors, [0, 3, 6, 4], strict=True)
    ]
    found = compare(pages, corners, [100] * 4)
    assert found.degrees == pytest.approx(np.abs(errors), abs=1e-6)
    assert found.distances[0] == pytest.approx(0.1)
    assert found.orientations.tolist() == seen
    said = figures(found, ["a", "a", "b", "b"])
    assert said["axes_within_3_degrees"] == 0.75 and said["right_orientation"] == 0.75
    assert said["right_orientation_by_target"] == {"a": 1.0, "b": 0.5}


def test_the_temperature_makes_overconfident_orientations_honest():
    draws = np.random.default_rng(0)
    logits = draws.normal(0, 1.5, (4000, ORIENTATIONS))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = np.array([draws.choice(ORIENTATIONS, p=row) for row in honest])
    sharp = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    pages = [FoundPage(SQUARE, row) for row in sharp]
    corners = [oriented_corners(SQUARE, orientation, 100) for orientation in true]
    found = compare(pages, corners, [100] * len(pages))
    assert fit_temperature(found.probabilities, found.orientations) == pytest.approx(3, rel=0.1)
