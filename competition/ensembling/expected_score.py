"""Expected score of the test set, with its interval: what one network gives there, and what the vote adds.

What one network gives is the out-of-fold score, its images weighted to be answered as the test images are: see
`shift_weights`. What the vote adds shows in how its networks disagree: see `vote_gain`. The interval is of what will be
told of this very test set: it holds what other out-of-fold images would have said, with weights fitted anew, what the
labels of the test images may be, and how far an estimate that takes other things for granted is from the weighted one.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from competition.common.seeds import generator
from competition.ensembling.accuracy_estimates import accuracy_estimates, spread
from competition.ensembling.candidates import Candidate
from competition.ensembling.network_votes import NetworkVotes, votes_of_networks
from competition.ensembling.shift_weights import ShiftWeights
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.ensembling.vote_gain import vote_score
from competition.metrics.bootstrap import interval, times_drawn
from competition.settings.ensemble import EnsembleSettings

REFITS = 100  # of the weights, each on other images


def expected_score(
    chosen: Candidate,
    stacked: StackedPredictions,
    folds: Sequence[int],
    settings: EnsembleSettings,
    learnt_from: Mapping[str, str],
) -> dict[str, object]:
    """Return "value", "low", "high"; "one_network", what one alone is expected to score; and "effective_images": how
    many images, equally weighted, would tell as much: (sum of weights)^2 / sum of squares (Kish).

    folds: (K,) their numbers, in the order of the stacked networks; learnt_from: see `votes_of_networks`. The rest is
    of `accuracy_estimates`.
    """
    images, draws = stacked.images, generator(settings.seed, "expected")
    votes = votes_of_networks(chosen, stacked, len(folds), learnt_from)
    of_fold = [images.folds == fold for fold in folds]
    fits = _fits(votes, of_fold)
    weights = _weights(fits, of_fold)
    single = images.metric(images.y_true, chosen.oof["test_like"], len(images.targets), weights)
    vote = vote_score(single, votes.alone, votes.together, images.metric, draws)
    resampled = _resampled(chosen, stacked, fits, of_fold, settings, draws)
    estimates = accuracy_estimates(votes, stacked, of_fold, weights, learnt_from)
    unsure = draws.normal(0, spread(estimates), len(resampled))
    possible = vote.value + vote.slope * (resampled - single + unsure)[:, None] + vote.deviations
    low, high = interval(np.clip(possible, *images.metric.bounds).ravel(), settings.confidence)
    value = float(np.clip(vote.value, *images.metric.bounds))
    return {
        "value": value,
        "low": min(low, value),
        "high": max(high, value),
        "one_network": single,
        "effective_images": float(weights.sum() ** 2 / (weights**2).sum()),
    } | estimates


def _fits(votes: NetworkVotes, of_fold: Sequence[np.ndarray]) -> list[ShiftWeights]:
    several = not votes.together.predictions.exclusive
    scored = votes.out_of_fold.predictions.probabilities
    return [
        ShiftWeights(scored[here], alone.predictions.probabilities, several)
        for here, alone in zip(of_fold, votes.alone, strict=True)
    ]


def _weights(
    fits: Sequence[ShiftWeights],
    of_fold: Sequence[np.ndarray],
    times: np.ndarray | None = None,
    test_times: np.ndarray | None = None,
) -> np.ndarray:
    """Return (N,) weights of the out-of-fold images, mean 1 in each fold."""
    weights = np.ones(len(of_fold[0]))
    for fit, here in zip(fits, of_fold, strict=True):
        weights[here] = fit(None if times is None else times[here], test_times)
    return weights


def _resampled(
    chosen: Candidate,
    stacked: StackedPredictions,
    fits: Sequence[ShiftWeights],
    of_fold: Sequence[np.ndarray],
    settings: EnsembleSettings,
    draws: np.random.Generator,
) -> np.ndarray:
    """Return (R,) scores of one network on other images, out of fold and test, each with weights of its own."""
    images, answers, n_test = stacked.images, chosen.oof["test_like"], stacked.test.shape[2]
    score = images.metric.drawn_scorer(images.y_true, answers, len(images.targets))
    resamples = min(REFITS, settings.resamples)
    found = []
    for drawn in times_drawn(len(answers), resamples, draws, images.groups):
        of_test = (
            draws.multinomial(n_test, np.full(n_test, 1 / n_test), size=len(drawn)) if n_test else [None] * len(drawn)
        )
        weighted = np.stack(
            [times * _weights(fits, of_fold, times, own) for times, own in zip(drawn, of_test, strict=True)]
        )
        found.append(score(weighted.astype(np.float32)))
    return np.concatenate(found)
