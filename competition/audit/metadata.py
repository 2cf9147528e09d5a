"""Metadata that give the labels away: columns like an ID, and columns that tell the classes apart all alone."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeRegressor

from competition.common.seeds import derived_seed
from competition.data.label_sets import label_counts
from competition.data.metadata import Metadata

TOO_GOOD = 0.98  # AUC of one column alone
FEWEST = 20  # rows from which on anything is said, and in which all texts are different
ROWS = 5000  # looked at, at the most
SCORED = 5  # images with a label, and without it, for its AUC to count


def metadata_warnings(metadata: Metadata, ids: Sequence[str], labels: np.ndarray, n_classes: int) -> list[str]:
    """Return a warning for each column of the training images `ids` (N,) that looks like an ID or like the labels.

    labels: encoded, (N,) or (N, C).
    """
    table = metadata.of("train", ids)
    if len(table) < FEWEST:
        return []
    rows = np.random.default_rng(derived_seed(0, "metadata")).permutation(len(table))[:ROWS]
    y_true = _scored(labels[rows], n_classes)
    warnings = []
    for name in (*metadata.categories, *metadata.numbers):
        known = table[name].dropna()
        if name in metadata.categories and len(known) >= FEWEST and known.is_unique:
            warnings.append(
                f"metadata column {name}: another text in every row, as an ID, a file name or free text is: nothing "
                "can be learnt from it; leave it out of task.metadata"
            )
        elif (auc := column_auc(table[name].iloc[rows], y_true)) >= TOO_GOOD:
            warnings.append(
                f"metadata column {name}: tells the classes apart all alone (AUC {auc:.3f}): it may be made of the "
                "labels, or of the order of the rows; unless the test images' is known in the same way, leave it out "
                "of task.metadata"
            )
    return warnings


def column_auc(column: pd.Series, y_true: np.ndarray) -> float:
    """Return the mean over labels of the AUC of what one column says of other rows, by 5-fold cross-validation.

    column: (N,) numbers, or str and None, in random order; y_true: (N, L) of 0 and 1; 0.5 without labels.
    """
    if not y_true.shape[1]:
        return 0.5
    column, found = column.reset_index(drop=True), np.empty_like(y_true)
    for learnt, asked in KFold(5).split(column):
        say = _of_numbers if column.dtype.kind == "f" else _of_categories
        found[asked] = say(column.iloc[learnt], y_true[learnt], column.iloc[asked])
    return float(np.mean([roc_auc_score(*pair) for pair in zip(y_true.T, found.T, strict=True)]))


def _scored(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Return (N, L) float64 of 0 and 1: the labels that count, which enough rows have, and enough lack."""
    counts = label_counts(labels, n_classes)
    chosen = np.flatnonzero(np.minimum(counts, len(labels) - counts) >= SCORED)
    return (labels[:, chosen] if labels.ndim == 2 else labels[:, None] == chosen).astype(np.float64)


def _of_numbers(learnt: pd.Series, y_true: np.ndarray, asked: pd.Series) -> np.ndarray:
    """Return what a small tree says of the numbers `asked`, (A, C)."""
    below = float(np.nan_to_num(learnt.min())) - 1  # what is missing stands below all
    tree = DecisionTreeRegressor(min_samples_leaf=5, max_leaf_nodes=max(8, 2 * y_true.shape[1]), random_state=0)
    tree.fit(learnt.fillna(below).to_frame().to_numpy(), y_true)
    return tree.predict(asked.fillna(below).to_frame().to_numpy()).reshape(len(asked), -1)


def _of_categories(learnt: pd.Series, y_true: np.ndarray, asked: pd.Series) -> np.ndarray:
    """Return the labels' shares in each category `asked`, (A, C), drawn to those of all by one row."""
    everywhere = y_true.mean(axis=0)
    sums = pd.DataFrame(y_true).groupby(learnt.fillna("").to_numpy()).agg(["sum", "size"])
    totals, sizes = sums.xs("sum", axis=1, level=1), sums.xs("size", axis=1, level=1)
    shares = (totals + everywhere) / (sizes + 1)
    return shares.reindex(asked.fillna("").to_numpy()).fillna(dict(enumerate(everywhere))).to_numpy()
