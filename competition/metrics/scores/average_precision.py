"""Average precision: the area under the curve of precision and recall, in steps."""

import numpy as np

from competition.metrics.column_ranks import ColumnRankMetric
from competition.metrics.means import ratio
from competition.metrics.scores import METRICS


@METRICS.register
class AveragePrecision(ColumnRankMetric):
    """Mean of precision at each distinct score, by the recall that it adds, in [0, 1]; greater is better.

    Takes probabilities, or any scores. Two classes: column 1. More: the mean over the classes, each against the rest.
    Several labels an image: the mean over the columns. A missing class: a column without a positive row is left out of
    the mean; without any column left it isn't defined. As `sklearn.metrics.average_precision_score(average="macro")`,
    which counts missing classes as 0.
    """

    label = "average precision"

    def of_curve(self, tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
        """(r,) average precision of the curve (r, G)."""
        gained, passed = np.diff(tp, axis=1), (tp + fp)[:, 1:]
        precision = np.divide(tp[:, 1:], passed, out=np.zeros_like(gained), where=passed > 0)
        return ratio((gained * precision).sum(axis=1), tp[:, -1])

    def chance(self, n_classes: int, several: bool = False) -> float:
        """What a constant scores: the share of positives, of classes of one size."""
        return 1 / n_classes
