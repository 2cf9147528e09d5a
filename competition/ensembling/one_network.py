"""What one network of a candidate gives on the test set: by images out of fold that are answered as the test images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from competition.ensembling.accuracy_estimates import AccuracyEstimates, AccuracyEstimator
from competition.ensembling.candidates import Candidate
from competition.ensembling.network_votes import NetworkVotes, votes_of_networks
from competition.ensembling.shift_weights import ShiftWeights
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.ensembling.vote_gain import PossibleLabels
from competition.metrics.calibration import fit_class_offsets
from competition.metrics.metric import Metric


@dataclass(frozen=True, eq=False)
class OneNetwork:
    """votes: what the candidate's networks say; of_fold: (K,) of (N,) bool; fits: (K,) each fold's weights; estimates:
    of its accuracy on the test set, by `estimator`, None where an image may have several labels, or there is no test
    image; accuracy: the one that is expected there, 0 without estimates; by_accuracy: whether it tells the score;
    offsets: of its log probabilities, see `fit_class_offsets`.
    """

    votes: NetworkVotes
    of_fold: tuple[np.ndarray, ...]
    fits: tuple[ShiftWeights, ...]
    weights: np.ndarray
    estimator: AccuracyEstimator | None = None
    estimates: AccuracyEstimates | None = None
    accuracy: float = 0.0
    by_accuracy: bool = False
    offsets: np.ndarray | float = 0.0

    def possible_labels(self, metric: Metric, draws: np.random.Generator) -> PossibleLabels:
        """Return the test images' labels as they may be."""
        return PossibleLabels(self.votes.alone, self.votes.together, metric, draws, self.offsets)

    def weights_of(self, times: np.ndarray, test_times: np.ndarray | None) -> np.ndarray:
        """Return (N,) weights where images were drawn `times` (N,), and test images `test_times` (T,)."""
        return _by_fold(self.fits, self.of_fold, times, test_times)


def one_network(
    candidate: Candidate, stacked: StackedPredictions, folds: Sequence[int], learnt_from: Mapping[str, str]
) -> OneNetwork:
    """Return it. folds: (K,) numbers, in the order of the stacked networks; learnt_from: see `votes_of_networks`."""
    several = stacked.images.task.several
    of_fold = tuple(stacked.images.folds == fold for fold in folds)
    votes = votes_of_networks(candidate, stacked, len(folds), learnt_from)
    scored = votes.out_of_fold.predictions.probabilities
    fits = tuple(
        ShiftWeights(scored[here], alone.predictions.probabilities, several)
        for here, alone in zip(of_fold, votes.alone, strict=True)
    )
    weights = _by_fold(fits, of_fold)
    if several or not len(votes.together):
        return OneNetwork(votes, of_fold, fits, weights)
    estimator = AccuracyEstimator(candidate, votes, stacked, of_fold, learnt_from)
    estimates = estimator.estimates(weights)
    # of a loss, a ranking or grades little can be told from an accuracy: there the weighted one stands
    by_accuracy = stacked.images.metric.takes == "labels" and stacked.images.task.settings.labels == "single"
    accuracy = estimates.expected if by_accuracy else estimates.weighted
    offsets = fit_class_offsets(scored, stacked.images.y_true)
    return OneNetwork(votes, of_fold, fits, weights, estimator, estimates, accuracy, by_accuracy, offsets)


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
