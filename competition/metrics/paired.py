"""Paired bootstrap: how several predictions of the same images differ from the best of them, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.metrics.bootstrap import interval


@dataclass(frozen=True)
class PairedDifference:
    """Difference of one score to the best one, on the same resamples.

    difference: score - the best's; low, high: its bootstrap interval; standard_error: the standard deviation of its
    resamples; sign: 1 if greater is better, else -1.
    """

    name: str
    score: float
    difference: float
    low: float
    high: float
    standard_error: float
    sign: int = 1

    @property
    def significant(self) -> bool:
        """Whether the interval of the difference leaves 0 out."""
        return self.low > 0 or self.high < 0

    @property
    def is_within(self) -> bool:
        """Whether the score is within one standard error of the best."""
        return -self.sign * self.difference <= self.standard_error


def paired_differences(
    names: Sequence[str], scores: Sequence[float], resampled: np.ndarray, confidence: float, sign: int = 1
) -> tuple[PairedDifference, ...]:
    """Difference of each of M `scores` to the best of them, the first of equals.

    resampled: (R, M) scores on the same R resamples, see `Metric.bootstrap`; sign: 1 if greater is better, else -1.
    What makes a resample hard for one makes it hard for the other too, so the interval of the difference is narrower
    than the two scores' own, and scores whose intervals overlap may well differ significantly (Efron and Tibshirani,
    An Introduction to the Bootstrap, 13.3). A resample on which the metric isn't defined, NaN, is left out.
    """
    best = int(np.argmax(sign * np.asarray(scores)))
    differences = resampled - resampled[:, [best]]
    differences = differences[~np.isnan(differences).any(axis=1)]
    return tuple(
        PairedDifference(
            name,
            float(score),
            float(score - scores[best]),
            *interval(differences[:, column], confidence),
            float(differences[:, column].std(ddof=1)),
            sign,
        )
        for column, (name, score) in enumerate(zip(names, scores, strict=True))
    )
