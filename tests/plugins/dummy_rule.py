"""Ensemble rule of a plugin file: the members' median probability."""

from dataclasses import dataclass

import numpy as np

from competition.ensembling.member_rule import MemberRule
from competition.ensembling.rule import Vote, by_probability
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.metric import Metric


@RULES.register
@dataclass(frozen=True, eq=False)
class Median(MemberRule):
    """The median of the members' calibrated probabilities."""

    level = 1

    weights: np.ndarray

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "Median":
        return cls(voters.even_weights)

    def vote(self, voters: Voters) -> Vote:
        median = np.median(voters.soft, axis=0) + 1e-9
        return by_probability(median / median.sum(axis=1, keepdims=True))
