"""Nested cross-validation of an ensemble rule: each slice of a fold is answered by the rule fitted on the others."""

from collections.abc import Callable

import numpy as np

from competition.data.predictions import CONDITIONS
from competition.ensembling.decision import Answers
from competition.ensembling.rule import EnsembleRule, Vote
from competition.ensembling.stacked_predictions import StackedPredictions, Voters
from competition.metrics.metric import Metric

# of out-of-fold voters, (n, ...) labels, (n,) fold numbers and the metric
Fit = Callable[[Voters, np.ndarray, np.ndarray, Metric], EnsembleRule]
BLOCK = 4_000_000  # probabilities voted on at once: bounds the memory, changes no answer


def best_first(answers: np.ndarray, y_true: np.ndarray, n_classes: int, metric: Metric) -> np.ndarray:
    """Return (M,) int64: the members by the score of their `answers` (M, n, ...), best first; of equals the first."""
    return np.argsort([-metric.sign * metric(y_true, answer, n_classes) for answer in answers], kind="stable")


def fit_on_all(fit: Fit, stacked: StackedPredictions) -> EnsembleRule:
    """Return the rule for images that no fold holds: fitted on all test-like out-of-fold predictions."""
    images = stacked.images
    return fit(stacked.voters(stacked.oof["test_like"]), images.y_true, images.folds, images.metric)


def nested_cv(fit: Fit, stacked: StackedPredictions) -> tuple[Answers | None, Answers | None]:
    """Return each slice's (answers, probabilities) by the rule fitted on the others; None for what it doesn't give."""
    images = stacked.images
    votes: dict[str, list[tuple[np.ndarray, Vote]]] = {condition: [] for condition in CONDITIONS}
    for part, temperatures in stacked.temperatures[1].items():
        here = images.slices == part
        known = stacked.voters(stacked.oof["test_like"][:, :, ~here], temperatures)
        rule = fit(known, images.y_true[~here], images.folds[~here], images.metric)
        for condition in CONDITIONS:
            vote = rule.vote(stacked.voters(stacked.oof[condition][:, :, here], temperatures))
            votes[condition].append((here, vote))
    first = votes[CONDITIONS[0]][0][1]
    n, classes = len(images.y_true), len(images.targets)
    answers = {condition: _joined(votes[condition], "answers", images.task.empty(n)) for condition in CONDITIONS}
    probabilities = {
        condition: _joined(votes[condition], "probabilities", np.empty((n, classes))) for condition in CONDITIONS
    }
    return (None if first.answers is None else answers, None if first.probabilities is None else probabilities)


def _joined(votes: list[tuple[np.ndarray, Vote]], name: str, whole: np.ndarray) -> np.ndarray:
    """Return `whole`, filled with the votes' arrays `name` where each stands."""
    for here, vote in votes:
        if (part := getattr(vote, name)) is not None:
            whole[here] = part
    return whole


def vote_in_blocks(vote: Callable[[Voters], Vote], voters: Voters) -> Vote:
    """Return what `vote` makes of `voters`, block by block."""
    members, networks, n, classes = voters.raw.shape
    rows = max(1, BLOCK // (members * networks * classes))
    starts = range(0, max(n, 1), rows)  # one block at least, which says what the rule gives
    votes = [vote(Voters(voters.raw[:, :, at : at + rows], voters.temperatures, voters.several)) for at in starts]

    def joined(parts: list[np.ndarray | None]) -> np.ndarray | None:
        return None if parts[0] is None else np.concatenate(parts)

    return Vote(joined([part.answers for part in votes]), joined([part.probabilities for part in votes]))
