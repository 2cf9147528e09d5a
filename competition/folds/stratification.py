"""Stratification: groups of images dealt to parts so that each part has its share of every class, or of every label."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack

from competition.data.label_sets import split_labels

COMBINATIONS = 500  # of labels, the most frequent, that are spread too
COMBINATION_WEIGHT = 0.02  # beside a label's 1: they decide between parts that the labels leave equal
SIZE_WEIGHT = 1e-3  # of the parts' sizes, beside a class's 1
FAR = 7919  # a number's digits after its first ones, as a second number
LEAST_GAIN = 1e-9  # that a group is moved for: what rounding makes of nothing is less


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


def spread(counts: csr_array, shares: np.ndarray, places: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return (G,) the part each group goes to; see `group_counts`; shares: (P,) of the images, sum to 1.

    places: (G,) in [0, 1), a group's own. They say where it goes at first; then groups are moved, one by one, as long
    as that lessens the chi-square distance between the parts' class counts and their shares, and of equal ones between
    the parts' sizes. So a group more or less moves few others.
    """
    ends = np.cumsum(shares)
    parts = np.minimum(np.searchsorted(ends, places, side="right"), len(shares) - 1)
    order = np.argsort((places - ends[parts]) / shares[parts], kind="stable")
    # which of equal parts a group goes to is its own choice too: what the others did before it changes with any of them
    choice = (places[:, None] * FAR + np.arange(len(shares)) / len(shares)) % 1
    sizes = csr_array(counts.sum(axis=1)[:, None])
    counts = hstack([counts, sizes], format="csr")
    weights = np.ones(counts.shape[1] - 1) if weights is None else weights
    totals = np.maximum(counts.sum(axis=0), 1)
    _balance(counts, np.append(weights, 0.0) / totals, shares, parts, order, choice)
    _balance(counts, np.append(weights, SIZE_WEIGHT) / totals, shares, parts, order, np.zeros_like(choice))
    return parts


def _balance(
    counts: csr_array, weights: np.ndarray, shares: np.ndarray, parts: np.ndarray, order: np.ndarray, choice: np.ndarray
) -> None:
    """Move groups to other `parts` (G,), in `order`, until no move of one lessens the distance.

    weights: (K,) of the columns, over their totals; choice: (G, P), the lowest is taken of equally good parts.
    """
    filled = np.stack([counts[parts == part].sum(axis=0) for part in range(len(shares))]).astype(np.float64)
    moved = True
    while moved:
        moved = False
        for group in order:
            own = slice(counts.indptr[group], counts.indptr[group + 1])
            present, new, part = counts.indices[own], counts.data[own], parts[group]
            filled[part, present] -= new
            added = ((2 * filled[:, present] + new) * new * weights[present]).sum(axis=1) / shares
            best = int(np.argmin(added + LEAST_GAIN * choice[group]))
            if added[best] < added[part] - LEAST_GAIN:
                parts[group], moved = best, True
            filled[parts[group], present] += new
