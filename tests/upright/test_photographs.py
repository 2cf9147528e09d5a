"""Photographs of pages: their corners are true, they have the pixels that are looked at, and folds are kept apart."""

import cv2
import numpy as np
import pytest
from makers.photographs import COPIES, PAGES, SETTINGS, page

from competition.data.image_store import ImageStore
from competition.data.letterbox import resize
from competition.settings.augment import AugmentSettings
from competition.settings.upright import UprightSettings
from competition.upright.fit import drawn_pages
from competition.upright.geometry import homography
from competition.upright.photographs import PhotographMaker, corners_in_picture, corners_in_square


def test_the_corners_of_a_photograph_are_where_its_page_lies(folder):
    store = ImageStore(folder / "photographs.arrow")
    corners = store.optional("corners").reshape(-1, 4, 2)
    clean = [row for row, view in enumerate(store.column("view")) if view == "clean"]
    assert len(store) == PAGES * (COPIES + 2) and len(clean) == PAGES
    for row in range(len(store)):
        picture = store.image(row)
        straight = np.array([[0.0, 0.0], [70, 0], [70, 90], [0, 90]])
        matrix = homography(corners[row] * len(picture), straight)
        found = cv2.warpPerspective(picture, matrix, (70, 90), borderValue=(255, 255, 255)).astype(float)
        expected = resize(page(int(store.column("source_id")[row])), 90, 70)
        errors = [np.abs(found - one).mean() for one in (expected, expected[:, ::-1], expected[::-1])]
        assert np.argmin(errors) == 0 and errors[0] < 0.7 * min(errors[1:])
        if row in clean:
            assert corners[row] == pytest.approx(np.array([[10 / 90, 0], [80 / 90, 0], [80 / 90, 1], [10 / 90, 1]]))


def test_corners_of_a_picture_and_of_its_square_are_each_others_inverse():
    picture = np.zeros((30, 50, 3), np.uint8)
    corners = np.array([[0.0, 0], [50, 0], [50, 30], [0, 30]])
    shares = corners_in_square(corners, picture)
    assert shares == pytest.approx(np.array([[0, 0.2], [1, 0.2], [1, 0.8], [0, 0.8]]))
    assert corners_in_picture(shares, picture) == pytest.approx(corners)


@pytest.mark.parametrize(("members", "orientation", "side"), [(288, 224, 403), (288, 320, 493)])
def test_photographs_have_the_pixels_that_the_larger_look_needs(folder, members, orientation, side):
    settings = UprightSettings(orientation_size=orientation, policy="light").photographed(AugmentSettings(size=members))
    rows, _ = PhotographMaker(str(folder / "train.arrow"), settings, 0)([0])
    assert settings.policy == "light" and {(row["height"], row["width"]) for row in rows} == {(side, side)}


def test_errors_are_measured_on_as_many_pages_as_are_asked_for(photographs):
    settings = SETTINGS.model_copy(update={"scored_pages": 3})
    few = [row for fold in range(3) for row in photographs.to_score(fold, settings)]
    assert len(set(few)) == 3 and {photographs.views[row] for row in few} == {"test_like"}
    assert set(few) < {row for fold in range(3) for row in photographs.to_score(fold, SETTINGS)}


def test_a_fold_learns_from_other_folds_pages_alone(photographs):
    for fold in range(3):
        learnt = {photographs.sources[row] for row in photographs.to_train(fold).rows.ravel()}
        scored = {photographs.sources[row] for row in photographs.to_score(fold, SETTINGS)}
        assert scored == {str(n) for n in range(PAGES - 1) if n % 3 == fold}
        assert learnt == {str(n) for n in range(PAGES - 1) if n % 3 != fold}  # nor of the one that is in no fold
        assert set(photographs.views[photographs.to_train(fold).rows.ravel()]) == {"clean", "train"}
        for rows in photographs.to_train(fold).rows:
            assert len({photographs.sources[row] for row in rows}) == 1


def test_pages_are_drawn_from_all_folds_and_never_from_the_holdout():
    folds = np.array([-1, 0, 1, 2, -1, 0, 1, 2] * 10)
    drawn = drawn_pages(folds, SETTINGS.model_copy(update={"pages": 30}))
    assert len(drawn) == 30 and (np.diff(drawn) > 0).all() and (folds[drawn] >= 0).all()
    assert (drawn_pages(folds, SETTINGS) == np.flatnonzero(folds >= 0)).all()
    with pytest.raises(ValueError, match=r"upright\.pages: 2 training images leave none of fold"):
        drawn_pages(folds, SETTINGS.model_copy(update={"pages": 2}))
