"""A new holdout of images that were seen since the first unlocking, against sets."""

import numpy as np
import pandas as pd
import pytest

from competition.common.errors import ContractError
from competition.folds.seen_images import add_seen, check_held_out, read_seen
from competition.folds.split import make_folds


def split(seed, n=60, holdout=0.3):
    ids = [f"{number:03d}" for number in range(n)]
    folds = make_folds(ids, ["x", "y"] * (n // 2), ids, 3, seed, holdout)
    return pd.DataFrame({"ID": ids, "fold": folds})


def held(folds):
    return set(folds.ID[folds.fold == -1])


def test_a_holdout_of_seen_images_is_refused_and_the_old_one_and_new_images_are_not(tmp_path):
    path, first = tmp_path / "seen.csv", split(0)
    check_held_out(path, split(1))  # nothing was unlocked yet
    add_seen(path, first)
    assert read_seen(path) == set(first.ID) - held(first)
    check_held_out(path, first)
    for seed in range(1, 12):
        other = split(seed)
        overlap = held(other) - held(first)
        assert overlap  # else the test could not fail
        with pytest.raises(ValueError, match=f"{len(overlap)} images of the holdout were trained on.*{min(overlap)}"):
            check_held_out(path, other)
    new = pd.DataFrame({"ID": ["new1", "new2"], "fold": [-1, -1]})
    check_held_out(path, pd.concat([first.assign(fold=0), new]))


def test_what_is_seen_later_is_added_and_stays(tmp_path):
    path, first, second = tmp_path / "seen.csv", split(0), split(5)
    add_seen(path, first)
    add_seen(path, second)
    assert read_seen(path) == set(first.ID) - (held(first) & held(second))
    before = path.read_bytes()
    add_seen(path, first)
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match="what has been seen can't be held out"):
        check_held_out(path, first)  # the second one's networks learnt from it


def test_images_that_no_fold_scores_were_seen_too(tmp_path):
    add_seen(tmp_path / "seen.csv", pd.DataFrame({"ID": list("abc"), "fold": np.array([-2, -1, 0])}))
    assert read_seen(tmp_path / "seen.csv") == {"a", "c"}


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "seen.csv").write_text("name\nx\n")
    with pytest.raises(ContractError):
        read_seen(tmp_path / "seen.csv")
