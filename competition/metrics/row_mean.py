"""Metrics that are a mean over the rows: each row has a value of its own."""

from abc import abstractmethod

import numpy as np

from competition.metrics.bootstrap import DrawnScorer
from competition.metrics.means import ratio
from competition.metrics.metric import Metric


class RowMeanMetric(Metric):
    """Mean of the rows' values; all resamples' means are a product of a matrix and a vector."""

    @abstractmethod
    def of_rows(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> np.ndarray:
        """(N,) value of each row."""

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        """Mean of the rows' values."""
        return np.average(self.of_rows(y_true, y_pred, n_classes), weights=weights)

    def score_drawn(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, times: np.ndarray) -> np.ndarray:
        """(r,) mean with each row counted `times` (r, N)."""
        return self.drawn_scorer(y_true, y_pred, n_classes)(times)

    def drawn_scorer(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> DrawnScorer:
        """Return `score_drawn` of these answers, whose rows are looked at once."""
        values = self.of_rows(y_true, y_pred, n_classes).astype(np.float64)
        return lambda times: ratio(times @ values, times.sum(axis=1, dtype=np.float64))
