"""Greedy selection with replacement, without bagging.

Caruana et al., Ensemble Selection from Libraries of Models, ICML 2004.
"""

from dataclasses import dataclass

import numpy as np

from competition.ensembling.decision import base_decision
from competition.ensembling.member_rule import MemberRule
from competition.ensembling.rule import Vote, by_probability
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.calibration import LEAST
from competition.metrics.metric import Metric

STEPS = 30  # members selected at the most, so weights are multiples of 1/30 or coarser


@RULES.register
@dataclass(frozen=True, eq=False)
class Greedy(MemberRule):
    """The mean of calibrated probabilities, each member counted as often as `select` selects it."""

    level = 1
    precedence = 6

    weights: np.ndarray

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "Greedy":
        counts = select(voters, y_true, metric)
        return cls(counts / counts.sum())

    def vote(self, voters: Voters) -> Vote:
        return by_probability(voters.weighted_mean(self.weights))


def select(voters: Voters, y_true: np.ndarray, metric: Metric, steps: int = STEPS) -> np.ndarray:
    """Return (M,) int64: how often each of the `voters` is selected; y_true: (n, ...) labels.

    Each step adds the member with which the mean of all selected scores best, until there are `steps`; what is kept is
    the shortest of these selections that scored best. Of selections that score alike, the one with the lower log loss
    is the better one; of members that are still alike the first is taken.
    """
    probabilities, of_true = voters.soft, voters.of_true(y_true)
    total, total_of_true = np.zeros(probabilities.shape[1:]), np.zeros(of_true.shape[1:])
    decision = base_decision(metric, probabilities[0], y_true)
    path: list[int] = []
    scores: list[tuple[float, float]] = []

    def score(total: np.ndarray, of_true: np.ndarray, selected: int) -> tuple[float, float]:
        # the rest is rounding: alike is alike
        likelihood = round(float(np.log(np.maximum(of_true / selected, LEAST)).mean()), 9)
        answers = decision.answers(total / selected)
        return metric.sign * metric(y_true, answers, voters.n_classes), likelihood

    while len(path) < steps:
        tried = [
            score(total + probabilities[m], total_of_true + of_true[m], len(path) + 1)
            for m in range(len(probabilities))
        ]
        best = max(range(len(tried)), key=tried.__getitem__)
        total += probabilities[best]
        total_of_true += of_true[best]
        path.append(best)
        scores.append(tried[best])
    kept = max(range(steps), key=scores.__getitem__) + 1
    return np.bincount(path[:kept], minlength=len(probabilities))
