"""Mean F-beta over the rows, of the labels that each has."""

from typing import ClassVar

import numpy as np

from competition.metrics.class_counts import THRESHOLDS
from competition.metrics.means import ratio
from competition.metrics.metric import LabelScorer
from competition.metrics.row_mean import RowMeanMetric


class SampleFBeta(RowMeanMetric):
    """Mean over the rows of each one's F-beta, out of its true and its predicted labels."""

    beta: ClassVar[float]

    def of_rows(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> np.ndarray:
        """(N,) F-beta in [0, 1] of each row; 0 for one without any label on both sides, as scikit-learn has it."""
        if y_true.ndim == 1:
            return (y_true == y_pred).astype(np.float64)
        return self._of_sums(*_sums(y_true, y_pred))

    def label_scorer(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> LabelScorer:
        """Return the score with one label taken out of each row's sums, and put in anew; see `Metric`."""
        hits, true, predicted = _sums(y_true, y_pred)

        def score(label: int, column: np.ndarray) -> float:
            more = column.astype(np.int64) - y_pred[:, label]
            return self._of_sums(hits + more * y_true[:, label], true, predicted + more).mean()

        return score

    def _of_sums(self, hits: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        weight = self.beta**2
        return np.nan_to_num(ratio((1 + weight) * hits, weight * true + predicted))

    def decisions(self, several: bool) -> tuple[str, ...]:
        """Thresholds; of one label a row, the likeliest is the best answer."""
        return THRESHOLDS if several else ()


def _sums(y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (N,) int64 each: each row's labels that are on both sides, in y_true, in y_pred; both (N, C)."""
    return tuple(labels.sum(axis=1, dtype=np.int64) for labels in (y_true & y_pred, y_true, y_pred))
