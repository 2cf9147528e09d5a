"""K-fold split, stratified and grouped, and the table that holds it, folds/folds.csv."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from competition.common.csv import read_frame, write_frame
from competition.common.errors import examples, repeated
from competition.common.seeds import derived_seed
from competition.data.label_sets import split_labels
from competition.folds.leakage import check_folds
from competition.folds.stratification import group_counts, spread

HOLDOUT = -1
UNSCORED = -2  # trained on in every fold, scored in none: what a class needs to be met by the network that answers it
COLUMNS = ["ID", "target", "fold", "group"]
GROUPS = (
    "groups are of train.csv's column group and of folds/duplicates.csv, whose near-duplicates "
    "prepare.near_duplicate_similarity decides: raise it where different pages were taken for one"
)


def make_folds(
    ids: Sequence[str],
    targets: Sequence[str],
    groups: Sequence[str],
    n_splits: int,
    seed: int,
    holdout: float = 0.0,
    several: bool = False,
    unscored: bool = False,
    scored: int | None = None,
) -> np.ndarray:
    """Return (N,) int64: each image's fold, 0 to n_splits - 1, or -1 for the `holdout` share that no fold sees.

    ids, targets, groups: (N,) str. A group is never divided. Each class is spread as evenly over the folds as its
    groups allow: groups of one image give every fold the same number of them, or one more. A class with fewer groups
    than folds is in some of them only (see `scarce_classes`). The holdout depends on seed and share, not on n_splits.
    The order of the rows changes nothing. several: a target names an image's labels, and each label is spread so.

    unscored: no image is answered by a network that never met its class. A class that would be all in one fold has
    its smallest group there as fold -2, trained on in every fold and scored in none: of one group, all of it; none is
    all in the holdout. With `several` a label stays in its fold, since the image's other labels are scored. Raises
    ValueError where that leaves a fold nothing to score. scored: how many folds are, the first ones; None: all.
    """
    if not len(ids) == len(targets) == len(groups):
        raise ValueError(f"lengths differ: {len(ids)} ids, {len(targets)} targets, {len(groups)} groups")
    if len(set(ids)) < len(ids):
        raise ValueError(f"{len(ids) - len(set(ids))} IDs stand more than once")
    names, group_of_row = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if n_splits < 2 or len(names) < n_splits:
        raise ValueError(
            f"{n_splits} folds of {len(names)} groups of images: expected at least 2 folds, a group for each; "
            f"{GROUPS}; or take fewer split.folds"
        )
    counts, weights = group_counts(targets, group_of_row, several)
    fold_of_group = np.full(len(names), HOLDOUT)
    seen = np.arange(len(names))
    if holdout > 0:
        sides = spread(counts, np.array([1 - holdout, holdout]), _places(names, seed, "holdout"), weights)
        if unscored and not several:
            sides[_kept_out(counts, sides == 1)] = 0
        seen = np.flatnonzero(sides == 0)
    if len(seen) < n_splits:
        raise ValueError(f"split.holdout: {holdout} leaves {len(seen)} groups of images for {n_splits} folds; lower it")
    places = _places(names[seen], seed, "folds")
    fold_of_group[seen] = spread(counts[seen], np.full(n_splits, 1 / n_splits), places, weights)
    if unscored and not several:
        for fold in range(n_splits):
            fold_of_group[_kept_out(counts, fold_of_group == fold, fold_of_group != HOLDOUT)] = UNSCORED
        _check_scored(fold_of_group, n_splits if scored is None else scored)
    return fold_of_group[group_of_row]


def _kept_out(counts: csr_array, part: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """Return numbers of groups to take out of `part` (G,) bool, so that no class is all in it: the smallest of each.

    counts: (G, K) images of each class; among: (G,) bool, the groups that count, all if None. A class that a group
    taken before already brings out has no need of another.
    """
    among = np.ones(len(part), bool) if among is None else among
    inside, all_of = (np.asarray(counts[chosen].sum(axis=0)).ravel() for chosen in (part & among, among))
    sizes, by_class, taken = np.asarray(counts.sum(axis=1)).ravel(), counts.tocsc(), []
    out = np.zeros(counts.shape[1], bool)
    for k in np.flatnonzero((inside > 0) & (inside == all_of)):
        if out[k]:
            continue
        groups = by_class.indices[by_class.indptr[k] : by_class.indptr[k + 1]]
        groups = groups[(part & among)[groups]]
        group = int(groups[np.lexsort([groups, sizes[groups]])[0]])
        taken.append(group)
        out[counts.indices[counts.indptr[group] : counts.indptr[group + 1]]] = True
    return np.array(taken, np.int64)


def _check_scored(fold_of_group: np.ndarray, scored: int) -> None:
    if empty := sorted(set(range(scored)) - set(fold_of_group.tolist())):
        raise ValueError(
            f"fold {', '.join(map(str, empty))} has no image to score: {int((fold_of_group == UNSCORED).sum())} groups "
            "of images are all that there is of their class, and are trained on in every fold; take fewer folds, or "
            "add independent images of these classes"
        )


def _places(names: np.ndarray, seed: int, what_for: str) -> np.ndarray:
    """Return a number in [0, 1) for each of `names` that depends on no other one."""
    return np.array([derived_seed(seed, what_for, name) for name in names]) / 2**63


def scarce_classes(targets: Sequence[str], groups: Sequence[str], n_splits: int, several: bool = False) -> list[str]:
    """Return a warning for each class, or with `several` each label, with fewer groups than folds.

    Some folds can't score it; a class of one group none. targets, groups: of all images but the holdout's.
    """
    rows = pd.DataFrame({"target": targets, "group": groups})
    if several:
        rows = rows.assign(target=rows["target"].map(split_labels)).explode("target").dropna()
    counts = rows.groupby("target")["group"].agg(["nunique", "size"])
    warnings, kind = [], "label" if several else "class"
    for target, (n_groups, n_images) in counts[counts["nunique"] < n_splits].iterrows():
        what = "so some folds don't score it"
        if n_groups == 1:
            what = "all in one fold, whose model never sees it" if several else "trained on in all, scored in none"
        warnings.append(
            f"{kind} {target}: {n_images} images in {n_groups} independent groups for {n_splits} folds, {what}"
        )
    return warnings


def joined_groups(ids: Sequence[str], pairs: Iterable[tuple[str, str]], given: Sequence[str | None]) -> np.ndarray:
    """Return (N,) str: each image's group, named after its smallest ID.

    Images are of one group when `pairs` (of IDs) or a common name in `given` (None or "" is none) joins them, or others
    do: A with B and B with C puts A with C. Raises ValueError for a pair with an ID that is not in `ids`.
    """
    if len(ids) != len(given):
        raise ValueError(f"lengths differ: {len(ids)} ids, {len(given)} given groups")
    row_of = {id: row for row, id in enumerate(ids)}
    pairs = list(pairs)
    if unknown := sorted({id for pair in pairs for id in pair} - set(row_of)):
        raise ValueError(
            f"{len(unknown)} IDs of pairs are no images: {examples(unknown)}; run `python -m pipelines.prepare`"
        )
    joined = [(row_of[one], row_of[other]) for one, other in pairs]
    first: dict[str, int] = {}
    joined += [(first.setdefault(name, row), row) for row, name in enumerate(given) if name]
    one, other = np.array(joined, np.int64).reshape(-1, 2).T
    _, labels = connected_components(
        coo_array((np.ones(len(one), bool), (one, other)), shape=(len(ids), len(ids))), directed=False
    )
    smallest = pd.Series(list(ids), dtype=str).groupby(labels).transform("min")
    return np.array(smallest.tolist(), dtype=str)


def write_folds(path: Path | str, folds: pd.DataFrame) -> None:
    """Write `folds` (ID, target, fold, group) as CSV, in the order of its rows."""
    write_frame(path, folds[COLUMNS])


def read_folds(path: Path | str) -> pd.DataFrame:
    """Return folds.csv: ID, target, group as str, fold as int64 (-1: holdout, -2: trained on in every fold).

    Raises FileNotFoundError, ValueError for other contents, and LeakError (which is one) for a divided group.
    """
    folds = read_frame(path, COLUMNS, "split")
    if twice := repeated(folds["ID"]):
        raise ValueError(f"{path}: repeated IDs: {examples(twice)}")
    if not folds["fold"].str.fullmatch(r"-[12]|\d+").all():
        raise ValueError(
            f"{path}: column fold: expected whole numbers from -2, found {folds['fold'].unique()[:10].tolist()}"
        )
    folds = folds.astype({"fold": "int64"})
    check_folds(folds, str(path))
    return folds


def check_learnable(folds: pd.DataFrame, numbers: tuple[int, ...], several: bool = False) -> None:
    """Raise ValueError for a fold that no network can be trained for: all its training images are of one class.

    With `several`: they have the very same labels.
    """
    for number in numbers:
        taught = folds[~folds["fold"].isin([HOLDOUT, number])]
        if several and taught["target"].nunique() == 1:
            raise ValueError(
                f"fold {number} would be trained on images that all have the labels {taught['target'].iloc[0]!r}: "
                f"others belong together and are scored there; add independent images with other labels. The {GROUPS}"
            )
        if taught["target"].nunique() < 2:
            alone = sorted(set(folds.loc[folds["fold"] == number, "target"]) - set(taught["target"]))
            raise ValueError(
                f"fold {number} would be trained on images of one class: all of class {', '.join(alone)} belong "
                f"together and are scored there; add independent images of it. The {GROUPS}"
            )
