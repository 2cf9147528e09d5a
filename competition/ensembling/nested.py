"""Nested cross-validation of an ensemble rule: each slice of a fold is answered by the rule fitted on the others."""

from collections.abc import Callable

import numpy as np

from competition.data.predictions import CONDITIONS
from competition.ensembling.candidates import Answers
from competition.ensembling.rule import EnsembleRule, Vote
from competition.ensembling.stacked_predictions import StackedPredictions, Voters
from competition.metrics.metric import Metric

# of out-of-fold voters, (n,) class indices, (n,) fold numbers and the metric
Fit = Callable[[Voters, np.ndarray, np.ndarray, Metric], EnsembleRule]
BLOCK = 4_000_000  # probabilities voted on at once: bounds the memory, changes no answer


def best_first(answers: np.ndarray, y_true: np.ndarray, n_classes: int, metric: Metric) -> np.ndarray:
    """Return (M,) int64: the members by the score of their `answers` (M, n), best first; of equals the first one."""
    return np.argsort([-metric.sign * metric(y_true, answer, n_classes) for answer in answers], kind="stable")


def fit_on_all(fit: Fit, stacked: StackedPredictions) -> EnsembleRule:
    """Return the rule for images that no fold holds: fitted on all test-like out-of-fold predictions."""
    voters = Voters(stacked.oof["test_like"], stacked.temperatures[0])
    return fit(voters, stacked.images.y_true, stacked.images.folds, stacked.images.metric)


def nested_cv(fit: Fit, stacked: StackedPredictions) -> tuple[Answers, np.ndarray | None]:
    """Return each slice's answers by the rule fitted on the others, and test-like probabilities (N, C) if any."""
    images = stacked.images
    oof = {condition: np.empty(len(images.y_true), dtype=np.int64) for condition in CONDITIONS}
    probabilities = np.empty((len(images.y_true), len(images.targets)))
    counted = False
    for part, temperatures in stacked.temperatures[1].items():
        here = images.slices == part
        known = Voters(stacked.oof["test_like"][:, :, ~here], temperatures)
        rule = fit(known, images.y_true[~here], images.folds[~here], images.metric)
        for condition in CONDITIONS:
            vote = rule.vote(Voters(stacked.oof[condition][:, :, here], temperatures))
            oof[condition][here] = vote.answers
        counted = vote.probabilities is None
        if not counted:
            probabilities[here] = vote.probabilities  # CONDITIONS ends with test_like
    return oof, None if counted else probabilities


def vote_in_blocks(vote: Callable[[Voters], Vote], raw: np.ndarray, temperatures: np.ndarray) -> Vote:
    """Return what `vote` makes of `raw` (M, K, n, C), block by block."""
    members, networks, n, classes = raw.shape
    rows = max(1, BLOCK // (members * networks * classes))
    votes = [vote(Voters(raw[:, :, start : start + rows], temperatures)) for start in range(0, n, rows)]
    if not votes:
        return Vote(np.empty(0, dtype=np.int64), np.empty((0, classes)))
    answers = np.concatenate([part.answers for part in votes])
    counted = votes[0].probabilities is None
    return Vote(answers, None if counted else np.concatenate([part.probabilities for part in votes]))
