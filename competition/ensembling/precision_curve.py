"""Precision by confidence, out of fold: from which probability on answers are right as often as is asked for.

A threshold that just reached it on these images would miss it on others about half of the time. So the precision is
promised by its lower bound (Clopper and Pearson, The use of confidence or fiducial limits, Biometrika 26, 1934).
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

CONFIDENCE = 0.9  # that the precision is at least its lower bound


@dataclass(frozen=True)
class Threshold:
    """Threshold on the confidence: an answer with at least `value` is sure; None: no threshold reached what was asked.

    precision: the share of right ones among the sure answers out of fold, and bound: what it is at least, by
    CONFIDENCE; where value is None, of the threshold with the highest bound. share: the sure answers' share of all.
    """

    value: float | None
    precision: float
    share: float
    bound: float = 0.0

    def is_sure(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (N,) bool: whether answers with these probabilities (N,) are sure."""
        return np.zeros(len(probabilities), bool) if self.value is None else np.asarray(probabilities) >= self.value


@dataclass(frozen=True)
class PrecisionCurve:
    """Precision by confidence: ascending thresholds, each with a higher precision than all lower ones.

    Any other threshold leaves more unsure for no more precision, and no higher bound.

    steps: (threshold, right answers at or above it, answers at or above it); images: N, of all answers.
    """

    steps: tuple[tuple[float, int, int], ...]
    images: int

    @classmethod
    def of(cls, confidence: np.ndarray, right: np.ndarray) -> "PrecisionCurve":
        """Return the curve of N answers: their probabilities `confidence` (N,), and whether they are `right` (N,) bool.

        Thresholds are the answers' own probabilities. Raises ValueError for no answers, and for lengths that differ.
        """
        confidence, right = np.asarray(confidence), np.asarray(right)
        if not len(confidence) or confidence.shape != right.shape:
            raise ValueError(f"expected (N,) probabilities and (N,) bool, found {confidence.shape} and {right.shape}")
        order = np.argsort(-confidence, kind="stable")
        values, hits, counts = confidence[order], right[order].astype(np.int64).cumsum(), np.arange(1, len(order) + 1)
        last = np.append(values[1:] < values[:-1], True)  # of equal probabilities: they are sure together or not at all
        steps: list[tuple[float, int, int]] = []
        for place in np.flatnonzero(last)[::-1].tolist():
            step = float(values[place]), int(hits[place]), int(counts[place])
            if not steps or step[1] * steps[-1][2] > steps[-1][1] * step[2]:
                steps.append(step)
        return cls(tuple(steps), len(confidence))

    def threshold(self, precision: float) -> Threshold:
        """Return the lowest threshold at which the lower bound of the answers' precision is at least `precision`.

        Raises ValueError for a precision that is no share between 0 and 1.
        """
        if not 0 < precision < 1:
            raise ValueError(f"precision: {precision:g}; expected a share between 0 and 1, such as 0.95")
        bounds = [lower_bound(hits, count) for _, hits, count in self.steps]
        for (value, hits, count), bound in zip(self.steps, bounds, strict=True):
            if bound >= precision:
                return Threshold(value, hits / count, count / self.images, bound)
        bound, hits, count = max((bound, *step[1:]) for bound, step in zip(bounds, self.steps, strict=True))
        return Threshold(None, hits / count, 0.0, bound)


def lower_bound(hits: int, count: int) -> float:
    """Return what the share of right answers is at least, by CONFIDENCE, where `hits` of `count` were."""
    return float(beta.ppf(1 - CONFIDENCE, hits, count - hits + 1)) if hits else 0.0
