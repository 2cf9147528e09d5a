"""Base class of decision rules: how probabilities become answers; each is a module of `decisions/`."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np

from competition.ensembling.saved import Saved
from competition.metrics.metric import Metric


class DecisionRule(Saved, ABC):
    """Decision rule, fitted on out-of-fold probabilities. A subclass is a frozen dataclass of arrays and numbers.

    kinds: of labels (`task.labels`) that it can decide about; gives: what its answers are, as `Metric.takes` has it.
    """

    kinds: ClassVar[tuple[str, ...]]
    gives: ClassVar[str] = "labels"

    @classmethod
    @abstractmethod
    def fit(cls, probabilities: np.ndarray, y_true: np.ndarray, metric: Metric) -> Self:
        """Return the rule with which `probabilities` (n, C) score best against the labels y_true (n, ...)."""

    @abstractmethod
    def answers(self, probabilities: np.ndarray) -> np.ndarray:
        """Return what the metric takes (n, ...), of probabilities (n, C)."""
