"""Log loss: what the probability of what was true costs."""

import numpy as np

from competition.metrics.row_mean import RowMeanMetric
from competition.metrics.scores import METRICS

LEAST = 1e-15  # a probability is taken to be at least this far from 0 and 1


@METRICS.register
class LogLoss(RowMeanMetric):
    """Mean of -ln p of the true class; less is better; takes probabilities, clipped at 1e-15, rows as they are.

    Several labels an image: the mean over the columns of each one's binary log loss. A missing class: as every other,
    since its probability is missing in the true ones. As `sklearn.metrics.log_loss`, but for rows that don't sum to 1,
    which count as they are. A sure wrong answer costs 34.5.
    """

    label, greater_is_better, takes = "log loss", False, "probabilities"
    bounds = (0.0, float("inf"))
    base_decision = "smoothed"

    def of_rows(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int) -> np.ndarray:
        """(N,) -ln p of what is true of each row; of several labels, the mean over them."""
        several = y_true.ndim == 2
        of_true = np.where(y_true, y_pred, 1 - y_pred) if several else y_pred[np.arange(len(y_true)), y_true]
        costs = -np.log(np.clip(of_true, LEAST, 1 - LEAST))
        return costs.mean(axis=1) if several else costs

    def decisions(self, several: bool) -> tuple[str, ...]:
        """Calibrated probabilities."""
        return ("calibrated",)

    def chance(self, n_classes: int, several: bool = False) -> float:
        """Log loss of equal probabilities."""
        return float(np.log(2 if several else n_classes))
