"""F1 per class and the confusion matrix, as scikit-learn defines them: diagnostics, whatever the metric is."""

import numpy as np
from numpy.typing import ArrayLike

from competition.metrics.checks import checked_answers

MANY = 256  # classes


def per_class_f1(y_true: ArrayLike, y_pred: ArrayLike, n_classes: int) -> np.ndarray:
    """(C,) float64: F1 in [0, 1] of each class, NaN for a class that occurs on neither side. See `checked_labels`."""
    return f1_of(*class_counts(*checked_answers(y_true, y_pred, n_classes), n_classes))


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, n_classes: int) -> np.ndarray:
    """Return (C, C) int64: images of class [row] that are predicted as [column].

    y_true, y_pred: (N,), see `checked_labels`. Raises ValueError for several labels an image: no one label is in
    another's place then.
    """
    y_true, y_pred = checked_answers(y_true, y_pred, n_classes)
    if y_true.ndim == 2:
        raise ValueError("confusion matrix: needs one label an image, found several")
    return np.bincount(y_true * n_classes + y_pred, minlength=n_classes**2).reshape(n_classes, n_classes)


def class_counts(
    y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (C,) each: true positives, occurrences in y_true, in y_pred; weights: (N,), how often a row counts.

    y_true, y_pred: (N,) class indices, or (N, C) of 0 and 1.
    """
    if y_true.ndim == 2:
        ones = np.ones(len(y_true), np.int64) if weights is None else weights
        return tuple(ones @ labels for labels in (y_true & y_pred, y_true, y_pred))
    hits = y_true == y_pred
    rows = ((y_true, hits), (y_true, slice(None)), (y_pred, slice(None)))
    return tuple(
        np.bincount(labels[chosen], None if weights is None else weights[chosen], n_classes) for labels, chosen in rows
    )


def drawn_counts(
    y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (r, C) each: what `class_counts` counts, each row counted `times` (r, N).

    A matrix product each; of many classes, whose (N, C) would be nearly all 0, a count of each resample.
    """
    if y_true.ndim == 1 and n_classes > MANY:
        counts = [class_counts(y_true, y_pred, n_classes, one) for one in times]
        return tuple(np.stack(part) for part in zip(*counts, strict=True))
    in_true, in_pred = (indicators(labels, n_classes) for labels in (y_true, y_pred))
    return times @ (in_true * in_pred), times @ in_true, times @ in_pred


def counts_of_truths(
    y_trues: np.ndarray, y_pred: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (r, C) each: what `class_counts` counts of y_pred (N,) against each of y_trues (r, N)."""
    places = y_trues + n_classes * np.arange(len(y_trues))[:, None]
    shape, cells = (len(y_trues), n_classes), n_classes * len(y_trues)
    hits, in_true = (np.bincount(chosen, minlength=cells) for chosen in (places[y_trues == y_pred], places.ravel()))
    in_pred = np.bincount(y_pred, minlength=n_classes)
    return hits.reshape(shape), in_true.reshape(shape), np.broadcast_to(in_pred, shape)


def indicators(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """(N, C) float32 of 0 and 1: which labels each row has; labels: (N,) class indices, or (N, C)."""
    return labels.astype(np.float32) if labels.ndim == 2 else np.eye(n_classes, dtype=np.float32)[labels]


def f1_of(hits: np.ndarray, in_true: np.ndarray, in_pred: np.ndarray) -> np.ndarray:
    """Return (..., C) float64: F1 out of what `class_counts` counts, each (..., C)."""
    occurrences = (in_true + in_pred).astype(np.float64)
    return np.divide(2 * hits, occurrences, out=np.full(hits.shape, np.nan), where=occurrences > 0)
