"""Precision by confidence, out of fold: from which probability on answers were right as often as was asked for."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Threshold:
    """Threshold on the confidence: an answer with at least `value` is sure; None: no threshold reached what was asked.

    precision: the share of right ones among the sure answers out of fold; of the best threshold where value is None.
    share: the sure answers' share of all.
    """

    value: float | None
    precision: float
    share: float

    def is_sure(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (N,) bool: whether answers with these probabilities (N,) are sure."""
        return np.zeros(len(probabilities), bool) if self.value is None else np.asarray(probabilities) >= self.value


@dataclass(frozen=True)
class PrecisionCurve:
    """Precision by confidence: ascending thresholds, each with a higher precision than all lower ones.

    Any other threshold leaves more unsure for no more precision.

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
        """Return the lowest threshold at which the answers at or above it are right with at least `precision`.

        Raises ValueError for a precision that is no share above 0.
        """
        if not 0 < precision <= 1:
            raise ValueError(f"precision: {precision:g}; expected a share above 0, such as 0.95")
        for value, hits, count in self.steps:
            if hits >= precision * count - 1e-9:  # 0.55 * 100 is a little more than 55
                return Threshold(value, hits / count, count / self.images)
        return Threshold(None, max(hits / count for _, hits, count in self.steps), 0.0)
