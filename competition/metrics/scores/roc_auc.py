"""Area under the ROC curve: how often a positive row is put before a negative one."""

import numpy as np

from competition.metrics.column_ranks import ColumnRankMetric
from competition.metrics.means import ratio
from competition.metrics.scores import METRICS


@METRICS.register
class RocAuc(ColumnRankMetric):
    """Area under the ROC curve in [0, 1], a tie counts half; greater is better; takes probabilities, or any scores.

    Two classes: column 1. More: the mean over the classes, each against the rest. Several labels an image: the mean
    over the columns. A missing class: a column without a positive row, or without a negative one, is left out of the
    mean; without any column left it isn't defined. As `sklearn.metrics.roc_auc_score(average="macro",
    multi_class="ovr")`, which refuses missing classes.
    """

    label = "ROC AUC"

    def of_curve(self, tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
        """(r,) area under the trapezoids of the curve (r, G)."""
        area = (np.diff(fp, axis=1) * (tp[:, 1:] + tp[:, :-1])).sum(axis=1) / 2
        return ratio(area, tp[:, -1] * fp[:, -1])
