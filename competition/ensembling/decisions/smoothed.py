"""Probabilities that are never surer than the out-of-fold answers allow."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.metrics.metric import Metric


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class Smoothed(DecisionRule):
    """Probabilities mixed with a `share` of the even distribution, so that a sure mistake doesn't cost all there is.

    The share is 1 / (n + 2), the chance of a mistake after n right answers (the rule of succession); nothing is fitted.
    """

    kinds = ("single", "ordinal", "multi")
    gives = "probabilities"

    share: float
    several: bool

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        return cls(least_share(len(y_true)), y_true.ndim == 2)

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        return mixed_with_even(probabilities.astype(np.float64), self.share, self.several)


def least_share(n: int) -> float:
    """Return the chance of a mistake after n right answers."""
    return 1 / (n + 2)


def mixed_with_even(probabilities: np.ndarray, share: float, several: bool) -> np.ndarray:
    """Return probabilities (n, C) with `share` of the even distribution; several: of each label, have it or not."""
    return (1 - share) * probabilities + share * (0.5 if several else 1 / probabilities.shape[1])
