"""Soft vote: the mean of the members' calibrated probabilities."""

from dataclasses import dataclass

import numpy as np

from competition.ensembling.member_rule import MemberRule
from competition.ensembling.rule import Vote, by_probability
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.metric import Metric


@RULES.register
@dataclass(frozen=True, eq=False)
class Soft(MemberRule):
    """The mean of the members' calibrated probabilities."""

    level = 0
    precedence = 1  # it knows how sure each voter is, which a count of votes does not

    weights: np.ndarray

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "Soft":
        return cls(voters.even_weights)

    def vote(self, voters: Voters) -> Vote:
        return by_probability(voters.weighted_mean(self.weights))
