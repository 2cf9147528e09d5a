"""Weighted F1: the mean of the classes' F1 by their images."""

import numpy as np

from competition.metrics.class_counts import OFFSETS, THRESHOLDS, ClassCountMetric
from competition.metrics.means import ratio
from competition.metrics.per_class import f1_of
from competition.metrics.scores import METRICS


@METRICS.register
class WeightedF1(ClassCountMetric):
    """Mean F1 in [0, 1] of the classes, each weighted by its rows in y_true; greater is better; takes labels.

    A missing class: one without a row in y_true doesn't count. As `sklearn.metrics.f1_score(average="weighted")`; not
    defined where no row has a label.
    """

    label = "weighted F1"
    per_class_note = "Weighted F1 is the mean of these, each class weighted by its images."

    def of_counts(self, hits: np.ndarray, in_true: np.ndarray, in_pred: np.ndarray) -> np.ndarray:
        """(...,) weighted mean over the classes; see `class_counts`."""
        in_true = in_true.astype(np.float64)
        f1 = np.where(in_true > 0, f1_of(hits, in_true, in_pred), 0)
        return ratio((f1 * in_true).sum(axis=-1), in_true.sum(axis=-1))

    def decisions(self, several: bool) -> tuple[str, ...]:
        """Thresholds, or offsets in favour of some classes."""
        return THRESHOLDS if several else OFFSETS
