"""Class indices of labels, checked: what every metric starts from."""

from collections.abc import Sequence

import numpy as np

from competition.common.errors import examples

Labels = Sequence | np.ndarray
Classes = int | Sequence[str]


def as_indices(y_true: Labels, y_pred: Labels, classes: Classes) -> tuple[np.ndarray, np.ndarray, int]:
    """Return y_true and y_pred (N,) as int64 class indices, and the number of classes.

    y_true, y_pred: (N,), N >= 1. Class indices when `classes` is their count, else labels out of `classes`. Raises
    ValueError for lengths that differ, no rows, or a label outside the classes.
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.ndim != 1 or y_true.shape != y_pred.shape or not len(y_true):
        raise ValueError(f"expected two (N,) arrays with N >= 1, found shapes {y_true.shape} and {y_pred.shape}")
    if isinstance(classes, int | np.integer):
        for values in (y_true, y_pred):
            if values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= classes:
                raise ValueError(f"expected class indices 0 to {classes - 1}, found {examples(np.unique(values))}")
        return y_true.astype(np.int64), y_pred.astype(np.int64), int(classes)
    class2index = {label: index for index, label in enumerate(classes)}
    unknown = sorted({*y_true.tolist(), *y_pred.tolist()} - class2index.keys(), key=str)
    if unknown:
        raise ValueError(f"labels outside the {len(class2index)} classes: {examples(unknown)}")
    pairs = ([class2index[label] for label in values.tolist()] for values in (y_true, y_pred))
    return np.array(next(pairs)), np.array(next(pairs)), len(class2index)
