"""Weighted soft vote: the mean of calibrated probabilities by weights with the least log loss."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from competition.ensembling.member_rule import MemberRule
from competition.ensembling.rule import Vote, by_probability
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.calibration import LEAST
from competition.metrics.metric import Metric


@RULES.register
@dataclass(frozen=True, eq=False)
class WeightedSoft(MemberRule):
    """The mean of calibrated probabilities by weights on the simplex with the least log loss. See `mixture_weights`."""

    level = 1
    precedence = 5

    weights: np.ndarray

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "WeightedSoft":
        return cls(mixture_weights(voters.of_true(y_true)))

    def vote(self, voters: Voters) -> Vote:
        return by_probability(voters.weighted_mean(self.weights))


def mixture_weights(of_true: np.ndarray) -> np.ndarray:
    """Return (M,) float64, none below 0, sum 1: the weights whose mean has the least log loss.

    of_true: (M, n) each member's probability of the true class. Log loss is convex in the weights, so no start and no
    seed matters; a score of labels moves in steps and would be fitted to single images.
    """
    of_true, n_members = np.maximum(of_true, LEAST), len(of_true)
    if n_members == 1:
        return np.ones(1)

    def loss_and_slope(weights: np.ndarray) -> tuple[float, np.ndarray]:
        mixed = np.maximum(weights @ of_true, LEAST)
        return -np.log(mixed).mean(), -(of_true / mixed).mean(axis=1)

    found = minimize(
        loss_and_slope,
        np.full(n_members, 1 / n_members),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * n_members,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-10, "maxiter": 500},
    )
    weights = np.where(found.x < 1e-6, 0, found.x)
    return weights / weights.sum()
