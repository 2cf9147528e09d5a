"""Metrics that are made of counts per class: true positives, occurrences in y_true, in y_pred."""

from abc import abstractmethod

import numpy as np

from competition.metrics.metric import LabelScorer, Metric
from competition.metrics.per_class import class_counts, counts_of_truths, drawn_counts

THRESHOLDS = ("threshold", "label_thresholds")  # decision rules for several labels an image
OFFSETS = ("class_offsets",)  # for one label, where the likeliest class isn't the best answer


class ClassCountMetric(Metric):
    """Metric of labels out of counts per class; a resample's counts are a matrix product, all resamples at once."""

    @abstractmethod
    def of_counts(self, hits: np.ndarray, in_true: np.ndarray, in_pred: np.ndarray) -> np.ndarray:
        """(...,) score out of counts (..., C), NaN where it isn't defined; see `class_counts`."""

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        """Score of labels (N,), or (N, C)."""
        return self.of_counts(*class_counts(y_true, y_pred, n_classes, weights))

    def score_drawn(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, times: np.ndarray) -> np.ndarray:
        """(r,) score with each row counted `times` (r, N)."""
        return self.of_counts(*drawn_counts(y_true, y_pred, n_classes, times))

    def score_of_truths(self, y_trues: np.ndarray, y_pred: np.ndarray, n_classes: int) -> np.ndarray:
        """(r,) score against each of y_trues (r, N)."""
        return self.of_counts(*counts_of_truths(y_trues, y_pred, n_classes))

    def label_scorer(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> LabelScorer:
        """Return the score with one label's counts as they are with another column; see `Metric`."""
        hits, in_true, in_pred = class_counts(y_true, y_pred, n_classes)

        def score(label: int, column: np.ndarray) -> float:
            changed = hits.copy(), in_true, in_pred.copy()
            changed[0][label], changed[2][label] = np.count_nonzero(y_true[:, label] & column), np.count_nonzero(column)
            return self.of_counts(*changed)

        return score
