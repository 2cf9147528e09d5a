"""Estimates of how often one network is right on the test set, that take different things for granted.

None reads a label of the test set; all are of images of one label:

- correctness: the mean probability that an answer is right, by what all members say of the image: see `Correctness`;
  learnt on images out of fold as they are, test-like, and damaged once more, since a test set may be any of these;
- thresholded_confidence: the share of test images above the confidence that as large a share is above out of fold as
  is right there (Garg et al., Leveraging unlabeled data to predict out-of-distribution performance, ICLR 2022);
- weighted: the out-of-fold accuracy by `shift_weights`: what is answered with some confidence is right as often;
- agreement_of_folds: how often the networks of two folds agree on the test images: as often as one of them is right
  (Jiang et al., Assessing generalization of SGD via disagreement, ICLR 2022). None where nearly all answers are of one
  class, since networks agree then whatever they know;
- agreement_of_members: the out-of-fold accuracy, moved as the agreement of different members moves, on the probit scale
  (Baek et al., Agreement-on-the-line, NeurIPS 2022), by as much for each step of the agreement as from clean to
  test-like images;
- difference_of_confidences: the out-of-fold accuracy, less what mean confidence falls by (Guillory et al., Predicting
  with confidence on unseen distributions, ICCV 2021).

The first is expected, and how far the next three are from it is its error. Where all answers out of fold are right, it
is unknown, and the mean of these three is expected. Two networks that disagree aren't both right: a pair is right in
(1 + agreement) / 2 of cases at the most, and in as many as it agrees if it is as sure as it should be; more than
halfway between is not expected.

The two agreements see networks that are wrong with more confidence than out of fold; correctness does in part, by the
other members; the others don't.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
from scipy.stats import norm

from competition.data.predictions import SEVERE
from competition.ensembling.candidates import Candidate
from competition.ensembling.correctness import LEAST_MOVE, SLOPES, Correctness, correctness_features, probit
from competition.ensembling.fitted_votes import Voted
from competition.ensembling.network_votes import NetworkVotes
from competition.ensembling.shift_weights import effective_size
from competition.ensembling.skill import able_members
from competition.ensembling.specialist_votes import SPECIALIST
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.metrics.calibration import apply_temperature, fit_temperature

ALARM = 0.05  # from what is expected, at the least, that another estimate is said to be far
LEAST_ERROR = 0.1  # standard error of what is expected, at the least: on the probit scale, 0.02 at 0.88
MOST_BY_CHANCE = 0.6  # agreement of networks that know nothing of an image but how often each class is answered
SHARES = 0.005, 0.995  # where an error on the probit scale is taken, at the most


@dataclass(frozen=True)
class AccuracyEstimates:
    """Each estimate, in [0, 1]; None of an agreement that there aren't networks for, and of `correctness` where all
    answers out of fold are right. chance: standard error of the accuracy of so many images.
    """

    correctness: float | None
    thresholded_confidence: float
    weighted: float
    agreement_of_folds: float | None
    agreement_of_members: float | None
    difference_of_confidences: float
    chance: float

    @property
    def expected(self) -> float:
        """What all members say of the images tells more than how sure one network is."""
        return self.expected_with(self.correctness)

    def expected_with(self, correctness: float | None) -> float:
        """Return what is expected if `correctness` is as given."""
        found = float(np.mean(self._others)) if correctness is None else correctness
        agreement = self.agreement_of_folds
        return found if agreement is None else min(found, (agreement + (1 + agreement) / 2) / 2)

    @property
    def error(self) -> float:
        """Standard error of `expected`, but for that of the images that it is taken from."""
        apart = np.sqrt(np.mean(np.square(np.array(self._others) - self.expected)))
        return float(np.hypot(apart, LEAST_ERROR * norm.pdf(norm.ppf(np.clip(self.expected, *SHARES)))))

    @property
    def _others(self) -> list[float]:
        told = self.thresholded_confidence, self.weighted, self.agreement_of_folds
        return [one for one in told if one is not None]

    @property
    def alarm(self) -> bool:
        """Whether an estimate is far from what is expected: more than chance alone would have it.

        Not thresholded confidence: under a large shift it is far from the truth where nothing else is wrong.
        """
        told = self.weighted, self.agreement_of_folds, self.agreement_of_members, self.difference_of_confidences
        far = max(ALARM, 2 * self.chance)
        return any(one is not None and abs(one - self.expected) > far for one in told)

    def to_json(self) -> dict[str, float | None]:
        """Return name -> estimate, what is expected first."""
        return {"expected": self.expected} | {name: one for name, one in asdict(self).items() if name != "chance"}


class AccuracyEstimator:
    """Estimates the accuracy of one network of `chosen`, whose networks say `votes`, on the test set.

    of_fold: (K,) of (N,) bool; learnt_from: see `votes_of_networks`.
    """

    def __init__(
        self,
        chosen: Candidate,
        votes: NetworkVotes,
        stacked: StackedPredictions,
        of_fold: Sequence[np.ndarray],
        learnt_from: Mapping[str, str],
    ):
        self._chosen, self._votes, self._stacked, self._learnt_from = chosen, votes, stacked, learnt_from
        self._of_fold, told, y_true = of_fold, votes.out_of_fold, stacked.images.y_true
        self._right = told.labels == y_true
        temperature = fit_temperature(told.predictions.probabilities, y_true)
        self._sure, *self._sure_of_test = (
            apply_temperature(one.predictions.probabilities, temperature)[np.arange(len(one)), one.labels]
            for one in (told, *votes.alone)
        )
        asked = {learnt_from.get(part, part) for part in chosen.parts if part != SPECIALIST}
        others = [m for m, name in enumerate(stacked.members) if name not in learnt_from and {name} != asked]
        seen = {"clean": votes.clean, "test_like": told, SEVERE: votes.severe}
        self._correctness = Correctness(
            np.stack([_features(one, stacked.oof[view][others, 0]) for view, one in seen.items()]),
            np.stack([one.labels == y_true for one in seen.values()]),
            [_features(alone, stacked.test[others, fold]) for fold, alone in enumerate(votes.alone)],
        )

    def estimates(self, weights: np.ndarray) -> AccuracyEstimates:
        """Return all estimates. weights: (N,) of the out-of-fold images; see `shift_weights`."""
        once = np.ones(len(self._right))
        weighted = float(np.average(self._right, weights=weights))
        thresholded, fell = [], []
        for here, on_test in zip(self._of_fold, self._sure_of_test, strict=True):
            accuracy, sure = self._right[here].mean(), self._sure[here]
            thresholded.append(np.mean(on_test >= np.quantile(sure, 1 - accuracy)))
            fell.append(accuracy + on_test.mean() - sure.mean())
        n_test = len(self._votes.together)
        return AccuracyEstimates(
            self.correctness(once),
            self._mean(thresholded, once),
            weighted,
            _of_folds(self._votes),
            _of_members(self._chosen, self._votes, self._stacked, self._learnt_from),
            float(np.clip(self._mean(fell, once), 0, 1)),
            float(np.sqrt(weighted * (1 - weighted) * (1 / effective_size(weights) + 1 / n_test))),
        )

    def correctness(self, times: np.ndarray) -> float | None:
        """Return the estimate of that name by images drawn `times` (N,); None where all drawn are right."""
        found = self._correctness(times)
        return None if found is None else self._mean(found, times)

    def _mean(self, by_fold: Sequence[float], times: np.ndarray) -> float:
        """Return the mean over the folds, each counted by its images drawn."""
        return float(np.average(by_fold, weights=[times[here].sum() for here in self._of_fold]))


def _features(answered: Voted, others: np.ndarray) -> np.ndarray:
    return correctness_features(answered.predictions.probabilities, answered.labels, others)


def _of_folds(votes: NetworkVotes) -> float | None:
    labels = [one.labels for one in votes.alone]
    shares = np.unique(np.concatenate(labels), return_counts=True)[1] / (len(labels) * len(labels[0]))
    if len(labels) == 1 or np.sum(shares**2) > MOST_BY_CHANCE:
        return None
    return float(np.mean([np.mean(one == other) for one, other in combinations(labels, 2)]))


def _of_members(
    chosen: Candidate, votes: NetworkVotes, stacked: StackedPredictions, learnt_from: Mapping[str, str]
) -> float | None:
    pairs = _pairs(chosen, stacked, learnt_from)
    if not pairs:
        return None
    y_true, on_test = stacked.images.y_true, stacked.test_labels
    n = len(y_true)

    def agreement(labels: np.ndarray) -> float:
        return float(np.mean([np.mean(labels[one] == labels[other]) for one, other in pairs]))

    def both(condition: str, answered: np.ndarray) -> np.ndarray:  # accuracy and agreement, out of fold
        labels = stacked.oof[condition][:, 0].argmax(axis=2)
        return np.array([probit(np.mean(answered == y_true), n), probit(agreement(labels), n)])

    test_like, clean = both("test_like", votes.out_of_fold.labels), both("clean", votes.clean.labels)
    fell, moved = test_like - clean
    slope = float(np.clip(fell / moved, *SLOPES)) if abs(moved) >= LEAST_MOVE else 1.0
    move = probit(agreement(on_test), on_test[0].size) - test_like[1]
    return float(norm.cdf(test_like[0] + slope * move))


def _pairs(chosen: Candidate, stacked: StackedPredictions, learnt_from: Mapping[str, str]) -> list[tuple[int, int]]:
    """Return the pairs of able members' places: those with one of the vote, or if there is none, all."""
    asked = {stacked.members.index(learnt_from.get(part, part)) for part in chosen.parts if part in stacked.members}
    pairs = list(combinations(able_members(stacked, learnt_from), 2))
    return [pair for pair in pairs if asked.intersection(pair)] or pairs
