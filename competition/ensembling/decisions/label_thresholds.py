"""A threshold for each label of a set."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from competition.ensembling.decision_rule import DecisionRule
from competition.ensembling.decisions import DECISIONS
from competition.ensembling.decisions.threshold import THRESHOLDS, Threshold
from competition.metrics.metric import Metric

PASSES = 2


@DECISIONS.register
@dataclass(frozen=True, eq=False)
class LabelThresholds(DecisionRule):
    """Labels with a probability of their threshold or more; `values` (C,).

    Coordinate ascent from the best common threshold: one label's after the other is moved to where it scores best.
    """

    kinds = ("multi",)

    values: np.ndarray

    @classmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        n_classes = probabilities.shape[1]
        values = np.full(n_classes, Threshold.fit(probabilities, y_true, metric).value)
        answers = cls(values).answers(probabilities)
        best, score = metric.sign * metric(y_true, answers, n_classes), metric.label_scorer(y_true, answers, n_classes)
        for _ in range(PASSES):
            before = best
            for index in range(n_classes):
                columns = (probabilities[:, index] >= THRESHOLDS[:, None]).astype(np.uint8)
                scores = np.array([metric.sign * score(index, column) for column in columns])
                scores[np.isnan(scores)] = -np.inf
                if scores.max() > best:
                    found = int(scores.argmax())
                    best, values[index] = scores[found], THRESHOLDS[found]
                    answers[:, index] = columns[found]
                    score = metric.label_scorer(y_true, answers, n_classes)
            if best == before:
                break
        return cls(values)

    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        return (probabilities >= self.values).astype(np.uint8)
