"""Macro F1: the mean of the classes' F1, so that a class of few images counts as much as any."""

import numpy as np

from competition.metrics.class_counts import OFFSETS, THRESHOLDS, ClassCountMetric
from competition.metrics.means import mean_of_defined
from competition.metrics.per_class import class_counts, f1_of
from competition.metrics.scores import METRICS


@METRICS.register
class MacroF1(ClassCountMetric):
    """Mean F1 in [0, 1] of every class that occurs in y_true or in y_pred; greater is better; takes labels.

    A missing class: one that occurs on neither side doesn't count, one that occurs on one side only counts as 0. For
    one label an image the same as `sklearn.metrics.f1_score(average="macro", zero_division=0)`, for several as with
    `zero_division=np.nan`.
    """

    label = "macro F1"
    per_class_note = "Macro F1 is the mean of these: a class of few images counts as much as any."

    def of_counts(self, hits: np.ndarray, in_true: np.ndarray, in_pred: np.ndarray) -> np.ndarray:
        """(...,) mean over the classes; see `class_counts`."""
        return mean_of_defined(f1_of(hits, in_true, in_pred))

    def score_of_present(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> float:
        """Mean F1 of the classes that occur in y_true; of none, the score."""
        hits, in_true, in_pred = class_counts(y_true, y_pred, n_classes)
        there = in_true > 0 if (in_true > 0).any() else slice(None)
        return float(self.of_counts(hits[there], in_true[there], in_pred[there]))

    def decisions(self, several: bool) -> tuple[str, ...]:
        """Thresholds, or offsets in favour of rare classes."""
        return THRESHOLDS if several else OFFSETS
