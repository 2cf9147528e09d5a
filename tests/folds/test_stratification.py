"""Folds of images with several labels, against iterative stratification written plainly."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from competition.data.label_sets import decode, encode
from competition.folds.split import check_learnable, make_folds, scarce_classes


def drawn(n, n_classes, seed, kind):
    """Labels (N, C) of 0 and 1: rare ones beside frequent ones, some of which come together."""
    generator = np.random.default_rng(seed)
    shares = np.geomspace(0.5, 4 / n, n_classes)
    if kind == "independent":
        return (generator.random((n, n_classes)) < shares).astype(np.uint8)
    common = generator.normal(size=(n, 3)) @ generator.normal(size=(3, n_classes))
    return (generator.random((n, n_classes)) < 1 / (1 + np.exp(-common) * (1 / shares - 1))).astype(np.uint8)


def iterative(labels, n_splits, seed):
    """Sechidis et al. 2011: the rarest label's images first, each to the fold that lacks that label most."""
    generator, n = np.random.default_rng(seed), len(labels)
    folds, left = np.full(n, -1), labels.astype(bool).copy()
    wanted, room = np.tile(labels.sum(axis=0) / n_splits, (n_splits, 1)), np.full(n_splits, n / n_splits)
    while (counts := left.sum(axis=0)).any():
        label = np.where(counts > 0, counts, n + 1).argmin()
        for row in np.flatnonzero(left[:, label]):
            best = np.flatnonzero(wanted[:, label] == wanted[:, label].max())
            best = best[room[best] == room[best].max()]
            fold = generator.choice(best)
            folds[row], left[row] = fold, False
            wanted[fold] -= labels[row]
            room[fold] -= 1
    for row in np.flatnonzero(folds < 0):
        folds[row] = room.argmax()
        room[folds[row]] -= 1
    return folds


def unevenness(labels, folds):
    """Chi-square distance of the folds' labels from equal shares, and the largest fold's images over the smallest's."""
    counts = np.stack([labels[folds == fold].sum(axis=0) for fold in np.unique(folds)])[:, labels.any(axis=0)]
    mean, sizes = counts.mean(axis=0), np.bincount(folds)
    return ((counts - mean) ** 2 / mean).sum(), sizes.max() - sizes.min()


def folds_of(labels, n_splits, seed, **rest):
    classes = [f"c{k}" for k in range(labels.shape[1])]
    ids = [f"{row:05d}" for row in range(len(labels))]
    return make_folds(ids, decode(labels, classes), rest.pop("groups", ids), n_splits, seed, several=True, **rest)


@pytest.mark.parametrize(
    ("kind", "n", "n_classes", "n_splits"),
    [("independent", 400, 20, 5), ("together", 400, 12, 5), ("together", 900, 40, 4), ("independent", 200, 50, 3)],
)
def test_labels_are_spread_as_evenly_as_iterative_stratification_spreads_them(kind, n, n_classes, n_splits):
    ours, theirs, anyhow = [], [], []
    for seed in range(4):
        labels = drawn(n, n_classes, seed, kind)
        ours.append(unevenness(labels, folds_of(labels, n_splits, seed)))
        theirs.append(unevenness(labels, iterative(labels, n_splits, seed)))
        anyhow.append(unevenness(labels, np.random.default_rng(seed).permutation(n) % n_splits))
    ours, theirs, anyhow = (np.mean(some, axis=0) for some in (ours, theirs, anyhow))
    assert ours[0] <= theirs[0] and ours[0] < 0.4 * anyhow[0]
    assert ours[1] <= max(theirs[1], 4)


def test_combinations_are_spread_where_the_labels_leave_a_choice():
    # four of each: without the combinations a fold might get all of "a" alone and none of "a|b"
    targets = ["a|b", "a", "b", ""] * 4
    folds = make_folds([f"{n:02d}" for n in range(16)], targets, [f"{n:02d}" for n in range(16)], 2, 3, several=True)
    assert (pd.crosstab(np.array(targets), folds).loc[["a|b", "a"]] == 2).all(axis=None)


def test_groups_and_holdout_of_several_labels():
    labels = drawn(600, 10, 0, "together")
    groups = [f"g{n}" for n in np.random.default_rng(1).integers(200, size=600)]
    folds = folds_of(labels, 4, 0, groups=groups, holdout=0.2)
    assert pd.Series(folds).groupby(groups).nunique().max() == 1 and set(folds) == {-1, 0, 1, 2, 3}
    share = labels[folds == -1].sum(axis=0) / labels.sum(axis=0)
    assert (np.abs(share - 0.2)[labels.sum(axis=0) > 40] < 0.06).all()
    assert folds_of(labels, 4, 1, groups=groups, holdout=0.2).tolist() != folds.tolist()


def test_one_label_each_is_spread_as_a_class_is():
    targets = np.random.default_rng(0).choice(list("abc"), 90, p=[0.6, 0.3, 0.1]).tolist()
    folds = folds_of(np.eye(3, dtype=np.uint8)[encode(targets, "abc", False)], 5, 0)
    per_label = pd.crosstab(np.array(targets), folds).to_numpy()
    assert (per_label.max(axis=1) - per_label.min(axis=1) <= 1).all()


def test_scarce_labels_and_images_of_the_same_labels():
    warnings = scarce_classes(["a|b", "a", "a", "", "a|c"], list("12344"), 3, several=True)
    assert warnings == [
        "label b: 1 images in 1 independent groups for 3 folds, all in one fold, whose model never sees it",
        "label c: 1 images in 1 independent groups for 3 folds, all in one fold, whose model never sees it",
    ]
    folds = pd.DataFrame({"ID": list("abcd"), "target": ["x|y", "x|y", "x", ""], "fold": [0, 0, 1, 1]})
    folds["group"] = folds["ID"]
    with pytest.raises(ValueError, match="fold 1 would be trained on images that all have the labels 'x|y'"):
        check_learnable(folds, (0, 1), several=True)
    check_learnable(folds.assign(fold=[0, 1, 0, 1]), (0, 1), several=True)


@pytest.mark.slow
def test_thousands_of_classes_take_no_table_of_images_and_classes():
    random, n = np.random.default_rng(0), 4000
    targets = [f"hotel {number}" for number in random.integers(1500, size=n)]
    ids = [str(number) for number in range(n)]
    tracemalloc.start()
    folds = make_folds(ids, targets, ids, 5, 0, holdout=0.1)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < n * 1500 * 8 / 4 and pd.Series(folds).value_counts().between(650, 800).sum() == 5
