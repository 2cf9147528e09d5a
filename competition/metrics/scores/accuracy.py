"""Accuracy: the share of images that are labelled rightly."""

import numpy as np

from competition.metrics.class_counts import THRESHOLDS
from competition.metrics.metric import LabelScorer
from competition.metrics.row_mean import RowMeanMetric
from competition.metrics.scores import METRICS


@METRICS.register
class Accuracy(RowMeanMetric):
    """Share of rows that are right, in [0, 1]; greater is better; takes labels.

    Several labels an image: all of them have to be right, and no other. A missing class: doesn't count, as each class
    counts by its images. As `sklearn.metrics.accuracy_score`.
    """

    label = "accuracy"

    def of_rows(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> np.ndarray:
        """(N,) bool: whether each row is right."""
        right = y_true == y_pred
        return right.all(axis=1) if right.ndim == 2 else right

    def label_scorer(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> LabelScorer:
        """Return the score with one label's mistakes taken out, and put in anew; see `Metric`."""
        wrong = (y_true != y_pred).sum(axis=1)

        def score(label: int, column: np.ndarray) -> float:
            true = y_true[:, label]
            others = wrong - (true != y_pred[:, label])
            return ((others == 0) & (true == column)).mean()

        return score

    def decisions(self, several: bool) -> tuple[str, ...]:
        """Thresholds; of one label an image, the likeliest is the best answer."""
        return THRESHOLDS if several else ()
