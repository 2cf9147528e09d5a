"""Micro F1: of all pairs of an image and a label together."""

import numpy as np

from competition.metrics.class_counts import THRESHOLDS
from competition.metrics.means import ratio
from competition.metrics.metric import LabelScorer, Metric
from competition.metrics.scores import METRICS


@METRICS.register
class MicroF1(Metric):
    """F1 in [0, 1] of all pairs of an image and a label at once; greater is better; takes labels.

    One label an image: the same as accuracy. A missing class: doesn't count, as each class counts by its images. As
    `sklearn.metrics.f1_score(average="micro")`; not defined where there is no label on either side.
    """

    label = "micro F1"

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        """Micro F1 of labels (N,), or (N, C)."""
        times = np.ones((1, len(y_true))) if weights is None else np.asarray(weights, np.float64)[None]
        return self.score_drawn(y_true, y_pred, n_classes, times)[0]

    def score_drawn(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, times: np.ndarray) -> np.ndarray:
        """(r,) micro F1 with each row counted `times` (r, N): of the rows' sums of hits and labels."""
        if y_true.ndim == 2:
            hits, labels = (y_true & y_pred).sum(axis=1), y_true.sum(axis=1) + y_pred.sum(axis=1)
        else:
            hits, labels = y_true == y_pred, np.full(len(y_true), 2)
        return ratio(2 * (times @ hits.astype(np.float64)), times @ labels.astype(np.float64))

    def label_scorer(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> LabelScorer:
        """Return the score with one label's pairs taken out, and put in anew; see `Metric`."""
        hits, labels = np.count_nonzero(y_true & y_pred), np.count_nonzero(y_true) + np.count_nonzero(y_pred)

        def score(label: int, column: np.ndarray) -> float:
            true, before = y_true[:, label], y_pred[:, label]
            right = hits + np.count_nonzero(true & column) - np.count_nonzero(true & before)
            return ratio(2 * right, labels + np.count_nonzero(column) - np.count_nonzero(before))

        return score

    def decisions(self, several: bool) -> tuple[str, ...]:
        """Thresholds; of one label an image, the likeliest is the best answer."""
        return THRESHOLDS if several else ()
