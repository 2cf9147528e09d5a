"""One threshold for all labels of a set."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.metrics.metric import Metric

THRESHOLDS = np.arange(1, 20) / 20  # tried


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class Threshold(DecisionRule):
    """Labels with a probability of `value` or more, the one that scores best; of equals the nearest to 0.5."""

    kinds = ("multi",)

    value: float

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        nearest = THRESHOLDS[np.argsort(abs(THRESHOLDS - 0.5), kind="stable")]
        scores = [
            metric.sign * metric(y_true, cls(float(value)).answers(probabilities), probabilities.shape[1])
            for value in nearest
        ]
        return cls(float(nearest[int(np.argmax(scores))]))

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        return (probabilities >= self.value).astype(np.uint8)
