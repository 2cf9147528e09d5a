"""Rank average: the mean of the members' percentile ranks, where only the order of the answers counts."""

from dataclasses import dataclass

import numpy as np

from competition.data.task import Task
from competition.ensembling.member_rule import MemberRule
from competition.ensembling.rule import Vote
from competition.ensembling.rules import RULES
from competition.ensembling.stacked_predictions import Voters
from competition.metrics.metric import Metric

QUANTILES = 501  # of each member's probabilities of each label, among which others find their rank
OWN = 1e-3  # share of the probability itself in a rank
EVEN = 0.05  # share of the rank itself in an answer


@RULES.register
@dataclass(frozen=True, eq=False)
class RankAverage(MemberRule):
    """Mean percentile rank of each label's probability among the out-of-fold ones, over members; of AUC and its like.

    A member that is surer than another doesn't weigh more so. Mean ranks are put back on the scale of the members'
    probabilities, which keeps their order, so that a half is still a half to whoever reads them. Of one class among
    more than two an image has no such answer: ranks of different classes sum to nothing.

    reference: (M, L, QUANTILES), ascending, of all labels, or of the second of two classes.
    """

    level = 0
    precedence = 4

    weights: np.ndarray
    reference: np.ndarray

    @classmethod
    def suits(cls, task: Task, metric: Metric) -> bool:
        return metric.order_only and not task.answers_are_labels and (task.several or task.n_classes == 2)

    @classmethod
    def fit(cls, voters: Voters, y_true: np.ndarray, folds: np.ndarray, metric: Metric) -> "RankAverage":
        quantiles = np.quantile(_ranked_columns(voters), np.linspace(0, 1, QUANTILES), axis=1)  # (Q, M, L)
        return cls(voters.even_weights, np.ascontiguousarray(quantiles.transpose(1, 2, 0)))

    def vote(self, voters: Voters) -> Vote:
        ranks = np.zeros(_ranked_columns(voters).shape[1:])
        for weight, member, reference in zip(self.weights, _ranked_columns(voters), self.reference, strict=True):
            ranks += weight * np.column_stack([_ranks(*pair) for pair in zip(member.T, reference, strict=True)])
        scale = np.tensordot(self.weights, self.reference, axes=1)  # (L, Q)
        answers = np.column_stack([_on_scale(*pair) for pair in zip(ranks.T, scale, strict=True)])
        if not voters.several:
            answers = np.hstack([1 - answers, answers])
        return Vote(answers, voters.weighted_mean(self.weights))


def _ranked_columns(voters: Voters) -> np.ndarray:
    """Return (M, n, L): all labels' probabilities; of two classes the second one's, which says all."""
    return voters.soft if voters.several else voters.soft[:, :, 1:]


def _ranks(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return (n,) in [0, 1]: mid-ranks of `values` among ascending `reference`, in between by interpolation.

    A little of the value itself keeps the order of values beyond the reference.
    """
    below = (np.searchsorted(reference, values, "left") + np.searchsorted(reference, values, "right")) / 2
    between = np.interp(values, reference, np.arange(len(reference)))
    return (1 - OWN) * (below + between) / (2 * len(reference)) + OWN * values


def _on_scale(ranks: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return (n,) in [0, 1] in the order of `ranks` (n,): the probabilities of these ranks by `scale` (Q,)."""
    return (1 - EVEN) * np.interp(ranks, np.linspace(0, 1, len(scale)), scale) + EVEN * ranks
