"""Macro F1, per-class F1, confusion matrix and bootstrap intervals, as scikit-learn defines them, on plain arrays."""

from collections.abc import Sequence

import numpy as np

Labels = Sequence | np.ndarray
Classes = int | Sequence[str]


def macro_f1(true: Labels, predicted: Labels, classes: Classes, weights: np.ndarray | None = None) -> float:
    """Macro F1 in [0, 1]: the mean of the F1 of every class that occurs in `true` or in `predicted`.

    true, predicted: (N,), N >= 1. Class indices when `classes` is their count, else labels out of `classes`. weights:
    (N,), none below 0: how often each row counts; once when None. The same as
    `sklearn.metrics.f1_score(average="macro", zero_division=0)`: a class that occurs on neither side doesn't count, one
    that occurs on one side only counts as 0. Raises ValueError for lengths that differ, no rows, or a label outside the
    classes.
    """
    true, predicted, n_classes = _as_indices(true, predicted, classes)
    if weights is None:
        return float(_macro(*_counts(true, predicted, n_classes)))
    hits = true == predicted
    rows = ((true[hits], weights[hits]), (true, weights), (predicted, weights))
    return float(_macro(*(np.bincount(values, of_row, minlength=n_classes) for values, of_row in rows)))


def per_class_f1(true: Labels, predicted: Labels, classes: Classes) -> np.ndarray:
    """(C,) float64: each class's F1 in [0, 1], NaN for a class that occurs on neither side. See `macro_f1`."""
    true, predicted, n_classes = _as_indices(true, predicted, classes)
    return _f1(*_counts(true, predicted, n_classes))


def confusion_matrix(true: Labels, predicted: Labels, classes: Classes) -> np.ndarray:
    """(C, C) int64: images of class [row] that were answered [column]. See `macro_f1`."""
    true, predicted, n_classes = _as_indices(true, predicted, classes)
    return np.bincount(true * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)


def bootstrap_interval(
    true: Labels,
    predicted: Labels,
    n_classes: Classes,
    resamples: int,
    confidence: float,
    generator: np.random.Generator,
) -> tuple[float, float, float]:
    """(value, low, high) of macro F1: its value, and its percentile bootstrap interval at `confidence` in (0, 1).

    Every resample draws N rows with replacement (Efron and Tibshirani, An Introduction to the Bootstrap, 13.3).
    The interval says what other images of the same kind would do to the score, not what another training run would.
    """
    scores = bootstrap_scores(true, [predicted], n_classes, resamples, generator)[:, 0]
    return macro_f1(true, predicted, n_classes), *interval(scores, confidence)


def bootstrap_scores(
    true: Labels,
    answers: Sequence[Labels],
    classes: Classes,
    resamples: int,
    generator: np.random.Generator,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """(R, M) float64: macro F1 of each of M answers, each (N,), on each of R bootstrap resamples of the N rows.

    weights: (N,), how often a drawn row counts; once when None. All answers are scored on the same resamples, so that
    differences of columns are paired. A resample counts each row as often as it was drawn; the counts of all classes
    and answers are then one matrix product. See `macro_f1`.
    """
    if resamples < 1 or not len(answers):
        raise ValueError(f"resamples: {resamples}, answers: {len(answers)}; expected at least 1 of each")
    pairs = [_as_indices(true, predicted, classes) for predicted in answers]
    true, n_classes = pairs[0][0], pairs[0][2]
    one_hot = np.eye(n_classes, dtype=np.float32)
    in_true = one_hot[true]
    in_predicted = [one_hot[predicted] for _, predicted, _ in pairs]
    scores = np.empty((resamples, len(pairs)))
    chunk = max(1, 2_000_000 // len(true))  # rows drawn at once: bounds the memory, changes no number
    for start in range(0, resamples, chunk):
        drawn = generator.integers(len(true), size=(min(chunk, resamples - start), len(true)))
        drawn += np.arange(len(drawn))[:, None] * len(true)
        times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float32)
        if weights is not None:
            times *= weights.astype(np.float32)
        of_true = times @ in_true
        for column, predicted in enumerate(in_predicted):
            scores[start : start + chunk, column] = _macro(times @ (in_true * predicted), of_true, times @ predicted)
    return scores


def interval(scores: np.ndarray, confidence: float) -> tuple[float, float]:
    """(low, high) of bootstrap `scores` (R,): their percentile interval at `confidence` in (0, 1)."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence}; expected a number between 0 and 1")
    low, high = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _counts(true: np.ndarray, predicted: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(..., C) hits, occurrences in `true`, occurrences in `predicted`, for (..., N) class indices."""
    rows = true.reshape(-1, true.shape[-1])
    offsets = np.arange(len(rows))[:, None] * n_classes
    in_true, in_predicted = rows + offsets, predicted.reshape(rows.shape) + offsets

    def count(values: np.ndarray) -> np.ndarray:
        return np.bincount(values.ravel(), minlength=len(rows) * n_classes).reshape(*true.shape[:-1], n_classes)

    return count(in_true[in_true == in_predicted]), count(in_true), count(in_predicted)


def _f1(hits: np.ndarray, in_true: np.ndarray, in_predicted: np.ndarray) -> np.ndarray:
    occurrences = (in_true + in_predicted).astype(np.float64)
    return np.divide(2 * hits, occurrences, out=np.full(hits.shape, np.nan), where=occurrences > 0)


def _macro(hits: np.ndarray, in_true: np.ndarray, in_predicted: np.ndarray) -> np.ndarray:
    return np.nanmean(_f1(hits, in_true, in_predicted), axis=-1)


def _as_indices(true: Labels, predicted: Labels, classes: Classes) -> tuple[np.ndarray, np.ndarray, int]:
    true, predicted = np.asarray(true), np.asarray(predicted)
    if true.ndim != 1 or true.shape != predicted.shape or not len(true):
        raise ValueError(f"expected two (N,) arrays with N >= 1, found shapes {true.shape} and {predicted.shape}")
    if isinstance(classes, (int, np.integer)):
        for values in (true, predicted):
            if values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= classes:
                raise ValueError(f"expected class indices 0 to {classes - 1}, found {_examples(np.unique(values))}")
        return true.astype(np.int64), predicted.astype(np.int64), int(classes)
    class2index = {label: index for index, label in enumerate(classes)}
    unknown = sorted({*true.tolist(), *predicted.tolist()} - class2index.keys(), key=str)
    if unknown:
        raise ValueError(f"labels outside the {len(class2index)} classes: {_examples(unknown)}")
    pairs = ([class2index[label] for label in values.tolist()] for values in (true, predicted))
    return np.array(next(pairs)), np.array(next(pairs)), len(class2index)


def _examples(values: Sequence | np.ndarray) -> str:
    return ", ".join(str(value) for value in list(values)[:5]) + (" ..." if len(values) > 5 else "")
