"""Labels and answers of the wrong form are refused in a sentence."""

import numpy as np
import pytest

from competition.metrics.checks import checked_answers, checked_labels
from competition.metrics.scores import METRICS

HALVES = [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("y_true", "y_pred", "n_classes", "takes", "message"),
    [
        ([], [], 3, "labels", r"labels: expected an array \(N,\), or \(N, 3\) .* N >= 1, found shape \(0,\)"),
        ([0, 1], [0], 3, "labels", r"labels: expected shape \(2,\), as the labels have it, found \(1,\)"),
        ([0, 3], [0, 1], 3, "labels", "expected class indices 0 to 2, found 0, 3"),
        ([0, -1], [0, 1], 3, "labels", "expected class indices 0 to 2, found -1, 0"),
        ([0.0, 1.0], [0, 1], 3, "labels", "class indices"),
        (["a", "b"], ["a", "b"], 2, "labels", "expected class indices 0 to 1, found a, b"),
        ([[0, 1]], [[0, 1, 0]], 2, "labels", r"found shape \(1, 3\)"),
        ([[0, 2]], [[0, 1]], 2, "labels", "expected 0 and 1, has the label or not, found 0, 2"),
        ([[0, 1]], [1], 2, "labels", r"expected shape \(1, 2\), as the labels have it, found \(1,\)"),
        ([0, 1], [0, 1], 2, "probabilities", r"probabilities: expected shape \(2, 2\), .* found \(2,\)"),
        ([0, 1], [[0.5, 0.5], [1.5, 0]], 2, "probabilities", r"expected numbers in \[0, 1\], found 0 to 1.5"),
        ([0, 1], [[0.5, np.nan], [0.5, 0]], 2, "probabilities", "probabilities: 1 rows are not finite"),
        ([0, 1], [[5, np.inf], [7, 0]], 2, "ranks", "ranks: 1 rows are not finite"),
    ],
)
def test_wrong_input_is_refused(y_true, y_pred, n_classes, takes, message):
    with pytest.raises(ValueError, match=message):
        checked_answers(y_true, y_pred, n_classes, takes)


def test_what_is_right_comes_back_encoded():
    assert checked_labels([0, 2], 3).dtype == np.int64 and checked_labels([[True, False]], 2).dtype == np.uint8
    y_true, y_pred = checked_answers([0, 1], np.array([[7, -3], [0, 1]], np.float32), 2, "ranks")
    assert y_pred.dtype == np.float64 and y_true.tolist() == [0, 1]
    _, y_pred = checked_answers([0, 1], np.array([[1 + 1e-7, 0], [0, 1]], np.float32), 2, "probabilities")
    assert y_pred.max() == pytest.approx(1)


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, np.nan], [1.0, np.inf]])
def test_weights_that_count_nothing_are_refused(weights):
    with pytest.raises(ValueError, match=r"weights: expected \(2,\) finite numbers, none below 0, not all 0"):
        METRICS["log_loss"]()([0, 1], HALVES, 2, np.array(weights))


def test_log_loss_by_hand():
    metric = METRICS["log_loss"]()
    assert metric([0, 1], [[0.25, 0.75], [0.5, 0.5]], 2) == pytest.approx((np.log(4) + np.log(2)) / 2)
    assert metric([0], [[0.0, 1.0]], 2) == pytest.approx(-np.log(1e-15))  # sure and wrong: 34.5
    assert metric([0], [[0.2, 0.2]], 2) == pytest.approx(np.log(5))  # rows count as they are
    assert metric([[1, 0]], [[0.5, 0.75]], 2) == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert not metric.greater_is_better and metric.better(0.1, 0.2)
    assert (metric.chance(4), metric.chance(4, several=True)) == (np.log(4), np.log(2))
