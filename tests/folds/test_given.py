"""A split that train.csv gives."""

import pytest

from competition.data.given_folds import read_given_folds
from competition.folds.given import spread_over_free_folds, use_given_folds
from competition.folds.leakage import LeakError
from competition.settings.competition import CompetitionSettings

IDS = list("abcdef")


def used(given, groups=IDS, n_splits=2, ids=IDS):
    return use_given_folds(ids, groups, dict(zip(IDS, given, strict=True)), n_splits, "train.csv").tolist()


def test_it_is_read_and_used_as_it_is(tmp_path):
    settings = CompetitionSettings(root=str(tmp_path), id="name")
    (tmp_path / "train.csv").write_text("name,target,fold\n007,x,1\nb,y,-1\nc,y,\n")
    assert read_given_folds(settings) == {"007": "1", "b": "-1", "c": ""}
    (tmp_path / "train.csv").write_text("name,target\n007,x\n")
    assert read_given_folds(settings) == {}
    assert used(["0", "1", "1", "0", "1", "-1"]) == [0, 1, 1, 0, 1, -1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["0", "", "1", "one", "1", "0"], r"train.csv: 2 rows have no whole number as fold: b, d; fill it in"),
        (
            ["0", "1", "2", "0", "1", "2"],
            r"column fold has 0, 1, 2, but split makes \[0, 1\]; set split.folds: \[0, 1, 2\]",
        ),
        (["1", "1", "2", "2", "1", "2"], r"column fold has 1, 2, .* number them from 0 on, or take the column"),
        (["0", "0", "0", "0", "0", "0"], r"column fold has 0, but split makes \[0, 1\]; number them"),
    ],
)
def test_what_is_no_split_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        used(given)


def test_copies_on_two_sides_are_refused():
    with pytest.raises(LeakError, match=r"two sides .* a \(fold 0\) and c \(fold 1\) \(folds/duplicates.csv"):
        used(["0", "0", "1", "1", "1", "0"], groups=["a", "a", "a", "d", "e", "f"])


def test_images_without_a_fold_are_spread_over_the_folds_that_none_has():
    ids, targets = [f"i{n:02d}" for n in range(24)], ["x", "y"] * 12
    groups = [f"g{n // 2}" for n in range(24)]
    given = {id: "0" if n < 6 else "" for n, id in enumerate(ids)}
    filled = spread_over_free_folds(ids, targets, groups, given, 3, seed=0)
    folds = use_given_folds(ids, groups, filled, 3, "train.csv")
    assert folds[:6].tolist() == [0] * 6 and set(folds[6:].tolist()) == {1, 2}
    assert all(folds[2 * n] == folds[2 * n + 1] for n in range(12))
    assert set(spread_over_free_folds(ids, targets, groups, given, 2, seed=0).values()) == {"0", "1"}
    all_given = {id: str(n % 2) for n, id in enumerate(ids)} | {"i00": ""}
    assert (
        spread_over_free_folds(ids, targets, groups, all_given, 2, seed=0) == all_given
    )  # no free fold: an error later


def test_a_copy_of_a_validation_image_among_the_others_is_refused():
    groups = ["a", "b", "a", "d", "e", "f"]
    given = {id: "0" if id in "ab" else "" for id in IDS}
    filled = spread_over_free_folds(IDS, ["x"] * 6, groups, given, 2, seed=0)
    with pytest.raises(LeakError, match="two sides"):
        use_given_folds(IDS, groups, filled, 2, "train.csv")
