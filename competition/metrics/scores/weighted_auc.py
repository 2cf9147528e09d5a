"""Weighted AUC: the area under the ROC curve, its lower part counted twice."""

import numpy as np

from competition.metrics.column_ranks import ColumnRankMetric
from competition.metrics.means import ratio
from competition.metrics.scores import METRICS

EDGE = 0.4  # true positive rates up to it count twice


@METRICS.register
class WeightedAuc(ColumnRankMetric):
    """Area under the ROC curve in [0, 1], true positive rates 0 to 0.4 weighted 2 and 0.4 to 1 weighted 1, over 1.4.

    Greater is better; takes probabilities, or any scores. The metric of ALASKA2 Image Steganalysis, but the exact area:
    the code that was handed out there drops the part of the curve that crosses 0.4. Two classes: column 1. More, or
    several labels an image: the mean over the columns. A missing class: a column without a positive row, or without a
    negative one, is left out of the mean; without any column left it isn't defined.
    """

    label = "weighted AUC"

    def of_curve(self, tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
        """(r,) weighted area of the curve (r, G)."""
        edge = EDGE * tp[:, -1:]
        steps, low = np.diff(fp, axis=1), np.minimum(tp, edge)
        below, above = tp[:, :-1], tp[:, 1:]
        crosses = (below < edge) & (edge < above)
        # where a line crosses the edge, the trapezoid under it up to the edge is too small by a triangle
        triangles = np.where(crosses, (edge - below) * (above - edge) / np.where(crosses, above - below, 1), 0)
        area = (steps * (above + below + low[:, 1:] + low[:, :-1] + triangles)).sum(axis=1) / 2
        return ratio(area, (1 + EDGE) * tp[:, -1] * fp[:, -1])

    def chance(self, n_classes: int, several: bool = False) -> float:
        """What a constant scores: half of the area, and of the lower part all but a triangle."""
        return (0.5 + EDGE - EDGE**2 / 2) / (1 + EDGE)
