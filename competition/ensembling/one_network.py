"""What one network of a candidate gives on the test set: by images out of fold that are answered as the test images.

A network that was adapted has learnt from its own answers to the test images: what it is sure of means nothing there.
So the accuracy of what it was before is estimated. To its fold's test-like images it was adapted as it was to the test
images: what it gains on them comes on top.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.ensembling.accuracy_estimates import AccuracyEstimates, AccuracyEstimator
from competition.ensembling.candidates import Candidate
from competition.ensembling.network_votes import NetworkVotes, adapted, votes_of_networks
from competition.ensembling.shift_weights import ShiftWeights
from competition.ensembling.skill import able_members
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.ensembling.vote_gain import PossibleLabels, looked_at
from competition.metrics.calibration import apply_temperature, fit_class_offsets, log_probabilities
from competition.metrics.metric import Metric


@dataclass(frozen=True, eq=False)
class OneNetwork:
    """votes: what the candidate's networks say; of_fold: (K,) of (N,) bool; fits: (K,) each fold's weights; estimates:
    of the accuracy on the test set of those that weren't adapted, by `estimator`, None where an image may have several
    labels, or there is no test image; gained: (N,) 1 where only the adapted one is right out of fold, -1 where only the
    other is, None where none was adapted; by_accuracy: whether the accuracy tells the score; likely: (R, C) the
    labels of test images by all members, see `PossibleLabels`.
    """

    votes: NetworkVotes
    of_fold: tuple[np.ndarray, ...]
    fits: tuple[ShiftWeights, ...]
    weights: np.ndarray
    estimator: AccuracyEstimator | None = None
    estimates: AccuracyEstimates | None = None
    gained: np.ndarray | None = None
    by_accuracy: bool = False
    likely: np.ndarray | None = None

    @property
    def accuracy(self) -> float:
        """The one that is expected on the test set; 0 without estimates."""
        if self.estimates is None:
            return 0.0
        told = self.estimates.expected if self.by_accuracy else self.estimates.weighted
        return float(np.clip(told + self.gain(np.ones(len(self.weights))), 0, 1))

    def accuracy_by(self, times: np.ndarray) -> float:
        """Return the expected accuracy if out-of-fold images were drawn `times` (N,)."""
        told = self.estimates.expected_with(self.estimator.correctness(times))
        return float(np.clip(told + self.gain(times), 0, 1))

    def gain(self, times: np.ndarray) -> float:
        """Return the accuracy that adapting gains out of fold, by images drawn `times` (N,)."""
        return 0.0 if self.gained is None else float(np.average(self.gained, weights=times * self.weights))

    def possible_labels(self, metric: Metric, draws: np.random.Generator) -> PossibleLabels:
        """Return the test images' labels as they may be."""
        return PossibleLabels(self.likely, self.votes.alone, self.votes.together, metric, draws)

    def weights_of(self, times: np.ndarray, test_times: np.ndarray | None) -> np.ndarray:
        """Return (N,) weights where images were drawn `times` (N,), and test images `test_times` (T,)."""
        return _by_fold(self.fits, self.of_fold, times, test_times)


def one_network(
    candidate: Candidate, stacked: StackedPredictions, folds: Sequence[int], learnt_from: Mapping[str, str]
) -> OneNetwork:
    """Return it. folds: (K,) numbers, in the order of the stacked networks; learnt_from: see `votes_of_networks`."""
    several, y_true = stacked.images.task.several, stacked.images.y_true
    of_fold = tuple(stacked.images.folds == fold for fold in folds)
    votes = votes_of_networks(candidate, stacked, len(folds), {})
    asked = votes_of_networks(candidate, stacked, len(folds), learnt_from) if adapted(candidate, learnt_from) else votes
    answered = asked.out_of_fold.predictions.probabilities
    fits = tuple(
        ShiftWeights(answered[here], alone.predictions.probabilities, several)
        for here, alone in zip(of_fold, asked.alone, strict=True)
    )
    weights = _by_fold(fits, of_fold)
    if several or not len(votes.together):
        return OneNetwork(votes, of_fold, fits, weights)
    estimator = AccuracyEstimator(candidate, asked, stacked, of_fold, learnt_from)
    right = [(one.out_of_fold.labels == y_true).astype(np.int64) for one in (votes, asked)]
    # of a loss, a ranking or grades little can be told from an accuracy: there the weighted one stands
    by_accuracy = stacked.images.metric.takes == "labels" and stacked.images.task.settings.labels == "single"
    return OneNetwork(
        votes,
        of_fold,
        fits,
        weights,
        estimator,
        estimator.estimates(weights),
        None if asked is votes else right[0] - right[1],
        by_accuracy,
        _likely(stacked, len(folds), learnt_from),
    )


def _likely(stacked: StackedPredictions, n_folds: int, learnt_from: Mapping[str, str]) -> np.ndarray:
    """Return (R, C): the labels of the test images `looked_at` by the mean calibrated logits of all able members that
    weren't adapted, moved by an offset for each class: one that they answer too often out of fold is so here.
    """
    able, temperatures = able_members(stacked, learnt_from), stacked.temperatures[0]

    def together(raw: np.ndarray) -> np.ndarray:  # (M, networks, n, C)
        logits = [log_probabilities(one) / temperatures[place] for place in able for one in raw[place]]
        return apply_temperature(np.exp(np.mean(logits, axis=0)), 1.0)

    offsets = fit_class_offsets(together(stacked.oof["test_like"]), stacked.images.y_true)
    rows = looked_at(stacked.test.shape[2])
    return apply_temperature(together(stacked.test[:, :n_folds, rows]) * np.exp(offsets), 1.0)


def _by_fold(
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
