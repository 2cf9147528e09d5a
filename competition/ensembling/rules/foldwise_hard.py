"""Hard vote of all networks: one vote for each member and fold."""

from dataclasses import dataclass

import numpy as np

from competition.data.label_sets import likeliest_labels
from competition.data.task import Task
from competition.ensembling.member_rule import MemberRule
from competition.ensembling.nested import best_first
from competition.ensembling.rule import Vote
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import Voters
from competition.ensembling.voting import hard_vote
from competition.metrics.metric import Metric


@RULES.register
@dataclass(frozen=True, eq=False)
class FoldwiseHard(MemberRule):
    """One vote for each member and fold; ties go to the best-ranked member's, then the first fold's.

    Out of fold an image has one network for each member, so it is answered there as by `hard`. order: (M,) the
    members, best first.
    """

    level = 0
    precedence = 4

    weights: np.ndarray
    order: np.ndarray

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "FoldwiseHard":
        return cls(voters.even_weights, best_first(voters.answers(metric), y_true, voters.n_classes, metric))

    def vote(self, voters: Voters) -> Vote:
        votes = [likeliest_labels(network, voters.several) for member in voters.raw[self.order] for network in member]
        return Vote(hard_vote(np.stack(votes), voters.n_classes))

    @classmethod
    def suits(cls, task: Task, metric: Metric) -> bool:
        return task.answers_are_labels
