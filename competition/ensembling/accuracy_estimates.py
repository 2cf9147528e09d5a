"""Estimates of the test set's accuracy that take other things for granted than `expected` does, and what they warn of.

All are of one network alone, without a label of the test set, where an image has one label:

- weighted: the out-of-fold accuracy by `shift_weights`, as `expected` is made;
- thresholded_confidence: the share of test images above the confidence that as large a share is above out of fold as
  is right there (Garg et al., Leveraging unlabeled data to predict out-of-distribution performance, ICLR 2022);
- difference_of_confidences: the out-of-fold accuracy, less what mean confidence falls by (Guillory et al., Predicting
  with confidence on unseen distributions, ICCV 2021);
- agreement: the out-of-fold accuracy, moved as the agreement of different members moves, on the probit scale (Baek et
  al., Agreement-on-the-line, NeurIPS 2022). Only this one sees networks that are wrong with more confidence.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from scipy.stats import norm

from competition.ensembling.network_votes import NetworkVotes
from competition.ensembling.skill import LEAST
from competition.ensembling.stacked_predictions import StackedPredictions

ALARM = 0.05  # of accuracy: estimates that are further from the weighted one disagree with it


def accuracy_estimates(
    votes: NetworkVotes,
    stacked: StackedPredictions,
    of_fold: Sequence[np.ndarray],
    weights: np.ndarray,
    learnt_from: Mapping[str, str],
) -> dict[str, object]:
    """Return {"accuracy": name -> estimate, "alarm": whether the agreement's or the difference's is far from the
    weighted one}; {} of several labels.

    of_fold: (K,) of (N,) bool; weights: (N,) of the out-of-fold images. `agreement` is None without a second member.
    """
    images = stacked.images
    if images.task.several:
        return {}
    right = votes.out_of_fold.labels == images.y_true
    sure, sizes = votes.out_of_fold.confidence, np.array([here.sum() for here in of_fold])
    thresholded, differences = [], []
    for here, alone in zip(of_fold, votes.alone, strict=True):
        accuracy = right[here].mean()
        thresholded.append(np.mean(alone.confidence >= np.quantile(sure[here], 1 - accuracy)))
        differences.append(accuracy + alone.confidence.mean() - sure[here].mean())
    weighted = float(np.average(right, weights=weights))
    others = {
        "thresholded_confidence": float(np.average(thresholded, weights=sizes)),
        "difference_of_confidences": float(np.clip(np.average(differences, weights=sizes), 0, 1)),
        "agreement": _by_agreement(float(right.mean()), stacked, of_fold, learnt_from),
    }
    # under a large shift thresholded confidence is far from the truth where nothing else is wrong: it is only shown
    far = [others[name] for name in ("difference_of_confidences", "agreement")]
    alarm = any(one is not None and abs(one - weighted) > ALARM for one in far)
    return {"accuracy": {"weighted": weighted} | others, "alarm": alarm}


def spread(estimates: Mapping[str, object]) -> float:
    """Return how far the agreement's estimate is from the weighted one; 0 where there is none."""
    accuracy = estimates.get("accuracy", {})
    told = accuracy.get("agreement")
    return 0.0 if told is None else abs(told - accuracy["weighted"])


def _by_agreement(
    accuracy: float, stacked: StackedPredictions, of_fold: Sequence[np.ndarray], learnt_from: Mapping[str, str]
) -> float | None:
    images = stacked.images
    labels = stacked.oof["test_like"][:, 0].argmax(axis=2)  # (M, N)
    answers = stacked.test.argmax(axis=3)  # (M, K, T)
    chance = 1 / len(images.targets)
    skill = (labels == images.y_true).mean(axis=1) - chance
    able = [
        place
        for place, name in enumerate(stacked.members)
        if name not in learnt_from and skill[place] > LEAST * skill.max()
    ]
    moves = []
    for one, other in combinations(able, 2):
        for number, here in enumerate(of_fold):
            before = np.mean(labels[one, here] == labels[other, here])
            after = np.mean(answers[one, number] == answers[other, number])
            moves.append(_probit(after, answers.shape[2]) - _probit(before, here.sum()))
    return float(norm.cdf(_probit(accuracy, len(images.y_true)) + np.mean(moves))) if moves else None


def _probit(share: float, n: int) -> float:
    """Return where on the normal scale a share of n lies; half a case from 0 and 1 at the least."""
    return float(norm.ppf(np.clip(share, 0.5 / n, 1 - 0.5 / n)))
