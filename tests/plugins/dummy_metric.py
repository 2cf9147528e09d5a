"""Error rate: `plugins: [tests/plugins/dummy_metric.py]`, `task: {metric: dummy_metric}`."""

import numpy as np

from competition.metrics.metric import Metric
from competition.metrics.scores import METRICS


@METRICS.register
class ErrorRate(Metric):
    """Share of wrong predictions: less is better; takes labels, one an image."""

    label, greater_is_better, kinds = "error rate", False, ("single", "ordinal")

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        return np.average(y_true != y_pred, weights=weights)
