"""The expected grade of calibrated probabilities."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.metrics.calibration import apply_temperature, fit_temperature
from competition.metrics.grades import expected_grades
from competition.metrics.metric import Metric


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class CalibratedGrade(DecisionRule):
    """The expected grade, rounded, of probabilities whose logits are divided by a `temperature`.

    The expected grade has the least expected squared distance, if the probabilities are right. A network that is less
    sure than it is right (label smoothing makes it so) pulls every mean towards the middle. The temperature is that of
    the least log loss: one number, which is far better known than what the metric itself would choose.
    """

    kinds = ("ordinal",)

    temperature: float

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        return cls(fit_temperature(probabilities, y_true))

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        grades = expected_grades(apply_temperature(probabilities, self.temperature))
        return np.floor(grades + 0.5).astype(np.int64)
