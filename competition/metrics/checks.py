"""Checks of encoded labels and answers, arrays: what every metric starts from."""

import numpy as np
from numpy.typing import ArrayLike

from competition.common.errors import examples

SLACK = 1e-6  # a float32 mean of probabilities may leave [0, 1] by rounding


def checked_labels(labels: ArrayLike, n_classes: int) -> np.ndarray:
    """Return encoded labels: (N,) int64 class indices, or (N, C) uint8 of 0 and 1 where an image has several.

    Raises ValueError for no rows, another number of columns than n_classes, or a label outside the classes.
    """
    labels = np.asarray(labels)
    if labels.ndim not in (1, 2) or not len(labels) or labels.shape[1:] not in ((), (n_classes,)):
        expected = f"(N,), or (N, {n_classes}) for several labels an image, with N >= 1"
        raise ValueError(f"labels: expected an array {expected}, found shape {labels.shape}")
    several = labels.ndim == 2
    highest = 1 if several else n_classes - 1
    if labels.dtype.kind not in "biu" or labels.min() < 0 or labels.max() > highest:
        expected = "0 and 1, has the label or not" if several else f"class indices 0 to {highest}"
        raise ValueError(f"labels: expected {expected}, found {examples(np.unique(labels))}")
    return labels.astype(np.uint8 if several else np.int64)


def checked_answers(
    y_true: ArrayLike, y_pred: ArrayLike, n_classes: int, takes: str = "labels"
) -> tuple[np.ndarray, np.ndarray]:
    """Return (y_true, y_pred): encoded labels, see `checked_labels`, and what is scored against them.

    takes: "labels", y_pred as y_true; "probabilities", (N, C) float64 in [0, 1]; "ranks", (N, C) float64, finite, or
    -inf for a class that is no answer at all.
    Raises ValueError for shapes that differ, or values out of these ranges.
    """
    y_true = checked_labels(y_true, n_classes)
    if takes == "labels":
        y_pred, expected = checked_labels(y_pred, n_classes), y_true.shape
    else:
        y_pred, expected = np.asarray(y_pred, np.float64), (len(y_true), n_classes)
    if y_pred.shape != expected:
        raise ValueError(f"{takes}: expected shape {expected}, as the labels have it, found {y_pred.shape}")
    if takes != "labels":
        low, high = y_pred.min(), y_pred.max()
        bounded = np.isfinite(low) or (takes == "ranks" and low == -np.inf)
        if not (bounded and high < np.inf):
            raise ValueError(f"{takes}: {(~np.isfinite(y_pred)).any(axis=1).sum()} rows are not finite")
        if takes == "probabilities" and (low < -SLACK or high > 1 + SLACK):
            raise ValueError(f"probabilities: expected numbers in [0, 1], found {low:.6g} to {high:.6g}")
    return y_true, y_pred


def checked_weights(weights: ArrayLike | None, n_rows: int) -> np.ndarray | None:
    """Return weights (N,), or None. Raises ValueError for another shape, one below 0, or nothing above it."""
    if weights is None:
        return None
    weights = np.asarray(weights)
    if weights.shape != (n_rows,) or not (weights.min() >= 0 and 0 < weights.max() < np.inf):
        raise ValueError(
            f"weights: expected ({n_rows},) finite numbers, none below 0, not all 0; shape {weights.shape}"
        )
    return weights
