"""Quadratic weighted kappa: how far grades are off, against what two independent graders would be."""

import numpy as np

from competition.metrics.grades import expected_grades
from competition.metrics.means import ratio
from competition.metrics.metric import Metric
from competition.metrics.scores import METRICS


@METRICS.register
class QuadraticWeightedKappa(Metric):
    """Cohen's kappa with squared distances, from -1 to 1; greater is better; takes grades (N,), whole numbers.

    A missing class: counts only as a distance between its neighbours. A constant answer scores 0, also where y_true is
    constant. Else as `sklearn.metrics.cohen_kappa_score(weights="quadratic")`.
    """

    label, kinds, bounds = "quadratic weighted kappa", ("ordinal",), (-1.0, 1.0)
    base_decision = "calibrated_grade"

    def score(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, weights: np.ndarray | None) -> float:
        """Kappa of grades (N,)."""
        times = np.ones((1, len(y_true))) if weights is None else np.asarray(weights, np.float64)[None]
        return self.score_drawn(y_true, y_pred, n_classes, times)[0]

    def score_drawn(self, y_true: np.ndarray, y_pred: np.ndarray, n_classes: int, times: np.ndarray) -> np.ndarray:
        """(r,) kappa with each row counted `times` (r, N): 1 - mean squared distance / the one of independent draws.

        Both are made of sums over rows. From the first grade on, so that they are exactly 0 where all is constant.
        """
        true, predicted = (grades.astype(np.float64) - y_true[0] for grades in (y_true, y_pred))
        sums = np.stack([np.ones_like(true), true, predicted, true**2 + predicted**2, (true - predicted) ** 2], axis=1)
        count, of_true, of_pred, of_squares, of_distances = (times @ sums).T
        expected = count * of_squares - 2 * of_true * of_pred
        agreement = 1 - ratio(count * of_distances, expected)
        return np.where((count > 0) & (expected <= 0), 0, agreement)

    def decisions(self, several: bool) -> tuple[str, ...]:
        """The expected grade, cut where it scores best."""
        return ("cut_points",)

    def plain(self, probabilities: np.ndarray, several: bool) -> np.ndarray:
        """(N,) int64: the expected grade of probabilities (N, C), rounded; half a grade upwards."""
        return np.clip(np.floor(expected_grades(probabilities) + 0.5), 0, probabilities.shape[1] - 1).astype(np.int64)

    def chance(self, n_classes: int, several: bool = False) -> float:
        """What any constant scores."""
        return 0.0
