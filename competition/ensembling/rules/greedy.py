"""Greedy selection with replacement, without bagging.

Caruana et al., Ensemble Selection from Libraries of Models, ICML 2004.
"""

from dataclasses import dataclass

import numpy as np

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

    level = 2
    precedence = 6

    weights: np.ndarray

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "Greedy":
        counts = select(voters.soft, y_true, metric)
        return cls(counts / counts.sum())

    def vote(self, voters: Voters) -> Vote:
        return by_probability(voters.weighted_mean(self.weights))


def select(probabilities: np.ndarray, y_true: np.ndarray, metric: Metric, steps: int = STEPS) -> np.ndarray:
    """Return (M,) int64: how often each member is selected; probabilities: (M, n, C), y_true: (n,) class indices.

    Each step adds the member with which the mean of all selected scores best, until there are `steps`; what is kept is
    the shortest of these selections that scored best. Of selections that score alike, the one with the lower log loss
    is the better one; of members that are still alike the first is taken.
    """
    n_members, n_rows, n_classes = probabilities.shape
    of_true = probabilities[:, np.arange(n_rows), y_true]
    total, total_of_true = np.zeros(probabilities.shape[1:]), np.zeros(n_rows)
    path: list[int] = []
    scores: list[tuple[float, float]] = []
    while len(path) < steps:
        tried = [
            _score(total + probabilities[m], total_of_true + of_true[m], y_true, metric, len(path) + 1)
            for m in range(n_members)
        ]
        best = max(range(n_members), key=tried.__getitem__)
        total += probabilities[best]
        total_of_true += of_true[best]
        path.append(best)
        scores.append(tried[best])
    kept = max(range(steps), key=scores.__getitem__) + 1
    return np.bincount(path[:kept], minlength=n_members)


def _score(
    total: np.ndarray, of_true: np.ndarray, y_true: np.ndarray, metric: Metric, selected: int
) -> tuple[float, float]:
    """Return (score, log likelihood), greater is better, of the mean of `selected` members, given their total."""
    # the rest is rounding: alike is alike
    likelihood = round(float(np.log(np.maximum(of_true / selected, LEAST)).mean()), 9)
    return metric.sign * metric(y_true, total.argmax(axis=1), total.shape[1]), likelihood
