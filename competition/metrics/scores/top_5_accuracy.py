"""Top-5 accuracy: the share of images whose class is among the five likeliest."""

import numpy as np

from competition.metrics.row_mean import RowMeanMetric
from competition.metrics.scores import METRICS
from competition.metrics.top_classes import is_right, top_classes

MOST = 5


@METRICS.register
class Top5Accuracy(RowMeanMetric):
    """Share of rows whose class is among the 5 likeliest, in [0, 1]; greater is better; takes ranks.

    A missing class: doesn't count, as each class counts by its images. As `sklearn.metrics.top_k_accuracy_score(k=5)`,
    but that equals go by the lower class index, there by the higher.
    """

    label, takes, kinds = "top-5 accuracy", "ranks", ("single", "ordinal")

    def of_rows(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> np.ndarray:
        """(N,) bool: whether each row's class is among its 5 likeliest."""
        return is_right(y_true, top_classes(y_pred, MOST)).any(axis=1)

    def chance(self, n_classes: int, several: bool = False) -> float:
        """What any ranking scores of classes of one size."""
        return min(1.0, MOST / n_classes)
