"""Thresholds on the confidence, counted by hand and against a plain search."""

import numpy as np
import pytest
from scipy.stats import binom

from competition.ensembling.precision_curve import PrecisionCurve, Threshold, lower_bound


def curve(confidence, right):
    return PrecisionCurve.of(np.array(confidence, dtype=np.float32), np.array(right, dtype=bool))


def test_counted_by_hand():
    # from the top: right, right, wrong, right, wrong: precision 1, 1, 2/3, 3/4, 3/5
    found = curve([0.9, 0.8, 0.7, 0.6, 0.55], [1, 1, 0, 1, 0])
    # of 5 the bound of 3 is 0.2466, of 4 that of 3 0.3205, of 2 that of 2 0.3162
    for precision, value, reached, share in ((0.25, 0.6, 0.75, 0.8), (0.24, 0.55, 0.6, 1), (0.32, 0.6, 0.75, 0.8)):
        threshold = found.threshold(precision)
        assert (threshold.value, threshold.precision, threshold.share) == pytest.approx((value, reached, share))
    assert found.threshold(0.33) == Threshold(None, 0.75, 0.0, pytest.approx(0.3205, abs=1e-4))
    assert [step[1:] for step in found.steps] == [(3, 5), (3, 4), (2, 2)]  # 0.7 and 0.9 are never the lowest


def test_equal_probabilities_are_sure_together():
    found = curve([0.9] * 20 + [0.8] * 20 + [0.6], [1] * 30 + [0] * 11).threshold(0.85)
    assert found.value == pytest.approx(0.9) and found.share == pytest.approx(20 / 41)


def test_none_reaches_it():
    found = curve([0.9, 0.8, 0.7], [0, 1, 1]).threshold(0.95)
    assert (
        found == Threshold(None, pytest.approx(2 / 3), 0.0, lower_bound(2, 3)) and not found.is_sure(np.ones(3)).any()
    )


@pytest.mark.parametrize(("hits", "count"), [(1, 1), (9, 10), (95, 100), (3, 200)])
def test_the_bound_is_the_share_at_which_so_many_are_right_one_time_of_ten(hits, count):
    assert binom.sf(hits - 1, count, lower_bound(hits, count)) == pytest.approx(0.1)
    assert lower_bound(0, count) == 0


def test_the_promise_is_kept_on_other_images():
    """Answers right as often as their probability to the power of 1.3 says: the threshold's true precision."""
    random, many = np.random.default_rng(0), np.sort(np.random.default_rng(1).beta(4, 1, 200_000))
    true = np.cumsum((many**1.3)[::-1])[::-1] / np.arange(len(many), 0, -1)
    kept = []
    for _ in range(120):
        confidence = random.beta(4, 1, 1000)
        value = PrecisionCurve.of(confidence, random.random(1000) < confidence**1.3).threshold(0.9).value
        if value is not None:
            kept.append(true[np.searchsorted(many, value)] >= 0.9)
    assert len(kept) > 80 and np.mean(kept) >= 0.85


@pytest.mark.parametrize("precision", [0.01, 0.5, 0.55, 0.8, 0.9, 0.99])
def test_against_a_plain_search(precision):
    random = np.random.default_rng(int(precision * 100))
    confidence = random.random(200).round(2).astype(np.float32)  # with many ties
    right = random.random(200) < confidence
    bounds = {
        float(value): lower_bound(right[confidence >= value].sum(), (confidence >= value).sum()) for value in confidence
    }
    good = [value for value, bound in bounds.items() if bound >= precision]
    found = PrecisionCurve.of(confidence, right).threshold(precision)
    assert found.value == (min(good) if good else None)
    if good:
        sure = found.is_sure(confidence)
        assert sure.mean() == pytest.approx(found.share) and right[sure].mean() == pytest.approx(found.precision)
    else:
        assert found.bound == pytest.approx(max(bounds.values()))


@pytest.mark.parametrize("precision", [0, -1, 1, 1.1, float("nan")])
def test_a_precision_that_is_none(precision):
    with pytest.raises(ValueError, match="precision"):
        curve([0.9], [1]).threshold(precision)


def test_nothing_to_choose_by():
    for confidence, right in (([0.9, 0.8], [1]), ([], [])):
        with pytest.raises(ValueError, match=r"expected \(N,\) probabilities"):
            curve(confidence, right)
