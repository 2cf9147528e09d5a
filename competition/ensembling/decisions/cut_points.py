"""Cut points between grades, on the expected grade."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.metrics.grades import expected_grades
from competition.metrics.metric import Metric

STEPS = np.array([-0.3, -0.2, -0.1, -0.05, 0.05, 0.1, 0.2, 0.3])  # by which a cut point is moved
PASSES = 4


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class CutPoints(DecisionRule):
    """The grade between whose cut points the expected grade lies; `cuts` (C - 1,), ascending.

    Coordinate ascent from halves (0.5, 1.5, ...): one cut point after the other is moved to where it scores best.
    """

    kinds = ("ordinal",)

    cuts: np.ndarray

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        grades, n_classes = expected_grades(probabilities), probabilities.shape[1]

        def score(cuts: np.ndarray) -> float:
            return metric.sign * metric(y_true, np.searchsorted(cuts, grades, side="right"), n_classes)

        cuts = np.arange(n_classes - 1) + 0.5
        best = score(cuts)
        for _ in range(PASSES):
            before = best
            for index in range(n_classes - 1):
                tried = cuts + STEPS[:, None] * np.eye(n_classes - 1)[index]
                tried = tried[(np.diff(tried, axis=1) > 0).all(axis=1)]
                scores = [score(one) for one in tried]
                if scores and max(scores) > best:
                    best, cuts = max(scores), tried[int(np.argmax(scores))]
            if best == before:
                break
        return cls(cuts)

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.cuts, expected_grades(probabilities), side="right")
