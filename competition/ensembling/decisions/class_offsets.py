"""Offsets of the classes: what is added to each class's log-probability before the highest one is the answer."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.metrics.calibration import LEAST
from competition.metrics.metric import Metric

STEPS = np.array([0.25, -0.25, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0])  # tried for one class after the other
PASSES = 2
BLOCK = 1000  # rows ranked at once: bounds the memory


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class ClassOffsets(DecisionRule):
    """Likeliest class after `offsets` (C,) are added to the log-probabilities.

    Coordinate ascent: each class's offset takes the step that scores best, the smallest of equals, while that is better
    than no step.
    """

    kinds = ("single", "ordinal")

    offsets: np.ndarray

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        logits, n_classes = _logits(probabilities), probabilities.shape[1]
        offsets, leaders = np.zeros(n_classes), _Leaders(logits)
        best = metric.sign * metric(y_true, leaders.first, n_classes)
        for _ in range(PASSES):
            before = best
            for index in range(n_classes):
                others, rival = leaders.without(index)
                own = leaders.logits[:, index]
                if not (np.abs(own - others) <= np.abs(STEPS).max()).any():
                    continue  # no step changes an answer
                tried = [np.where(_wins(own + step, index, others, rival), index, rival) for step in STEPS]
                scores = [metric.sign * metric(y_true, one, n_classes) for one in tried]
                if max(scores) > best:
                    best = max(scores)
                    offsets[index] += STEPS[int(np.argmax(scores))]
                    leaders.replace(index, logits[:, index] + offsets[index])
            if best == before:
                break
        return cls(offsets)

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        return (_logits(probabilities) + self.offsets).argmax(axis=1)


def _logits(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities.astype(np.float64), LEAST))


class _Leaders:
    """Logits (n, C) with the `first` and the `second` class of each row (n,), of equals the first; see `replace`.

    So that a step of one class costs n and not n x C: with a thousand classes minutes, not days.
    """

    def __init__(self, logits: np.ndarray):
        self.logits, self._rows = logits.copy(), np.arange(len(logits))
        self.first, self.second = np.zeros((2, len(logits)), np.int64)
        self._rank(self._rows)

    def without(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the highest of the other classes' logits (n,), and which class that is, the first of equals."""
        rival = np.where(self.first == index, self.second, self.first)
        return self.logits[self._rows, rival], rival

    def replace(self, index: int, column: np.ndarray) -> None:
        """Take `column` (n,) as the logits of class `index`."""
        self.logits[:, index] = column
        led = (self.first == index) | (self.second == index)
        self._rank(np.flatnonzero(led | (column >= self.logits[self._rows, self.second])))

    def _rank(self, rows: np.ndarray) -> None:
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            left = self.logits[block]
            self.first[block] = left.argmax(axis=1)
            left[np.arange(len(left)), self.first[block]] = -np.inf
            self.second[block] = left.argmax(axis=1)


def _wins(own: np.ndarray, index: int, others: np.ndarray, rival: np.ndarray) -> np.ndarray:
    """Return (n,) bool: whether class `index`, with logits `own`, is the answer; of equals the first class is."""
    return (own > others) | ((own == others) & (index < rival))
