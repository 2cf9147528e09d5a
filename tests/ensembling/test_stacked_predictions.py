"""What the ensembles are made from: predictions aligned by ID, and the slices in which they are scored."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from makers.stacked import TEST_IDS, UNREAD, made_images, made_members

from competition.ensembling.stacked_predictions import stack_predictions


def test_slices_are_parts_of_folds_and_keep_groups_whole():
    images = made_images(n=90, n_folds=3)
    seen = images.seen.assign(group=images.seen["fold"].astype(str) + "-" + (np.arange(90) // 6).astype(str))
    slices = replace(images, seen=seen).slices
    assert len(np.unique(slices)) == 12  # the least multiple of three folds from SLICES on
    by_group, by_slice = pd.Series(slices).groupby(seen["group"]), pd.Series(images.folds).groupby(slices)
    assert (by_group.nunique() == 1).all() and (by_slice.nunique() == 1).all() and by_slice.size().max() <= 12
    alone = replace(images, seen=images.seen.assign(group=images.seen["fold"].astype(str)))
    assert (pd.Series(images.folds).groupby(alone.slices).nunique() == 1).all() and len(
        np.unique(alone.slices)
    ) == 3  # a fold of one group


def test_a_panel_is_aligned_by_id():
    images = made_images()
    members = made_members(images)
    stacked = stack_predictions(members, images)
    assert (
        stacked.members == ("a", "b", "c")
        and stacked.oof["clean"].shape == (3, 1, 80, 4)
        and stacked.test.shape == (3, 4, 29, 4)
    )
    for row, (id_, fold) in enumerate(zip(images.seen["ID"], images.folds, strict=True)):
        assert (
            stacked.oof["test_like"][1, 0, row] == members["b"][fold]["test_like"].select([id_]).probabilities[0]
        ).all()
    assert [TEST_IDS[row] for row in stacked.test_rows] == [id_ for id_ in TEST_IDS if id_ != UNREAD]
    filled = stacked.in_submission(np.full(29, 1))  # the most frequent target, y, is the fourth
    assert filled.tolist() == [3 if id_ == UNREAD else 1 for id_ in TEST_IDS]
    assert stack_predictions(members, replace(images, holdout=images.holdout.iloc[:0])).holdout == {}


def test_a_member_without_an_image_is_named():
    images = made_images()
    members = made_members(images)
    lacking = {
        **members["b"][2],
        "test": members["b"][2]["test"].select([id_ for id_ in TEST_IDS if id_ not in (UNREAD, "t07")]),
    }
    with pytest.raises(ValueError, match=r"predictions/b/2\.npz: test: 1 images are missing .*t07"):
        stack_predictions(members | {"b": [*members["b"][:2], lacking, members["b"][3]]}, images)
    with pytest.raises(ValueError, match="have no prediction"):
        stack_predictions(members | {"b": members["b"][:3]}, images)
