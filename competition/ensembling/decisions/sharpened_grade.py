"""The expected grade of sharpened probabilities."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.metrics.calibration import apply_temperature
from competition.metrics.grades import expected_grades
from competition.metrics.metric import Metric

POWERS = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 100.0)  # of the probabilities, tried; the last is the likeliest grade


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class SharpenedGrade(DecisionRule):
    """The expected grade, rounded, of the probabilities raised to a `power`, up to the likeliest grade.

    A network that is less sure than it is right (label smoothing makes it so) pulls every mean towards the middle; and
    where two grades far apart look alike, the grade in between is right of neither.
    """

    kinds = ("ordinal",)

    power: float

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        tried = [cls(power) for power in POWERS]
        scores = [metric.sign * metric(y_true, one.answers(probabilities), probabilities.shape[1]) for one in tried]
        return tried[int(np.argmax(scores))]

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        grades = expected_grades(apply_temperature(probabilities, 1 / self.power))
        return np.floor(grades + 0.5).astype(np.int64)
