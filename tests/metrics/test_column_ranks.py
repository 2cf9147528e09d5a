"""Areas under curves against counts of pairs, the drawn curve, and hand counts; ties; classes that are missing."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from competition.metrics.column_ranks import ColumnOrder
from competition.metrics.scores import METRICS

AUC, WEIGHTED, PRECISION = (METRICS[name]() for name in ("roc_auc", "weighted_auc", "average_precision"))
ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=2, max_size=30)


def two_columns(scores):
    """Column 1 is what counts; column 0 says nothing."""
    scores = np.asarray(scores, np.float64)
    return np.stack([np.full(len(scores), 0.5), scores], axis=1)


def pairs_auc(positive, scores, weights):
    """Share of pairs of a positive and a negative that are in order, a tie counts half."""
    right = total = 0.0
    for i in np.flatnonzero(positive):
        for j in np.flatnonzero(~positive):
            total += weights[i] * weights[j]
            right += weights[i] * weights[j] * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
    return right / total


def drawn_area(positive, scores, weights):
    """Weighted area by the curve of scikit-learn, with a point of its own where it crosses 0.4."""
    fpr, tpr, _ = sk.roc_curve(positive, scores, sample_weight=weights, drop_intermediate=False)
    area = 0.0
    for low, high, weight in ((0, 0.4, 2), (0.4, 1, 1)):
        x, y = [fpr[0]], [tpr[0]]
        for k in range(1, len(tpr)):
            for edge in (low, high):
                if tpr[k - 1] < edge < tpr[k]:
                    share = (edge - tpr[k - 1]) / (tpr[k] - tpr[k - 1])
                    x, y = [*x, fpr[k - 1] + share * (fpr[k] - fpr[k - 1])], [*y, edge]
            x, y = [*x, fpr[k]], [*y, tpr[k]]
        area += weight * np.trapezoid(np.clip(y, low, high) - low, x)
    return area / (0.4 * 2 + 0.6)


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_areas_are_plain_versions(rows):
    positive, scores, weights = (np.array(column) for column in zip(*rows, strict=True))
    if not (weights * positive).any() or not (weights * ~positive).any():
        return
    y_true, y_pred = positive.astype(int), two_columns(scores / 6)
    assert AUC(y_true, y_pred, 2, weights) == pytest.approx(pairs_auc(positive, scores, weights), abs=1e-12)
    assert WEIGHTED(y_true, y_pred, 2, weights) == pytest.approx(drawn_area(positive, scores, weights), abs=1e-12)
    kept = weights > 0
    expected = sk.average_precision_score(y_true[kept], scores[kept], sample_weight=weights[kept])
    assert PRECISION(y_true, y_pred, 2, weights) == pytest.approx(expected, abs=1e-12)
    # only the order within a column counts
    for metric in (AUC, WEIGHTED, PRECISION):
        assert metric.order_only
        other = metric(y_true, two_columns(np.exp(scores - 6)), 2, weights)
        assert other == pytest.approx(metric(y_true, y_pred, 2, weights), abs=1e-12)


def test_hand_counts():
    # by falling score: +, -, + and - of one score, -. Pairs: the first + beats 3; the second beats 1, half of another.
    y_true, y_pred = [1, 0, 1, 0, 0], two_columns([0.9, 0.8, 0.5, 0.5, 0.1])
    assert AUC(y_true, y_pred, 2) == pytest.approx((3 + 1.5) / 6)
    # recall 1/2 at precision 1/1, recall 1 at precision 2/4
    assert PRECISION(y_true, y_pred, 2) == pytest.approx(0.5 * 1 + 0.5 * 0.5)
    # tpr is 1/2 after the first, above 0.4: the lower part is whole, 2 * 0.4; of the upper part 0.1 lies below the
    # first +, from fpr 0 to 1, and the other 0.5 are a triangle from fpr 1/3 to 2/3 and then whole: 0.5 * (1/6 + 1/3)
    assert WEIGHTED(y_true, y_pred, 2) == pytest.approx((2 * 0.4 + 0.1 + 0.5 * 0.5) / 1.4)
    # one line from (0, 0) to (1, 1): 2 * (0.4 - 0.4 ** 2 / 2) + 0.6 ** 2 / 2
    assert WEIGHTED([0, 1], two_columns([0.5, 0.5]), 2) == pytest.approx((2 * 0.32 + 0.18) / 1.4)
    assert WEIGHTED.chance(2) == pytest.approx((2 * 0.32 + 0.18) / 1.4)


def test_two_classes_are_scored_by_column_1_and_several_labels_by_each():
    y_true, y_pred = np.array([0, 1, 1, 0]), np.array([[0.1, 0.2], [0.2, 0.9], [0.9, 0.8], [0.8, 0.1]])
    assert AUC(y_true, y_pred, 2) == 1
    columns = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])  # column 0: 0.9 is first, 0.1 last: 2 of 4 pairs
    assert AUC(columns, y_pred, 2) == pytest.approx((0.5 + 1) / 2)


def test_without_any_column_it_is_not_defined():
    y_pred = two_columns([0.1, 0.2, 0.3])
    for y_true, found in (
        ([1, 1, 1], r"classes that occur: 1"),
        (np.ones((3, 2), int), r"some have and some don't: 0"),
    ):
        with pytest.raises(ValueError, match=rf"ROC AUC: not defined on 3 rows, too few classes \(.*{found[-20:]}"):
            AUC(y_true, y_pred, 2)
    with pytest.raises(ValueError, match="average precision: not defined .* take fewer folds, or choose another"):
        PRECISION([0, 0, 0], y_pred, 2)


def test_resamples_without_a_score_are_left_out():
    y_true, y_pred = np.array([1, 0, 0, 0, 0]), two_columns([0.4, 0.3, 0.5, 0.1, 0.2])
    scores = AUC.bootstrap(y_true, [y_pred], 2, 300, np.random.default_rng(0))[:, 0]
    again = np.random.default_rng(0)
    drawn = [again.integers(5, size=5) for _ in range(300)]
    assert np.isnan(scores).tolist() == [len(set(y_true[rows])) < 2 for rows in drawn] and np.isnan(scores).any()
    value, low, high = AUC.with_interval(y_true, y_pred, 2, 300, 0.9, np.random.default_rng(0))
    assert value == 0.75 and (low, high) == tuple(np.nanquantile(scores, [0.05, 0.95]))


def test_the_curve_ends_at_all_rows_and_leaves_out_what_is_straight():
    positive, scores = np.array([False, False, True, False, False, True]), np.array([6.0, 5, 4, 3, 2, 1])
    tp, fp = ColumnOrder.of(positive, scores).curve(np.array([[1, 1, 1, 1, 1, 1], [0, 2, 1, 0, 0, 3]]))
    assert tp.tolist() == [[0, 0, 1, 1, 2], [0, 0, 1, 1, 4]]
    assert fp.tolist() == [[0, 2, 2, 4, 4], [0, 2, 2, 2, 2]]
