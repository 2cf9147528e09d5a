"""Calibrated probabilities that are never surer than the out-of-fold answers allow."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.ensembling.decisions.smoothed import least_share, mixed_with_even
from competition.metrics.calibration import apply_temperature, fit_temperature
from competition.metrics.metric import Metric

SHARES = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)  # tried, beside the least


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class Calibrated(DecisionRule):
    """Probabilities with their logits divided by a `temperature`, mixed with a `share` of the even distribution.

    The share is at least that of `smoothed`.
    """

    kinds = ("single", "ordinal", "multi")
    gives = "probabilities"

    temperature: float
    share: float
    several: bool

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        temperature, least = fit_temperature(probabilities, y_true), least_share(len(y_true))
        tried = [cls(temperature, max(share, least), y_true.ndim == 2) for share in SHARES]
        scores = [metric.sign * metric(y_true, one.answers(probabilities), probabilities.shape[1]) for one in tried]
        return tried[int(np.argmax(scores))]

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        calibrated = apply_temperature(probabilities, self.temperature, self.several)
        return mixed_with_even(calibrated, self.share, self.several)
