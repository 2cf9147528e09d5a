"""Folds and groups: what must hold for any data, and groups against a plain slow search."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from competition.folds.split import check_learnable, joined_groups, make_folds, read_folds, scarce_classes, write_folds


def test_folds_that_can_not_be_trained_are_refused():
    folds = pd.DataFrame(
        {"ID": list("abcdef"), "target": list("001111"), "fold": [0, 0, 0, 1, 1, -1], "group": list("ggcdef")}
    )
    with pytest.raises(
        ValueError, match="fold 0 would be trained on images of one class: all of class 0 belong together"
    ):
        check_learnable(folds, (0, 1))
    check_learnable(folds.assign(fold=[0, 1, 0, 1, 1, -1]), (0, 1))


def made_up(n=300, n_classes=5, n_groups=None, seed=0):
    generator = np.random.default_rng(seed)
    ids = [f"{number:05d}" for number in generator.permutation(n)]
    targets = generator.choice(
        [str(k) for k in range(n_classes)], n, p=np.arange(1, n_classes + 1) / sum(range(n_classes + 1))
    )
    groups = [f"g{g}" for g in generator.integers(n_groups, size=n)] if n_groups else ids
    return ids, targets.tolist(), groups


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=25, max_size=80),
    n_splits=st.integers(2, 5),
    holdout=st.sampled_from([0.0, 0.2, 0.5]),
)
def test_every_group_is_on_one_side(rows, n_splits, holdout):
    targets, groups = [target for target, _ in rows], [str(group) for _, group in rows]
    if len(set(groups)) < 2 * n_splits + 2:
        return
    try:
        folds = make_folds([str(row) for row in range(len(rows))], targets, groups, n_splits, 0, holdout)
    except ValueError as error:
        assert holdout and f"groups of images for {n_splits} folds; lower it" in str(error)
        return
    assert pd.Series(folds).groupby(groups).nunique().max() == 1
    assert set(range(n_splits)) <= set(folds) <= set(range(-1, n_splits))  # no fold stays empty


def test_single_images_are_spread_evenly():
    ids, targets, groups = made_up()
    folds = make_folds(ids, targets, groups, 5, 0)
    per_class = pd.crosstab(np.array(targets), folds).to_numpy()
    assert (per_class.max(axis=1) - per_class.min(axis=1) <= 1).all()
    sizes = np.bincount(folds)
    assert sizes.max() - sizes.min() <= 2


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_spread_no_worse_than_scikit_learn_spreads_them(seed):
    ids, targets, groups = made_up(n=600, n_groups=150, seed=seed)

    def unevenness(folds):
        counts = pd.crosstab(np.array(targets), folds).to_numpy()
        return ((counts - counts.mean(axis=1, keepdims=True)) ** 2 / counts.mean(axis=1, keepdims=True)).sum()

    theirs = np.empty(len(ids), dtype=int)
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    for fold, (_, rows) in enumerate(splitter.split(ids, targets, groups)):
        theirs[rows] = fold
    assert unevenness(make_folds(ids, targets, groups, 5, seed)) <= 1.1 * unevenness(theirs)


def test_order_of_rows_changes_nothing_and_the_seed_does():
    ids, targets, groups = made_up(n_groups=120)
    folds = dict(zip(ids, make_folds(ids, targets, groups, 4, 7, 0.2).tolist(), strict=True))
    rows = np.random.default_rng(1).permutation(len(ids))
    shuffled = [[column[row] for row in rows] for column in (ids, targets, groups)]
    assert dict(zip(shuffled[0], make_folds(*shuffled, 4, 7, 0.2).tolist(), strict=True)) == folds
    other = make_folds(ids, targets, groups, 4, 8, 0.2).tolist()
    assert np.mean([folds[id_] != fold for id_, fold in zip(ids, other, strict=True)]) > 0.3


def without(row, columns):
    return [[*column[:row], *column[row + 1 :]] for column in columns]


@pytest.mark.parametrize(("n_classes", "n_splits", "holdout"), [(17, 3, 0.0), (17, 5, 0.2), (2, 5, 0.0)])
def test_an_image_less_moves_few_others(n_classes, n_splits, holdout):
    moved, held = [], []
    for seed in range(7):
        columns = made_up(n=1570, n_classes=n_classes, seed=seed)
        folds = dict(zip(columns[0], make_folds(*columns, n_splits, 0, holdout).tolist(), strict=True))
        row = int(np.random.default_rng(seed).integers(1570))
        fewer = without(row, columns)
        again = make_folds(*fewer, n_splits, 0, holdout)
        before = np.array([folds[id_] for id_ in fewer[0]])
        moved.append(np.mean(before != again))
        held.append(np.sum((before == -1) & (again != -1)))
    assert max(moved) <= 0.02 and max(held) <= 1


def test_two_images_joined_move_few_others():
    for seed in range(5):
        ids, targets, _ = made_up(n=1570, n_classes=17, seed=seed)
        folds = make_folds(ids, targets, ids, 5, 0)
        same = np.flatnonzero(np.array(targets) == targets[0])[:2].tolist()
        again = make_folds(ids, targets, joined_groups(ids, [(ids[same[0]], ids[same[1]])], [None] * 1570), 5, 0)
        assert np.mean(folds != again) <= 0.02


def test_holdout_has_its_share_of_each_class_whatever_the_number_of_folds():
    ids, targets, groups = made_up(n=500)
    three, five = (make_folds(ids, targets, groups, k, 0, 0.2) == -1 for k in (3, 5))
    assert (three == five).all()
    for target in set(targets):
        in_class = np.array(targets) == target
        assert abs(three[in_class].sum() - 0.2 * in_class.sum()) <= 1


def test_a_class_with_fewer_images_than_folds_warns_and_works():
    ids = [f"{number:02d}" for number in range(24)]
    targets = ["rare"] * 3 + ["one"] + ["twins"] * 2 + ["many"] * 18
    groups = ids[:4] + ["pair"] * 2 + ids[6:]
    folds = make_folds(ids, targets, groups, 5, 0)
    assert len(set(folds[:3])) == 3  # three rare images, three folds
    assert set(folds) == set(range(5))
    warnings = scarce_classes(targets, groups, 5)
    assert [warning.split(":")[0] for warning in warnings] == ["class one", "class rare", "class twins"]
    assert "3 images in 3 independent groups for 5 folds, so some folds don't score it" in warnings[1]
    assert "2 images in 1 independent groups" in warnings[2] and "trained on in all, scored in none" in warnings[2]


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("aaaaabbbbcdef"), st.integers(0, 25)), min_size=40, max_size=90),
    n_splits=st.integers(2, 4),
    holdout=st.sampled_from([0.0, 0.2, 0.5]),
    seed=st.integers(0, 3),
)
def test_no_class_is_answered_by_a_network_that_never_met_it(rows, n_splits, holdout, seed):
    targets, groups = [target for target, _ in rows], [f"{target}{group // 3}" for target, group in rows]
    if seed == 3:  # groups of several classes
        groups = [str(group) for _, group in rows]
    ids = [str(row) for row in range(len(rows))]
    try:
        folds = make_folds(ids, targets, groups, n_splits, seed, holdout, unscored=True)
    except ValueError as error:
        assert any(said in str(error) for said in ("lower it", "no image to score", "a group for each"))
        return
    table = pd.DataFrame({"target": targets, "group": groups, "fold": folds})
    assert table.groupby("group")["fold"].nunique().max() == 1
    for fold in {*range(n_splits), -1}:
        trained = table[(table.fold != fold) & (table.fold != -1)]
        assert set(table.target[table.fold == fold]) <= set(trained.target)
    plain = make_folds(ids, targets, groups, n_splits, seed, holdout)
    for _, own in table.groupby("target"):
        if own.group.nunique() == 1:
            assert set(own.fold) == {-2}  # all of it is trained on everywhere
        elif seed < 3 and not holdout and len(set(plain[own.index])) >= 2:
            assert -2 not in set(own.fold)  # nothing is lost where nothing was wrong
    if not (folds == -2).any() and not holdout:
        assert (folds == plain).all()


def test_a_class_of_two_groups_is_scored_by_two_folds_and_one_of_a_group_by_none():
    ids = [f"{number:02d}" for number in range(40)]
    targets = ["one"] * 3 + ["two"] * 4 + ["many"] * 33
    groups = ["g"] * 3 + ["h"] * 2 + ["i"] * 2 + ids[7:]
    for seed in range(20):
        folds = make_folds(ids, targets, groups, 3, seed, unscored=True)
        assert folds[:3].tolist() == [-2] * 3 and (folds[3:] >= 0).all()
        assert folds[3] == folds[4] != folds[5] == folds[6]


def test_a_fold_that_has_nothing_left_to_score_is_refused():
    with pytest.raises(ValueError, match="fold 0, 1 has no image to score: 2 groups of images are all that there is"):
        make_folds(list("abcd"), list("xxyy"), list("ggyy"), 2, 0, unscored=True)


@pytest.mark.parametrize("seed", [6, 7, 10])  # with which one of the last two folds keeps no image of its own
def test_a_fold_that_is_never_scored_may_have_nothing_to_score(seed):
    ids, targets = [f"i{n}" for n in range(9)], list("aaabbcdef")
    with pytest.raises(ValueError, match="fold [23] has no image to score"):
        make_folds(ids, targets, ids, 4, seed, unscored=True)
    folds = make_folds(ids, targets, ids, 4, seed, unscored=True, scored=2)
    assert {0, 1} < set(folds) and (folds[5:] == -2).all()
    with pytest.raises(ValueError, match="fold 1 has no image to score"):
        make_folds(ids, targets, ids, 4, 0, unscored=True, scored=2)


def test_too_few_groups_are_refused():
    with pytest.raises(ValueError, match="5 folds of 2 groups"):
        make_folds(list("abcdef"), ["x"] * 6, list("gggggh"), 5, 0)
    with pytest.raises(ValueError, match="lower it"):
        make_folds(list("abcdef"), ["x"] * 6, list("abcdef"), 5, 0, 0.5)
    with pytest.raises(ValueError, match="more than once"):
        make_folds(["a", "a", "b"], ["x"] * 3, ["a", "a", "b"], 2, 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=25),
    st.lists(st.sampled_from([None, "", "g", "h", "007"]), min_size=30, max_size=30),
)
def test_groups_are_what_a_slow_search_finds(pairs, given_groups):
    ids = [f"{number:03d}" for number in np.random.default_rng(0).permutation(30)]
    pairs = [(ids[one], ids[other]) for one, other in pairs]
    neighbours = {id: {id} for id in ids}
    named = [
        (one, other)
        for one, its in zip(ids, given_groups, strict=True)
        for other, name in zip(ids, given_groups, strict=True)
        if its and its == name
    ]
    for one, other in pairs + named:
        neighbours[one].add(other)
        neighbours[other].add(one)
    expected = []
    for id in ids:
        seen, pending = set(), {id}
        while pending:
            seen |= pending
            pending = set().union(*(neighbours[other] for other in pending)) - seen
        expected.append(min(seen))
    assert joined_groups(ids, pairs, given_groups).tolist() == expected


def test_groups_are_transitive_and_named_by_the_smallest_id():
    ids, nothing = ["c", "b", "a", "z"], [None] * 4
    assert joined_groups(ids, [("c", "b"), ("a", "b")], nothing).tolist() == ["a", "a", "a", "z"]
    assert joined_groups(ids, [("c", "b"), ("a", "b")], [None, None, "s", "s"]).tolist() == ["a"] * 4
    assert joined_groups(ids, [], nothing).tolist() == ids and joined_groups([], [], []).tolist() == []


def test_pairs_of_other_images_are_refused():
    with pytest.raises(ValueError, match="2 IDs of pairs are no images: x, y; run `python -m pipelines.prepare`"):
        joined_groups(["a", "b"], [("a", "x"), ("y", "b")], [None, None])


def test_folds_file(tmp_path):
    folds = pd.DataFrame({"group": ["007", "NA"], "fold": [-1, 3], "target": ["01", "NA"], "ID": ["007", "é,x"]})
    write_folds(tmp_path / "folds.csv", folds)
    assert (tmp_path / "folds.csv").read_bytes() == 'ID,target,fold,group\n007,01,-1,007\n"é,x",NA,3,NA\n'.encode()
    read = read_folds(tmp_path / "folds.csv")
    assert read["fold"].tolist() == [-1, 3]
    assert read.to_dict("list") == folds[["ID", "target", "fold", "group"]].to_dict("list")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ID,target,fold\na,x,0\n", "expected the columns"),
        ("ID,target,fold,group\na,x,0,a\na,x,1,a\n", "repeated IDs: a"),
        ("ID,target,fold,group\na,x,one,a\n", "whole numbers"),
    ],
)
def test_a_wrong_folds_file_is_refused(tmp_path, content, message):
    with pytest.raises(FileNotFoundError, match=r"folds\.csv: not found"):
        read_folds(tmp_path / "folds.csv")
    (tmp_path / "folds.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        read_folds(tmp_path / "folds.csv")
