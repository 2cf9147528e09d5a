"""Balanced accuracy: the mean of the classes' recall."""

import numpy as np

from competition.metrics.class_counts import OFFSETS, ClassCountMetric
from competition.metrics.means import mean_of_defined, ratio
from competition.metrics.scores import METRICS


@METRICS.register
class BalancedAccuracy(ClassCountMetric):
    """Mean over the classes of the share of their rows that is right, in [0, 1]; greater is better; takes labels.

    A missing class: one without a row in y_true doesn't count. As `sklearn.metrics.balanced_accuracy_score`.
    """

    label, kinds = "balanced accuracy", ("single", "ordinal")

    def of_counts(self, hits: np.ndarray, in_true: np.ndarray, in_pred: np.ndarray) -> np.ndarray:
        """(...,) mean recall over the classes; see `class_counts`."""
        return mean_of_defined(ratio(hits, in_true))

    def decisions(self, several: bool) -> tuple[str, ...]:
        """Offsets in favour of rare classes."""
        return OFFSETS
