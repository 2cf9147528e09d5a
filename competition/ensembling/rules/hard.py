"""Hard vote of the members."""

from dataclasses import dataclass

import numpy as np

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
class Hard(MemberRule):
    """One vote for each member, its soft vote's likeliest class; a tie goes to the best-ranked member's.

    order: (M,) the members, best first.
    """

    level = 0
    precedence = 3

    weights: np.ndarray
    order: np.ndarray

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "Hard":
        return cls(voters.even_weights, best_first(voters.answers(metric), y_true, voters.n_classes, metric))

    def vote(self, voters: Voters) -> Vote:
        return Vote(hard_vote(voters.labels[self.order], voters.n_classes))

    @classmethod
    def suits(cls, task: Task, metric: Metric) -> bool:
        return task.answers_are_labels
