"""Corners of a page: counted alike however the page lies, and undone by the warp."""

import cv2
import numpy as np
import pytest

from competition.data.orientations import ORIENTATIONS, oriented_image
from competition.upright.geometry import (
    TOP,
    UPPER_LEFT,
    axes_angle,
    homography,
    moved,
    orientation_at,
    oriented_corners,
    placed,
    plausible,
    quad_of,
    sides_of,
    straightened,
    unoriented_offsets,
    whole,
)

PAGE = np.array([[20.0, 30.0], [80.0, 30.0], [80.0, 110.0], [20.0, 110.0]])


def turned(corners: np.ndarray, degrees: float, mirrored: bool = False) -> np.ndarray:
    """Return `corners` turned clockwise, as a picture shows it, about their middle."""
    angle, middle = np.radians(degrees), corners.mean(axis=0)
    points = (corners - middle) * [-1 if mirrored else 1, 1]
    return points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + middle


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [-170, -95, -44, -1, 0, 10, 44, 46, 89, 133])
def test_a_quad_is_clockwise_and_starts_where_it_should(degrees, mirrored):
    corners = turned(PAGE, degrees, mirrored)
    for direction in (UPPER_LEFT, TOP):
        quad = quad_of(corners, direction)
        assert sorted(map(tuple, quad)) == sorted(map(tuple, corners))
        x, y = quad[1] - quad[0]
        following_x, following_y = quad[2] - quad[1]
        assert x * following_y - y * following_x > 0  # clockwise where y points down
        outwards = quad - quad.mean(axis=0)
        assert (outwards / np.linalg.norm(outwards, axis=1, keepdims=True) @ direction).argmax() == 0
    assert axes_angle(quad) == pytest.approx((degrees + 45) % 90 - 45, abs=1e-6)


def test_the_two_ways_of_counting_jump_at_different_angles():
    moves = {
        name: [
            np.linalg.norm(quad_of(turned(PAGE, angle + 0.5), way)[0] - quad_of(turned(PAGE, angle), way)[0]) > 10
            for angle in np.arange(-90, 90, 0.5)
        ]
        for name, way in (("upper left", UPPER_LEFT), ("top", TOP))
    }
    assert any(moves["upper left"]) and any(moves["top"])
    assert not any(one and other for one, other in zip(*moves.values(), strict=True))


def test_oriented_corners_lie_where_the_oriented_image_shows_them():
    image = np.zeros((64, 64, 3), np.uint8)
    corners = np.array([[5.5, 9.5], [50.5, 12.5], [40.5, 60.5], [8.5, 44.5]])
    for number, (x, y) in enumerate(corners, 1):
        image[int(y), int(x)] = number
    for orientation in range(ORIENTATIONS):
        shown = oriented_image(image, orientation)
        for number, (x, y) in enumerate(oriented_corners(corners, orientation, 64), 1):
            assert shown[int(y), int(x), 0] == number


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_orientation_at_names_the_orientation_in_which_the_page_is_seen(orientation):
    corners = oriented_corners(np.array([[10.0, 5.0], [90.0, 5.0], [90.0, 95.0], [10.0, 95.0]]), orientation, 100)
    assert orientation_at(quad_of(corners), corners) == orientation


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_a_straightened_page_is_the_page_in_the_orientation_that_is_named(orientation):
    draws = np.random.default_rng(0)
    page = cv2.resize(draws.integers(0, 255, (9, 12, 3)).astype(np.uint8), (120, 90), interpolation=cv2.INTER_CUBIC)
    corners = oriented_corners(whole(page) + [40, 55], orientation, 200)
    corners = turned(corners, 20)
    matrix = homography(whole(page), corners)
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    picture = cv2.warpPerspective(page, np.linalg.inv(half) @ matrix @ half, (200, 200), borderValue=(255, 255, 255))
    quad = quad_of(corners)
    found = straightened(picture, quad, 120, 255).astype(float)
    upright = np.full((120, 120, 3), 255, np.uint8)
    upright[15:105] = page
    expected = oriented_image(upright, orientation_at(quad, corners)).astype(float)
    assert np.abs(found - expected).mean() < 6
    wrong = oriented_image(upright, (orientation_at(quad, corners) + 1) % 8).astype(float)
    assert np.abs(found - wrong).mean() > 25


def test_a_page_is_placed_in_the_middle_with_its_aspect_ratio():
    found = placed(turned(PAGE, 30), 100, 0.1)
    assert sides_of(found) == pytest.approx((60, 80))
    assert found.mean(axis=0) == pytest.approx([50, 50])


def test_moved_and_back_is_where_it_was():
    matrix = homography(PAGE, turned(PAGE, 12) + [3, -4])
    assert moved(moved(PAGE, matrix), np.linalg.inv(matrix)) == pytest.approx(PAGE, abs=1e-3)


@pytest.mark.parametrize(
    "quad",
    [
        np.full((4, 2), np.nan),
        np.array([[0.0, 0], [100, 0], [0, 100], [100, 100]]),  # crosses itself
        np.array([[0.0, 0], [100, 0], [100, 4], [0, 4]]),  # a line
        np.array([[0.0, 0], [900, 0], [900, 900], [0, 900]]),  # mostly elsewhere
    ],
)
def test_what_can_be_no_page_is_refused(quad):
    picture = np.zeros((100, 100, 3), np.uint8)
    assert plausible(whole(picture), picture)
    assert not plausible(quad, picture)


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_what_corners_are_off_by_is_the_same_in_any_orientation(orientation):
    straight = placed(PAGE, 100)
    off = np.random.default_rng(0).normal(0, 3, (4, 2))
    seen, meant = (oriented_corners(points, orientation, 100) for points in (straight, straight + off))
    quad = quad_of(seen)
    order = [int(np.abs(seen - corner).sum(axis=1).argmin()) for corner in quad]
    assert unoriented_offsets((meant[order] - quad)[None], orientation)[0] == pytest.approx(off)
