"""Score of probabilities with nothing fitted: what epochs, penalties and folds are compared by."""

import math

import numpy as np

from competition.metrics.calibration import log_loss
from competition.metrics.checks import checked_answers
from competition.metrics.metric import Metric


def plain_score(metric: Metric, y_true: np.ndarray, probabilities: np.ndarray, several: bool) -> float:
    """Return the score of `metric.plain` of probabilities (N, C); NaN where it isn't defined on these N >= 1 rows.

    It is over the classes that these rows have: in a fold without a class, an answer of it is an error as any other.
    y_true: encoded labels. A fold may be too small to hold what a metric needs (both classes, for one), and is trained
    all the same.
    """
    n_classes = probabilities.shape[1]
    answers = metric.plain(probabilities, several)
    return float(metric.score_of_present(*checked_answers(y_true, answers, n_classes, metric.takes), n_classes))


def goodness(score: float, metric: Metric, y_true: np.ndarray, probabilities: np.ndarray) -> float:
    """Return what a choice goes by, higher is better: the `plain_score`, or where it is NaN minus the log loss."""
    return -log_loss(probabilities, y_true) if math.isnan(score) else metric.sign * score
