"""Who is scored by whom: near-duplicates found, then stratified folds that keep each group on one side."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.files import replace_file
from competition.leaks import check_folds
from competition.seeds import generator

HOLDOUT = -1
COLUMNS = ["ID", "target", "fold", "group"]
BLOCK = 250_000  # hash pairs compared at once: few enough for the processor's cache


def make_folds(
    ids: Sequence[str], targets: Sequence[str], groups: Sequence[str], n_splits: int, seed: int, holdout: float = 0.0
) -> np.ndarray:
    """(N,) int64: each image's fold, 0 to n_splits - 1, or -1 for the `holdout` share that no fold sees.

    ids, targets, groups: (N,) str. A group is never divided. Each class is spread as evenly over the folds as its
    groups allow: groups of one image give every fold the same number of them, or one more. A class with fewer groups
    than folds is in some of them only (see `scarce_classes`). The holdout depends on seed and share, not on n_splits.
    The order of the rows changes nothing.
    """
    if not len(ids) == len(targets) == len(groups):
        raise ValueError(f"lengths differ: {len(ids)} ids, {len(targets)} targets, {len(groups)} groups")
    if len(set(ids)) < len(ids):
        raise ValueError(f"{len(ids) - len(set(ids))} IDs stand more than once")
    names, group_of_row = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if n_splits < 2 or len(names) < n_splits:
        raise ValueError(f"{n_splits} folds of {len(names)} groups of images: expected at least 2 folds, a group for each")
    counts = pd.crosstab(group_of_row, np.asarray(targets, dtype=str)).to_numpy()
    fold_of_group = np.full(len(names), HOLDOUT)
    seen = np.arange(len(names))
    if holdout > 0:
        sides = _spread(counts, np.array([1 - holdout, holdout]), generator(seed, "holdout"))
        seen = np.flatnonzero(sides == 0)
    if len(seen) < n_splits:
        raise ValueError(f"a holdout of {holdout} leaves {len(seen)} groups of images for {n_splits} folds; lower it")
    fold_of_group[seen] = _spread(counts[seen], np.full(n_splits, 1 / n_splits), generator(seed, "folds"))
    return fold_of_group[group_of_row]


def _spread(counts: np.ndarray, shares: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """(G,) the part each group goes to; counts: (G, C) images; shares: (P,) of the images, sum to 1.

    Largest group first (equals in random order), to where it adds least to the chi-square distance between the parts'
    class counts and their shares; the emptiest of equals.
    """
    order = draws.permutation(len(counts))
    order = order[np.argsort(-counts.sum(axis=1)[order], kind="stable")]
    class_totals = np.maximum(counts.sum(axis=0), 1)
    filled = np.zeros((len(shares), counts.shape[1]))
    parts = np.empty(len(counts), dtype=np.int64)
    for group in order:
        present = np.flatnonzero(counts[group])
        new = counts[group, present]
        added = ((2 * filled[:, present] + new) * new / class_totals[present]).sum(axis=1) / shares
        best = np.flatnonzero(added <= added.min() + 1e-9)
        part = best[np.argmin(filled[best].sum(axis=1) / shares[best])]
        filled[part, present] += new
        parts[group] = part
    return parts


def scarce_classes(targets: Sequence[str], groups: Sequence[str], n_splits: int) -> list[str]:
    """One warning for each class with fewer groups than folds: some folds can't score it; one group can't be learnt."""
    counts = pd.DataFrame({"target": targets, "group": groups}).groupby("target")["group"].agg(["nunique", "size"])
    warnings = []
    for target, (n_groups, n_images) in counts[counts["nunique"] < n_splits].iterrows():
        what = "all in one fold, whose model never sees the class" if n_groups == 1 else "so some folds don't score it"
        warnings.append(f"class {target}: {n_images} images in {n_groups} independent groups for {n_splits} folds, {what}")
    return warnings


def near_duplicate_groups(
    ids: Sequence[str], hashes: np.ndarray, bits: int, given: Sequence[str | None] | None = None
) -> np.ndarray:
    """(N,) str: each image's group, named after its smallest ID.

    Images are of one group when their hashes, (N,) uint64, differ in at most `bits` bits (-1: never), when `given`
    names one group for both, or through others: A like B and B like C puts A with C. None or "" is no given group.
    """
    ids = np.asarray(ids, dtype=str)
    hashes = np.asarray(hashes, dtype=np.uint64)
    if not len(ids) == len(hashes) == (len(ids) if given is None else len(given)):
        raise ValueError(f"lengths differ: {len(ids)} ids, {len(hashes)} hashes")
    labels = np.arange(len(ids))
    if given is not None:
        named = [row for row, name in enumerate(given) if isinstance(name, str) and name]
        _, first, where = np.unique([given[row] for row in named], return_index=True, return_inverse=True)
        labels = _merge(labels, np.array(named, dtype=np.int64)[first[where]], np.array(named, dtype=np.int64))
    if bits >= 0:
        labels = _merge_close(labels, hashes, bits)
    smallest = pd.Series(ids.tolist()).groupby(labels).transform("min")
    return np.array(smallest.tolist(), dtype=str)


def _merge_close(labels: np.ndarray, hashes: np.ndarray, bits: int) -> np.ndarray:
    """`labels` with all rows merged whose hashes differ in at most `bits` bits."""
    distinct, first, where = np.unique(hashes, return_index=True, return_inverse=True)
    labels = _merge(labels, first[where], np.arange(len(hashes)))
    pending, n_pending = [np.empty((2, 0), dtype=np.int64)], 0
    for rows in _buckets(distinct, bits):
        step = max(1, BLOCK // len(rows))
        for start in range(0, len(rows), step):
            some, others = rows[start : start + step], rows[start:]
            known = labels[first[others]]
            if (known == known[0]).all():
                break
            one, other = np.nonzero(np.bitwise_count(distinct[some, None] ^ distinct[others]) <= bits)
            is_new = known[one] != known[other]
            if is_new.any():
                pending.append(np.stack([some[one[is_new]], others[other[is_new]]]))
                n_pending += pending[-1].shape[1]
            if n_pending > 4 * BLOCK:
                labels = _merge(labels, *first[np.concatenate(pending, axis=1)])
                pending, n_pending = pending[:1], 0
    return _merge(labels, *first[np.concatenate(pending, axis=1)])


def _buckets(hashes: np.ndarray, bits: int) -> Iterator[np.ndarray]:
    """Rows of `hashes` to be compared with each other: two within `bits` share a bucket.

    Cut into bits + 1 pieces, two such hashes have at least one piece in common (Norouzi et al., Fast Search in Hamming
    Space with Multi-Index Hashing, CVPR 2012). Short pieces would sift nothing: then there is one bucket.
    """
    width = 64 // (bits + 1)
    if width < 8:
        yield np.arange(len(hashes))
        return
    for piece in range(bits + 1):
        values = (hashes >> np.uint64(piece * width)) & np.uint64(2**width - 1)
        order = np.argsort(values, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(values[order])) + 1):
            if len(rows) > 1:
                yield rows


def _merge(labels: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N,) each row's component, as the smallest row in it, once rows `one` and `other` (P,) are joined pairwise.

    Union-find in whole arrays: every component hooks onto the smallest one it meets, until no pair differs.
    """
    while True:
        low, high = np.sort([labels[one], labels[other]], axis=0)
        differ = low < high
        if not differ.any():
            return labels
        one, other = one[differ], other[differ]
        parent = np.arange(len(labels))
        np.minimum.at(parent, high, low)
        while (parent != parent[parent]).any():
            parent = parent[parent]
        labels = parent[labels]


def write_folds(path: Path | str, folds: pd.DataFrame) -> None:
    """Write `folds` (ID, target, fold, group) as CSV, in the order of its rows."""
    with replace_file(path) as temporary:
        folds[COLUMNS].to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def read_folds(path: Path | str) -> pd.DataFrame:
    """folds.csv: ID, target, group as str, fold as int64 (-1: holdout). Raises FileNotFoundError; ValueError, also for a divided group."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `python -m pipelines.split` makes it")
    folds = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    if list(folds.columns) != COLUMNS:
        raise ValueError(f"{path}: expected the columns {COLUMNS}, found {list(folds.columns)}")
    if folds["ID"].duplicated().any():
        raise ValueError(f"{path}: repeated IDs: {', '.join(folds['ID'][folds['ID'].duplicated()].head().tolist())}")
    if not folds["fold"].str.fullmatch(r"-1|\d+").all():
        raise ValueError(f"{path}: column fold: expected whole numbers from -1, found {folds['fold'].unique()[:10].tolist()}")
    folds = folds.astype({"fold": "int64"})
    check_folds(folds, str(path))
    return folds
