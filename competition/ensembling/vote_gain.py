"""What a vote of several networks scores on the test set, where it is known what one of them scores there alone.

No label is needed: how much a vote adds depends on how often its networks disagree, and on how sure they are then. The
vote's own probabilities, made so sure or unsure (by a temperature) that one network alone scores what it is known to,
are taken for the labels' true ones; labels are drawn by them, and the vote is scored against these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import bisect

from competition.common.seeds import generator
from competition.ensembling.candidates import Candidate
from competition.ensembling.fitted_votes import Voted
from competition.ensembling.network_votes import votes_of_networks
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.metrics.calibration import apply_temperature
from competition.metrics.metric import Metric

TEMPERATURES = 1 / 20, 20.0  # looked at
SEARCH_DRAWS, DRAWS = 20, 200  # of all labels: in the search for the temperature, and in the end
MOST_IMAGES = 5000  # that labels are drawn for
STEP = 0.1  # of the log temperature, in which the slope is taken


@dataclass(frozen=True, eq=False)
class VoteScore:
    """The vote's score. slope: by how much it changes with that of one network; deviations: (DRAWS,) of the scores
    against labels as they may be from their mean.
    """

    value: float
    slope: float
    deviations: np.ndarray


def vote_score(
    single: float, alone: Sequence[Voted], together: Voted, metric: Metric, draws: np.random.Generator
) -> VoteScore:
    """Return what the vote scores where its networks alone score `single`, on average.

    alone: (K,) what the networks answer T test images each by itself; together: what they answer by their vote. Of
    several labels an image nothing is added: drawn each by itself, they say too little of labels that go together.
    """
    if not together.predictions.exclusive:
        return VoteScore(single, 1.0, np.zeros(DRAWS))
    rows = np.linspace(0, len(together) - 1, min(len(together), MOST_IMAGES)).astype(np.int64)
    likely = together.predictions.probabilities[rows]
    by_one = [voted.answers[rows] for voted in alone]
    uniform = draws.random((DRAWS, len(rows), 1))

    def labels_at(log_temperature: float, n: int) -> np.ndarray:
        up_to = apply_temperature(likely, np.exp(log_temperature)).cumsum(axis=1)
        return np.stack([np.minimum((one > up_to).sum(axis=1), up_to.shape[1] - 1) for one in uniform[:n]])

    def scores(answers: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
        n_classes = likely.shape[1]
        return np.stack([metric.score_of_truths(labels, one, n_classes) for one in answers], axis=1)

    def of_one(log_temperature: float) -> float:
        return float(np.nanmean(scores(by_one, labels_at(log_temperature, SEARCH_DRAWS))))

    def of_vote(log_temperature: float) -> float:
        return float(np.nanmean(scores([together.answers[rows]], labels_at(log_temperature, SEARCH_DRAWS))))

    low, high = np.log(TEMPERATURES)
    ends = [of_one(end) - single for end in (low, high)]
    if not np.isfinite(ends).all():  # no labels drawn have a score
        return VoteScore(single, 1.0, np.zeros(DRAWS))
    if np.prod(np.sign(ends)) > 0:  # out of reach
        found = (low, high)[int(np.argmin(np.abs(ends)))]
    else:
        found = bisect(lambda at: np.nan_to_num(of_one(at) - single), low, high, xtol=0.01)
    around = (found - STEP, found + STEP)
    change = of_one(around[1]) - of_one(around[0])
    slope = (of_vote(around[1]) - of_vote(around[0])) / change if change else 1.0
    labels = labels_at(found, DRAWS)
    every = scores([*by_one, together.answers[rows]], labels)
    gain = np.nanmean(every[:, -1]) - np.nanmean(every[:, :-1])
    deviations = every[:, -1] - np.nanmean(every[:, -1])
    if not np.isfinite(gain):  # no labels drawn have a score
        return VoteScore(single, 1.0, np.zeros(DRAWS))
    return VoteScore(single + gain, slope, deviations * np.sqrt(len(rows) / max(1, len(together))))


def vote_gains(
    candidates: Sequence[Candidate],
    stacked: StackedPredictions,
    n_folds: int,
    learnt_from: Mapping[str, str],
    seed: int,
) -> dict[str, float]:
    """Return name of each candidate -> by how much its score changes where all folds' networks vote.

    Out of fold one network of a member answers an image. See `votes_of_networks` for n_folds and learnt_from.
    """
    images, gains = stacked.images, {}
    for one in candidates:
        single, votes = images.score(one.oof["test_like"]), votes_of_networks(one, stacked, n_folds, learnt_from)
        draws = generator(seed, "vote gain")  # the same labels for all
        gains[one.name] = vote_score(single, votes.alone, votes.together, images.metric, draws).value - single
    return gains
