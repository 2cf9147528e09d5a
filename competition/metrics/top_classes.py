"""The k likeliest classes of each row, and the mean average precision at k."""

from typing import ClassVar

import numpy as np

from competition.metrics.row_mean import RowMeanMetric

BLOCK = 4_000_000  # cells looked through at once: bounds the memory


class MeanAveragePrecisionAtK(RowMeanMetric):
    """Mean over the rows of the average precision of the k likeliest classes."""

    takes = "ranks"
    most: ClassVar[int]  # k

    def of_rows(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> np.ndarray:
        """(N,) of each row: 1/rank of the true class, 0 if it isn't among the first k; see the metric for several."""
        right = is_right(y_true, top_classes(y_pred, self.most))
        places = np.arange(1, right.shape[1] + 1)
        precision = np.cumsum(right, axis=1) / places
        possible = np.minimum(y_true.sum(axis=1), self.most) if y_true.ndim == 2 else 1
        return (precision * right).sum(axis=1) / np.maximum(possible, 1)

    def chance(self, n_classes: int, several: bool = False) -> float:
        """What any ranking scores of classes of one size: the mean of 1/rank over the first k."""
        return float((1 / np.arange(1, min(self.most, n_classes) + 1)).sum() / n_classes)


def top_classes(ranks: np.ndarray, most: int) -> np.ndarray:
    """(N, min(most, C)) int64: class indices of each row of ranks (N, C), likeliest first, equals by class index.

    A rank of -inf is no answer: -1 stands in its place.
    """
    most, rows = min(most, ranks.shape[1]), max(1, BLOCK // ranks.shape[1])
    top = np.empty((len(ranks), most), np.int64)
    for start in range(0, len(ranks), rows):
        left = np.array(ranks[start : start + rows], np.float64)
        for place in range(most):
            best = left.argmax(axis=1)
            cells = np.arange(len(left)), best
            top[start : start + rows, place] = np.where(left[cells] > -np.inf, best, -1)
            left[cells] = -np.inf
    return top


def is_right(y_true: np.ndarray, top: np.ndarray) -> np.ndarray:
    """(N, k) bool: whether the classes `top` (N, k) are true, -1 is never; y_true: (N,), or (N, C) of 0 and 1."""
    if y_true.ndim == 2:
        return (np.take_along_axis(y_true, np.maximum(top, 0), axis=1) == 1) & (top >= 0)
    return top == y_true[:, None]
