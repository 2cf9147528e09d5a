"""How several answers to the same images stand to the best of them, and whether that can be told by these images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.metrics.f1 import interval


@dataclass(frozen=True)
class Standing:
    """How one answer stands to the best one.

    difference: score - the best's; low, high: its bootstrap interval; standard_error: the standard deviation of its
    resamples.
    """

    name: str
    score: float
    difference: float
    low: float
    high: float
    standard_error: float

    @property
    def significant(self) -> bool:
        """Whether the interval of the difference leaves 0 out."""
        return self.low > 0 or self.high < 0

    @property
    def is_within(self) -> bool:
        """Whether it is within one standard error of the best."""
        return -self.difference <= self.standard_error


def standings(
    names: Sequence[str], scores: Sequence[float], drawn: np.ndarray, confidence: float
) -> tuple[Standing, ...]:
    """Each of M answers' standing to the one with the highest of `scores` (M,), the first of equals.

    drawn: (R, M) scores on the same R resamples, see `competition.metrics.f1.bootstrap_scores`. The differences are
    paired: what makes a resample hard for one answer makes it hard for the other too, so their interval is narrower
    than the two scores' own, and two answers whose intervals overlap may well be told apart (Efron and Tibshirani, An
    Introduction to the Bootstrap, 13.3).
    """
    best = int(np.argmax(scores))
    differences = drawn - drawn[:, [best]]
    return tuple(
        Standing(
            name,
            float(score),
            float(score - scores[best]),
            *interval(differences[:, column], confidence),
            float(differences[:, column].std(ddof=1)),
        )
        for column, (name, score) in enumerate(zip(names, scores, strict=True))
    )
