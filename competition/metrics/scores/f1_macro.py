"""Macro F1: the mean of the classes' F1, so that a class of few images counts as much as any."""

from collections.abc import Sequence

import numpy as np

from competition.metrics.bootstrap import resampled_rows
from competition.metrics.metric import Metric
from competition.metrics.per_class import class_counts, f1_of
from competition.metrics.scores import METRICS


@METRICS.register
class MacroF1(Metric):
    """Mean F1 in [0, 1] of every class that occurs in y_true or in y_pred.

    The same as `sklearn.metrics.f1_score(average="macro", zero_division=0)`: a class that occurs on neither side
    doesn't count, one that occurs on one side only counts as 0.
    """

    label = "macro F1"
    per_class_note = "Macro F1 is the mean of these: a class of few images counts as much as any."

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        """Macro F1 of class indices (N,)."""
        return _mean_f1(*class_counts(y_true, y_pred, n_classes, weights))

    def resampled(
        self,
        y_true: np.ndarray,
        predictions: Sequence[np.ndarray],
        n_classes: int,
        resamples: int,
        generator: np.random.Generator,
        weights: np.ndarray | None,
    ) -> np.ndarray:
        """(R, M): a resample counts each row as often as it was drawn; all classes' counts are one matrix product."""
        one_hot = np.eye(n_classes, dtype=np.float32)
        in_true = one_hot[y_true]
        in_pred = [one_hot[y_pred] for y_pred in predictions]
        scores = []
        for drawn in resampled_rows(len(y_true), resamples, generator):
            times = _times_drawn(drawn)
            if weights is not None:
                times *= weights.astype(np.float32)
            of_true = times @ in_true
            columns = [_mean_f1(times @ (in_true * one), of_true, times @ one) for one in in_pred]
            scores.append(np.stack(columns, axis=1))
        return np.concatenate(scores)


def _times_drawn(drawn: np.ndarray) -> np.ndarray:
    """Return (r, N) float32: how often each row was drawn, of row numbers (r, N)."""
    cells = drawn + np.arange(len(drawn))[:, None] * drawn.shape[1]
    return np.bincount(cells.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float32)


def _mean_f1(hits: np.ndarray, in_true: np.ndarray, in_pred: np.ndarray) -> np.ndarray:
    return np.nanmean(f1_of(hits, in_true, in_pred), axis=-1)
