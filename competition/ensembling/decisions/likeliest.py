"""The likeliest class, where the plain answer is another one."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.data.label_sets import likeliest_labels
from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.metrics.metric import Metric


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class Likeliest(DecisionRule):
    """The likeliest grade instead of the expected one; nothing is fitted.

    Better where a network that is unsure of two grades far apart is right about one of them, and never in between.
    """

    kinds = ("single", "ordinal")

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        return cls()

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        return likeliest_labels(probabilities, several=False)
