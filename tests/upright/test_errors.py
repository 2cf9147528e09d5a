"""Errors of straightening made again: on the same picture the same square, on another page as wrong as there."""

import numpy as np
import pytest
from makers.packed import marked_page

from competition.data.orientations import ORIENTATIONS
from competition.upright.accuracy import compare
from competition.upright.errors import Errors
from competition.upright.geometry import UNIT_SQUARE, homography, moved, oriented_corners, quad_of, whole
from competition.upright.page import FoundPage, upright_square

SIDE = 120
PICTURE = marked_page(SIDE, SIDE)
PAGE = np.array([[30.0, 20.0], [88.0, 26.0], [92.0, 104.0], [24.0, 98.0]])  # upright in PICTURE


def seen(orientation, draws, amount=4.0):
    """(true corners of a page that lies in `orientation`, what was found of it, wrong by some pixels)."""
    corners = oriented_corners(PAGE, orientation, SIDE)
    quad = quad_of(corners + draws.normal(0, amount, (4, 2)))
    return corners, FoundPage(quad, draws.dirichlet(np.ones(ORIENTATIONS)))


def errors_of(found):
    return Errors.of(found.places, found.orientations, found.probabilities)


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_made_again_on_the_same_picture_it_is_the_same_square(orientation):
    draws = np.random.default_rng(orientation)
    for _ in range(5):
        corners, page = seen(orientation, draws)
        errors = errors_of(compare([page], [corners], [SIDE]))
        again = errors.page(corners, PICTURE, draws)
        (square, likely), (same, alike) = (upright_square(PICTURE, one, 48, 255) for one in (page, again))
        assert np.abs(square.astype(int) - same).mean() < 1
        np.testing.assert_allclose(likely, alike, atol=1e-6)


def test_without_errors_the_page_is_warped_as_it_lies():
    found = compare([FoundPage(quad_of(PAGE), np.eye(ORIENTATIONS)[0])], [PAGE], [SIDE])
    errors = errors_of(found)
    np.testing.assert_allclose(errors.places[0], UNIT_SQUARE, atol=1e-6)
    for orientation in range(ORIENTATIONS):
        corners = oriented_corners(PAGE, orientation, SIDE)
        again = errors.page(corners, PICTURE, np.random.default_rng(0))
        np.testing.assert_allclose(again.quad, corners, atol=1e-4)
        np.testing.assert_allclose(again.orientations, np.eye(ORIENTATIONS)[0], atol=1e-9)


def test_another_page_is_missed_by_as_much_in_its_own_frame():
    draws = np.random.default_rng(5)
    pairs = [seen(orientation, draws) for orientation in range(ORIENTATIONS)]
    found = compare([page for _, page in pairs], [corners for corners, _ in pairs], [SIDE] * len(pairs))
    errors = errors_of(found)
    other = np.array([[100.0, 90.0], [20.0, 110.0], [10.0, 15.0], [90.0, 30.0]])  # mirrored or not, whatever its pose
    taken = set()
    for number in range(60):
        page = errors.page(other, PICTURE, np.random.default_rng(number))
        places = moved(page.quad, homography(other, UNIT_SQUARE))
        nearest = int(np.abs(errors.places - places).sum(axis=(1, 2)).argmin())
        np.testing.assert_allclose(places, errors.places[nearest], atol=1e-4)
        assert (
            page.orientations is errors.orientations[nearest]
            or (page.orientations == errors.orientations[nearest]).all()
        )
        taken.add(nearest)
    assert taken == set(range(ORIENTATIONS))
    # right as often as it was: the likeliest is the one that the page lies in
    right = found.probabilities.argmax(axis=1) == found.orientations
    assert (errors.orientations.argmax(axis=1) == 0).tolist() == right.tolist()


def test_what_can_be_no_page_is_the_whole_picture(tmp_path):
    errors = Errors(np.full((1, 4, 2), 0.5), np.full((1, ORIENTATIONS), 1 / ORIENTATIONS))
    errors.save(tmp_path / "errors.npy")
    page = Errors.load(tmp_path / "errors.npy").page(PAGE, PICTURE, np.random.default_rng(0))
    assert page.quad.tolist() == whole(PICTURE).tolist()


def test_they_are_read_as_they_were_written(tmp_path):
    pairs = [seen(orientation, np.random.default_rng(orientation)) for orientation in range(ORIENTATIONS)]
    errors = errors_of(compare([page for _, page in pairs], [one for one, _ in pairs], [SIDE] * len(pairs)))
    errors.save(tmp_path / "errors.npy")
    again = Errors.load(tmp_path / "errors.npy")
    np.testing.assert_allclose(again.places, errors.places, atol=1e-6)
    np.testing.assert_allclose(again.orientations, errors.orientations, atol=1e-6)
    first = (tmp_path / "errors.npy").read_bytes()
    errors.save(tmp_path / "errors.npy")
    assert (tmp_path / "errors.npy").read_bytes() == first
