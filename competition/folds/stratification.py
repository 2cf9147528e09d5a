"""Stratification: groups of images dealt to parts so that each part has its share of every class, or of every label."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array

from competition.data.label_sets import split_labels

COMBINATIONS = 500  # of labels, the most frequent, that are spread too
COMBINATION_WEIGHT = 0.02  # beside a label's 1: they decide between parts that the labels leave equal


def group_counts(
    targets: Sequence[str], group_of_row: np.ndarray, several: bool
) -> tuple[csr_array, np.ndarray | None]:
    """Return counts (G, K) of each group's images, and the weights (K,) of these columns, None for one each.

    Sparse, since a group has images of few of thousands of classes.

    targets: (N,); group_of_row: (N,) group numbers. A column is a class. With `several` it is a label; then come all
    images, and the combinations of two or more labels that more than one image has.
    """
    if not several:
        classes, class_of_row = np.unique(np.asarray(targets, dtype=str), return_inverse=True)
        return _counted(group_of_row, class_of_row, len(classes)), None
    labels = [split_labels(target) for target in targets]
    combinations = Counter(target for target, own in zip(targets, labels, strict=True) if len(own) > 1)
    common = sorted((target for target, n in combinations.items() if n > 1), key=lambda one: (-combinations[one], one))
    known = sorted({label for own in labels for label in own})
    column = {("label", label): k for k, label in enumerate(known)} | {("image",): len(known)}
    column |= {("combination", target): len(column) + k for k, target in enumerate(common[:COMBINATIONS])}
    cells = [
        (group, column[key])
        for group, target, own in zip(group_of_row.tolist(), targets, labels, strict=True)
        for key in (*(("label", label) for label in own), ("image",), ("combination", target))
        if key in column
    ]
    weights = np.ones(len(column))
    weights[len(known) + 1 :] = COMBINATION_WEIGHT
    return _counted(*np.array(cells).T, len(column)), weights


def _counted(groups: np.ndarray, columns: np.ndarray, n_columns: int) -> csr_array:
    """Return (G, n_columns) int64: how often each group stands beside each column, its columns ascending."""
    shape = int(groups.max()) + 1, n_columns
    counts = coo_array((np.ones(len(groups), np.int64), (groups, columns)), shape=shape).tocsr()
    counts.sort_indices()
    return counts


def spread(
    counts: csr_array, shares: np.ndarray, draws: np.random.Generator, weights: np.ndarray | None = None
) -> np.ndarray:
    """Return (G,) the part each group goes to; see `group_counts`; shares: (P,) of the images, sum to 1.

    Largest group first (equals in random order), to where it adds least to the chi-square distance between the parts'
    class counts and their shares; the emptiest of equals. With weights the largest group is the one that holds most of
    its labels: rare ones have to be placed while there is a choice.
    """
    class_totals = np.maximum(counts.sum(axis=0), 1)
    sizes = counts.sum(axis=1) if weights is None else counts @ (weights / class_totals)
    weights = np.ones(counts.shape[1]) if weights is None else weights
    order = draws.permutation(counts.shape[0])
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled = np.zeros((len(shares), counts.shape[1]))
    parts = np.empty(counts.shape[0], dtype=np.int64)
    for group in order:
        own = slice(counts.indptr[group], counts.indptr[group + 1])
        present, new = counts.indices[own], counts.data[own]
        added = (2 * filled[:, present] + new) * new / class_totals[present] * weights[present]
        added = added.sum(axis=1) / shares
        best = np.flatnonzero(added <= added.min() + 1e-9)
        part = best[np.argmin(filled[best].sum(axis=1) / shares[best])]
        filled[part, present] += new
        parts[group] = part
    return parts
