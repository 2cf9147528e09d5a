"""F1 per class and the confusion matrix, as scikit-learn defines them: diagnostics, whatever the metric is."""

import numpy as np

from competition.metrics.labels import Classes, Labels, as_indices


def per_class_f1(y_true: Labels, y_pred: Labels, classes: Classes) -> np.ndarray:
    """(C,) float64: F1 in [0, 1] of each class, NaN for a class that occurs on neither side. See `as_indices`."""
    return f1_of(*class_counts(*as_indices(y_true, y_pred, classes)))


def confusion_matrix(y_true: Labels, y_pred: Labels, classes: Classes) -> np.ndarray:
    """Return (C, C) int64: images of class [row] that are predicted as [column]. See `as_indices`."""
    y_true, y_pred, n_classes = as_indices(y_true, y_pred, classes)
    return np.bincount(y_true * n_classes + y_pred, minlength=n_classes**2).reshape(n_classes, n_classes)


def class_counts(
    y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (C,) each: true positives, occurrences in y_true, in y_pred; weights: (N,), how often a row counts."""
    hits = y_true == y_pred
    rows = ((y_true, hits), (y_true, slice(None)), (y_pred, slice(None)))
    return tuple(
        np.bincount(labels[chosen], None if weights is None else weights[chosen], n_classes) for labels, chosen in rows
    )


def f1_of(hits: np.ndarray, in_true: np.ndarray, in_pred: np.ndarray) -> np.ndarray:
    """Return (..., C) float64: F1 out of what `class_counts` counts, each (..., C)."""
    occurrences = (in_true + in_pred).astype(np.float64)
    return np.divide(2 * hits, occurrences, out=np.full(hits.shape, np.nan), where=occurrences > 0)
