"""Thresholds on the confidence, counted by hand and against a plain search."""

import numpy as np
import pytest

from competition.ensembling.precision_curve import PrecisionCurve, Threshold


def curve(confidence, right):
    return PrecisionCurve.of(np.array(confidence, dtype=np.float32), np.array(right, dtype=bool))


def test_counted_by_hand():
    # from the top: right, right, wrong, right, wrong: precision 1, 1, 2/3, 3/4, 3/5
    found = curve([0.9, 0.8, 0.7, 0.6, 0.55], [1, 1, 0, 1, 0])
    for precision, value, reached, share in (
        (1, 0.8, 1, 0.4),
        (0.75, 0.6, 0.75, 0.8),
        (0.7, 0.6, 0.75, 0.8),
        (0.6, 0.55, 0.6, 1),
    ):
        threshold = found.threshold(precision)
        assert (threshold.value, threshold.precision, threshold.share) == pytest.approx((value, reached, share))
    assert [step[1:] for step in found.steps] == [(3, 5), (3, 4), (2, 2)]  # 0.7 and 0.9 are never the lowest


def test_equal_probabilities_are_sure_together():
    found = curve([0.9, 0.8, 0.8, 0.6], [1, 1, 0, 0]).threshold(0.9)
    assert found.value == pytest.approx(0.9) and found.share == 0.25


def test_none_reaches_it():
    found = curve([0.9, 0.8, 0.7], [0, 1, 1]).threshold(0.95)
    assert found == Threshold(None, pytest.approx(2 / 3), 0.0) and not found.is_sure(np.ones(3)).any()


@pytest.mark.parametrize("precision", [0.01, 0.5, 0.55, 0.8, 0.95, 1.0])
def test_against_a_plain_search(precision):
    random = np.random.default_rng(int(precision * 100))
    confidence = random.random(200).round(2).astype(np.float32)  # with many ties
    right = random.random(200) < confidence
    good = [float(value) for value in np.unique(confidence) if right[confidence >= value].mean() >= precision - 1e-12]
    found = PrecisionCurve.of(confidence, right).threshold(precision)
    assert found.value == (min(good) if good else None)
    if good:
        sure = found.is_sure(confidence)
        assert sure.mean() == pytest.approx(found.share) and right[sure].mean() == pytest.approx(found.precision)
    else:
        best = max(right[confidence >= value].mean() for value in confidence)
        assert found.precision == pytest.approx(best)


@pytest.mark.parametrize("precision", [0, -1, 1.1, float("nan")])
def test_a_precision_that_is_none(precision):
    with pytest.raises(ValueError, match="precision"):
        curve([0.9], [1]).threshold(precision)


def test_nothing_to_choose_by():
    for confidence, right in (([0.9, 0.8], [1]), ([], [])):
        with pytest.raises(ValueError, match=r"expected \(N,\) probabilities"):
            curve(confidence, right)
