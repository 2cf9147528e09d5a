"""Estimates of how often one network is right on the test set, that take different things for granted.

None reads a label of the test set; all are of images of one label:

- weighted: the out-of-fold accuracy by `shift_weights`: what is answered with some confidence is right as often;
- agreement_of_folds: how often the networks of two folds agree on the test images: as often as one of them is right
  (Jiang et al., Assessing generalization of SGD via disagreement, ICLR 2022);
- agreement_of_members: the out-of-fold accuracy, moved as the agreement of different members moves, on the probit scale
  (Baek et al., Agreement-on-the-line, NeurIPS 2022), by as much for each step of the agreement as from clean to
  test-like images;
- thresholded_confidence: the share of test images above the confidence that as large a share is above out of fold as
  is right there (Garg et al., Leveraging unlabeled data to predict out-of-distribution performance, ICLR 2022);
- difference_of_confidences: the out-of-fold accuracy, less what mean confidence falls by (Guillory et al., Predicting
  with confidence on unseen distributions, ICCV 2021).

The two agreements see networks that are wrong with more confidence than out of fold; the others don't.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
from scipy.stats import norm

from competition.ensembling.candidates import Candidate
from competition.ensembling.network_votes import NetworkVotes
from competition.ensembling.skill import LEAST
from competition.ensembling.stacked_predictions import StackedPredictions
from competition.metrics.calibration import apply_temperature, fit_temperature

ALARM = 0.05  # from what is expected, at the least, that another estimate is said to be far
LEAST_ERROR = 0.02  # standard error of what is expected, where the estimates that it is made of say the same
SLOPES = 0.5, 2.0  # of accuracy against agreement, both on the probit scale
LEAST_MOVE = 0.1  # of the agreement from clean to test-like, that a slope is taken from


@dataclass(frozen=True)
class AccuracyEstimates:
    """Each estimate, in [0, 1]; None of an agreement that there aren't networks for. chance: standard error of the
    accuracy of so many images.
    """

    weighted: float
    agreement_of_folds: float | None
    agreement_of_members: float | None
    thresholded_confidence: float
    difference_of_confidences: float
    chance: float = 0.0

    @property
    def expected(self) -> float:
        """The mean of the weighted one, the agreement of folds and thresholded confidence: what one of them is wrong
        by, the others seldom are.
        """
        return float(np.mean(self._trusted))

    @property
    def error(self) -> float:
        """Standard error of `expected`, but for that of the out-of-fold images."""
        return float(np.hypot(np.ptp(self._trusted) / 2, LEAST_ERROR))

    @property
    def alarm(self) -> bool:
        """Whether an estimate is far from what is expected: more than chance alone would have it.

        Not thresholded confidence: under a large shift it is far from the truth where nothing else is wrong.
        """
        told = self.weighted, self.agreement_of_folds, self.agreement_of_members, self.difference_of_confidences
        far = max(ALARM, 2 * self.chance)
        return any(one is not None and abs(one - self.expected) > far for one in told)

    @property
    def _trusted(self) -> list[float]:
        told = self.weighted, self.agreement_of_folds, self.thresholded_confidence
        return [one for one in told if one is not None]

    def to_json(self) -> dict[str, float | None]:
        """Return name -> estimate."""
        return {name: value for name, value in asdict(self).items() if name != "chance"}


def accuracy_estimates(
    chosen: Candidate,
    votes: NetworkVotes,
    stacked: StackedPredictions,
    of_fold: Sequence[np.ndarray],
    weights: np.ndarray,
    learnt_from: Mapping[str, str],
) -> AccuracyEstimates:
    """Return the estimates of `chosen`, whose networks say `votes`.

    of_fold: (K,) of (N,) bool; weights: (N,) of the out-of-fold images; learnt_from: see `votes_of_networks`.
    """
    y_true, told = stacked.images.y_true, votes.out_of_fold
    right = told.labels == y_true
    temperature = fit_temperature(told.predictions.probabilities, y_true)

    def confidences(voted) -> np.ndarray:
        calibrated = apply_temperature(voted.predictions.probabilities, temperature)
        return calibrated[np.arange(len(voted)), voted.labels]

    sure, sizes = confidences(told), [here.sum() for here in of_fold]
    thresholded, differences = [], []
    for here, alone in zip(of_fold, votes.alone, strict=True):
        accuracy, on_test = right[here].mean(), confidences(alone)
        thresholded.append(np.mean(on_test >= np.quantile(sure[here], 1 - accuracy)))
        differences.append(accuracy + on_test.mean() - sure[here].mean())
    weighted = float(np.average(right, weights=weights))
    effective = weights.sum() ** 2 / (weights**2).sum()
    return AccuracyEstimates(
        weighted,
        _of_folds(votes),
        _of_members(chosen, right, stacked, of_fold, learnt_from),
        float(np.average(thresholded, weights=sizes)),
        float(np.clip(np.average(differences, weights=sizes), 0, 1)),
        float(np.sqrt(weighted * (1 - weighted) * (1 / effective + 1 / max(1, stacked.test.shape[2])))),
    )


def _of_folds(votes: NetworkVotes) -> float | None:
    agree = [np.mean(one.labels == other.labels) for one, other in combinations(votes.alone, 2)]
    return float(np.mean(agree)) if agree else None


def _of_members(
    chosen: Candidate,
    right: np.ndarray,
    stacked: StackedPredictions,
    of_fold: Sequence[np.ndarray],
    learnt_from: Mapping[str, str],
) -> float | None:
    pairs = _pairs(chosen, stacked, learnt_from)
    if not pairs:
        return None
    images = stacked.images
    labels = {condition: stacked.oof[condition][:, 0].argmax(axis=2) for condition in ("clean", "test_like")}
    answers = stacked.test.argmax(axis=3)  # (M, K, T)
    agreement = {name: np.mean([np.mean(one[a] == one[b]) for a, b in pairs]) for name, one in labels.items()}
    on_test = np.mean([np.mean(answers[a] == answers[b]) for a, b in pairs])
    clean = images.task.labels_of(chosen.oof["clean"]) == images.y_true
    n = len(images.y_true)
    moved = _probit(agreement["test_like"], n) - _probit(agreement["clean"], n)
    slope = 1.0
    if abs(moved) >= LEAST_MOVE:
        slope = float(np.clip((_probit(right.mean(), n) - _probit(clean.mean(), n)) / moved, *SLOPES))
    move = _probit(on_test, answers[0].size) - _probit(agreement["test_like"], n)
    return float(norm.cdf(_probit(right.mean(), n) + slope * move))


def _pairs(chosen: Candidate, stacked: StackedPredictions, learnt_from: Mapping[str, str]) -> list[tuple[int, int]]:
    """Return the pairs of able members' places: those with one of the vote, or if there is none, all."""
    images = stacked.images
    chance = 1 / len(images.targets)
    skill = (stacked.oof["test_like"][:, 0].argmax(axis=2) == images.y_true).mean(axis=1) - chance
    able = [
        place
        for place, name in enumerate(stacked.members)
        if name not in learnt_from and skill[place] > LEAST * skill.max()
    ]
    asked = {stacked.members.index(learnt_from.get(part, part)) for part in chosen.parts if part in stacked.members}
    pairs = list(combinations(able, 2))
    return [pair for pair in pairs if asked.intersection(pair)] or pairs


def _probit(share: float, n: int) -> float:
    """Return where on the normal scale a share of n lies; half a case from 0 and 1 at the least."""
    return float(norm.ppf(np.clip(share, 0.5 / n, 1 - 0.5 / n)))
