"""The ways to combine members: each is fitted on out-of-fold predictions and becomes a rule that answers other
images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from competition.ensembling.stacked_predictions import Voters
from competition.ensembling.voting import hard_vote
from competition.metrics.calibration import LEAST
from competition.metrics.f1 import macro_f1


@dataclass(frozen=True, eq=False)
class Vote:
    """answers: (n,) class indices; probabilities: (n, C) float64, None where votes are counted: a count is no
    probability.
    """

    answers: np.ndarray
    probabilities: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Rule:
    """A fitted way: `vote` answers images. weights: (M,) of the members, 0 for one that isn't needed; c: stacking's
    penalty.
    """

    vote: Callable[[Voters], Vote]
    weights: np.ndarray
    c: float | None = None


# of out-of-fold voters, (n,) class indices and (n,) fold numbers
Fit = Callable[[Voters, np.ndarray, np.ndarray], Rule]


def by_probability(probabilities: np.ndarray) -> Vote:
    """The vote for the most probable class; the first of equals."""
    return Vote(probabilities.argmax(axis=1), probabilities)


def best_first(answers: np.ndarray, true: np.ndarray, n_classes: int) -> np.ndarray:
    """(M,) int64: the members by macro F1 of their `answers` (M, n), best first; of equals the first one."""
    return np.argsort([-macro_f1(true, answer, n_classes) for answer in answers], kind="stable")


def fit_hard(voters: Voters, true: np.ndarray, folds: np.ndarray) -> Rule:
    """One vote for each member, its soft vote's answer; of classes with equally many, the one the best-ranked member
    names.
    """
    n_classes = voters.raw.shape[-1]
    order = best_first(voters.answers, true, n_classes)
    return Rule(lambda asked: Vote(hard_vote(asked.answers[order], n_classes)), _even(voters))


def fit_foldwise_hard(voters: Voters, true: np.ndarray, folds: np.ndarray) -> Rule:
    """One vote for each member and fold; ties go to the best-ranked member's, then the first fold's.

    Out of fold an image has one network for each member, so it is answered there as by `fit_hard`.
    """
    n_classes = voters.raw.shape[-1]
    order = best_first(voters.answers, true, n_classes)

    def vote(asked: Voters) -> Vote:
        votes = asked.raw[order].argmax(axis=3)
        return Vote(hard_vote(votes.reshape(-1, votes.shape[2]), n_classes))

    return Rule(vote, _even(voters))


def fit_soft(voters: Voters, true: np.ndarray, folds: np.ndarray) -> Rule:
    """The mean of the members' calibrated probabilities."""
    return weighted_rule(_even(voters))


def fit_weighted_soft(voters: Voters, true: np.ndarray, folds: np.ndarray) -> Rule:
    """The mean of calibrated probabilities by weights on the simplex with the least log loss. See `mixture_weights`."""
    return weighted_rule(mixture_weights(voters.soft[:, np.arange(len(true)), true]))


def weighted_rule(weights: np.ndarray) -> Rule:
    """The rule that takes the mean of calibrated probabilities by `weights` (M,), which sum to 1."""
    return Rule(lambda asked: by_probability(np.tensordot(weights, asked.soft, axes=1)), weights)


def mixture_weights(of_true: np.ndarray) -> np.ndarray:
    """(M,) float64, none below 0, sum 1: the weights whose mean has the least log loss.

    of_true: (M, n) each member's probability of the true class. Log loss is convex in the weights, so no start and no
    seed matters; macro F1 moves in steps and would be fitted to single images.
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


def _even(voters: Voters) -> np.ndarray:
    return np.full(len(voters.raw), 1 / len(voters.raw))
