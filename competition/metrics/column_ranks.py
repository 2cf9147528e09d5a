"""Metrics of the order within a column: areas under a curve, out of one sort per column."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from competition.metrics.means import mean_of_defined
from competition.metrics.metric import Metric

BLOCK = 100_000  # cells summed up at once: they stay in the processor's cache


class ColumnRankMetric(Metric):
    """Mean over the columns of a value of the column's order; a column for which it isn't defined is left out.

    One label an image: each class against the rest; of two classes, column 1 only.
    """

    takes = "probabilities"
    order_only = True

    @abstractmethod
    def of_curve(self, tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
        """(r,) value of a column, NaN where it isn't defined; see `ColumnOrder.curve`."""

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        """Mean of the columns' values; y_pred: (N, C), any numbers of which higher is likelier."""
        times = np.ones((1, len(y_true))) if weights is None else np.asarray(weights, np.float64)[None]
        return self.score_drawn(y_true, y_pred, n_classes, times)[0]

    def score_drawn(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, times: np.ndarray) -> np.ndarray:
        """(r,) mean of the columns' values with each row counted `times` (r, N)."""
        values = np.empty((len(times), 1 if y_true.ndim == 1 and n_classes == 2 else n_classes))
        rows = max(1, BLOCK // len(y_true))
        for column, ordered in enumerate(_columns(y_true, y_pred, n_classes)):
            for start in range(0, len(times), rows):
                block = slice(start, start + rows)
                values[block, column] = self.of_curve(*ordered.curve(times[block]))
        return mean_of_defined(values)

    def chance(self, n_classes: int, several: bool = False) -> float:
        """What any order scores that says nothing, and any constant."""
        return 0.5


@dataclass(frozen=True, eq=False)
class ColumnOrder:
    """Order of a column's rows, and the points of its curve.

    order: (N,) row numbers by falling score; hits: (P,) the places of positive rows in it; rows_passed, hits_passed:
    (G,) how many rows, and how many positive ones, are passed at each point, from none to all. Rows of one score are
    passed together. Points between which the curve is a straight line along an axis are left out.
    """

    order: np.ndarray
    hits: np.ndarray
    rows_passed: np.ndarray
    hits_passed: np.ndarray

    @classmethod
    def of(cls, positive: np.ndarray, scores: np.ndarray) -> "ColumnOrder":
        """Order of `scores` (N,), with the positive rows (N,) bool."""
        order = np.argsort(-scores, kind="stable")
        positive, scores = positive[order], scores[order]
        rows = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1) + 1  # after the last row of each score
        rises = np.diff(np.cumsum(positive)[rows - 1], prepend=0) > 0
        rows = np.insert(rows[rises | np.append(rises[1:], True)], 0, 0)  # where positives come, and the point before
        hits = np.flatnonzero(positive)
        return cls(order, hits, rows, np.searchsorted(hits, rows))

    def curve(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(true positives, false positives), (r, G) float64 each, with each row counted `times` (r, N)."""
        times = times.take(self.order, axis=1)
        tp = _summed(times.take(self.hits, axis=1)).take(self.hits_passed, axis=1)
        return tp, _summed(times).take(self.rows_passed, axis=1) - tp


def _summed(times: np.ndarray) -> np.ndarray:
    """(r, n + 1) float64: sums of the first 0, 1, ... n of each row of times (r, n)."""
    sums = np.zeros((len(times), times.shape[1] + 1))
    np.cumsum(times, axis=1, dtype=np.float64, out=sums[:, 1:])
    return sums


def _columns(y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> Iterator[ColumnOrder]:
    several = y_true.ndim == 2
    for column in [1] if n_classes == 2 and not several else range(n_classes):
        positive = y_true[:, column] == 1 if several else y_true == column
        yield ColumnOrder.of(positive, y_pred[:, column].astype(np.float64))
