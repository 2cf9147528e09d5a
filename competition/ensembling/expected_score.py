"""Expected score of the test set, with its interval: what one network gives there, and what the vote adds.

What one network gives is the out-of-fold score, its images weighted to be answered as the test images are (see
`shift_weights`), of a metric of labels moved to the accuracy that estimates which see more expect there
(`accuracy_estimates`). What the vote adds shows in how its networks disagree: see `vote_gain`. The interval is of what
will be told of this very test set: it holds what other out-of-fold images would have said, with weights fitted anew,
what the labels of the test images may be, how far the estimates are apart, and what the vote's part is wrong by.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from competition.common.seeds import generator
from competition.ensembling.candidates import Candidate
from competition.ensembling.one_network import OneNetwork, one_network
from competition.ensembling.shift_weights import effective_size
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.ensembling.vote_gain import PossibleLabels
from competition.metrics.bootstrap import interval, times_drawn
from competition.settings.ensemble import EnsembleSettings

REFITS = 100  # of the weights, each on other images
GAIN_ERROR = 0.3  # of what the vote adds: standard error of that
STEEPEST = 2.0  # that the vote's score changes by where one network's changes by 1


def expected_score(
    chosen: Candidate,
    stacked: StackedPredictions,
    folds: Sequence[int],
    settings: EnsembleSettings,
    learnt_from: Mapping[str, str],
) -> dict[str, object]:
    """Return "value", "low", "high"; "one_network", what one alone is expected to score; "effective_images": see
    `effective_size`; and of one label an image "accuracy_estimates", by name, and "alarm", whether they are far apart.

    See `one_network` for folds and learnt_from.
    """
    images, draws = stacked.images, generator(settings.seed, "expected")
    found = one_network(chosen, stacked, folds, learnt_from)
    weighted = images.metric(images.y_true, chosen.oof["test_like"], len(images.targets), found.weights)
    labels = PossibleLabels(found.votes.alone, found.votes.together, images.metric, draws)
    told, estimates, error, slope = labels.score(found.accuracy), found.estimates, 0.0, 1.0
    one = weighted
    if estimates is not None:
        one += _finite(told.one - labels.score(estimates.weighted).one)
        error, slope = _error(labels, found.accuracy, estimates.error)
    resampled = _resampled(chosen, stacked, found, settings, draws)
    unsure = draws.standard_normal((2, len(resampled)))
    middle = one + told.gain + slope * (resampled - weighted + error * unsure[0]) + GAIN_ERROR * told.gain * unsure[1]
    possible = np.clip(middle[:, None] + told.deviations, *images.metric.bounds)
    low, high = interval(possible.ravel(), settings.confidence)
    one, value = (float(np.clip(score, *images.metric.bounds)) for score in (one, one + told.gain))
    facts = {} if estimates is None else {"accuracy_estimates": estimates.to_json(), "alarm": estimates.alarm}
    return {
        "value": value,
        "low": min(low, value),
        "high": max(high, value),
        "one_network": one,
        "effective_images": effective_size(found.weights),
    } | facts


def _finite(number: float) -> float:
    return number if np.isfinite(number) else 0.0


def _error(labels: PossibleLabels, accuracy: float, error: float) -> tuple[float, float]:
    """Return what an `error` of the accuracy of one network is in its score, and how much of that the vote's has."""
    below, above = labels.score(accuracy - error), labels.score(accuracy + error)
    one, vote = _finite(above.one - below.one), _finite(above.vote - below.vote)
    return abs(one) / 2, float(np.clip(vote / one, 0, STEEPEST)) if one else 1.0


def vote_gains(
    candidates: Sequence[Candidate],
    stacked: StackedPredictions,
    folds: Sequence[int],
    learnt_from: Mapping[str, str],
    seed: int,
) -> dict[str, float]:
    """Return name of each candidate -> by how much its score changes where all folds' networks vote.

    Out of fold one network of a member answers an image. See `one_network` for folds and learnt_from.
    """
    gains = {}
    for one in candidates:
        found = one_network(one, stacked, folds, learnt_from)
        draws = generator(seed, "vote gain")  # the same labels for all
        labels = PossibleLabels(found.votes.alone, found.votes.together, stacked.images.metric, draws)
        gains[one.name] = labels.score(found.accuracy).gain
    return gains


def _resampled(
    chosen: Candidate,
    stacked: StackedPredictions,
    found: OneNetwork,
    settings: EnsembleSettings,
    draws: np.random.Generator,
) -> np.ndarray:
    """Return (R,) scores of one network on other images, out of fold and test, each with weights of its own."""
    images, answers, n_test = stacked.images, chosen.oof["test_like"], stacked.test.shape[2]
    score = images.metric.drawn_scorer(images.y_true, answers, len(images.targets))
    resamples = min(REFITS, settings.resamples)
    scores = []
    for drawn in times_drawn(len(answers), resamples, draws, images.groups):
        of_test = (
            draws.multinomial(n_test, np.full(n_test, 1 / n_test), size=len(drawn)) if n_test else [None] * len(drawn)
        )
        weighted = [times * found.weights_of(times, own) for times, own in zip(drawn, of_test, strict=True)]
        scores.append(score(np.stack(weighted).astype(np.float32)))
    return np.concatenate(scores)
