"""Unknown scores and what they reject, held against counts by hand and draws of known images."""

import json

import numpy as np
import pytest

from competition.ensembling.out_of_distribution import (
    Detection,
    Rejection,
    RejectionCurve,
    detection,
    left_out_detections,
    unknown_scores,
    without_class,
)
from competition.ensembling.precision_curve import lower_bound


def test_the_score_is_what_the_likeliest_class_leaves():
    rows = np.array([[1, 0, 0], [0.25, 0.25, 0.5], [0.5, 0.3, 0.2]], np.float32)
    assert unknown_scores(rows) == pytest.approx([0, 0.5, 0.5])


def test_the_threshold_is_the_lowest_score_whose_bound_is_reached():
    scores = np.random.default_rng(1).random(60)
    curve, ordered = RejectionCurve.of(scores), np.sort(scores)
    for kept in (0.5, 0.8, 0.95):
        count = next(count for count in range(1, 61) if lower_bound(count, 60) >= kept)
        found = curve.threshold(kept)
        # thresholds lie closer where few images are rejected
        assert count <= round(found.kept * 60) <= count + 2 and found.value == ordered[round(found.kept * 60) - 1]
        assert found.bound == lower_bound(round(found.kept * 60), 60) >= kept
        assert (~found.is_unknown(scores)).mean() == found.kept
    assert curve.threshold(0.95).value == ordered[59] and lower_bound(59, 60) < 0.95  # of 60 none may be rejected


def test_other_known_images_are_kept_nine_times_of_ten():
    """Of uniform scores the share that a threshold keeps is the threshold itself."""
    generator = np.random.default_rng(2)
    kept = np.array([RejectionCurve.of(generator.random(150)).threshold(0.9).value for _ in range(150)])
    assert 0.84 <= np.mean(kept >= 0.9) <= 0.98 and np.median(kept) < 0.96


def test_of_few_known_images_nothing_is_rejected():
    found = RejectionCurve.of(np.arange(20.0)).threshold(0.95)
    assert found == Rejection(None, 1.0, pytest.approx(0.1 ** (1 / 20)))
    assert not found.is_unknown(np.array([0, 1e9])).any()
    assert RejectionCurve.of(np.arange(20.0)).threshold(0.88).value == 19


def test_equal_scores_are_kept_together():
    curve = RejectionCurve.of(np.array([0.0] * 10 + [1.0] * 50))
    assert curve.steps[-1] == (1.0, 60) and curve.threshold(0.9).value == 1
    assert RejectionCurve.of(np.zeros(60)).threshold(0.9) == Rejection(0.0, 1.0, pytest.approx(0.1 ** (1 / 60)))


def test_saved_and_loaded_it_is_the_same():
    curve = RejectionCurve.of(np.random.default_rng(3).random(5000))
    assert len(curve.steps) <= 64 and curve.steps[-1][1] == 5000
    assert RejectionCurve.from_json(json.loads(json.dumps(curve.to_json()))) == curve


@pytest.mark.parametrize("kept", [0, 1, 95, float("nan")])
def test_what_is_no_share_is_refused(kept):
    with pytest.raises(ValueError, match="expected one between 0 and 1, such as 0.95"):
        RejectionCurve.of(np.arange(9.0)).threshold(kept)


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="one image or more, found none"):
        RejectionCurve.of(np.empty(0))


def test_detection_counted_by_hand():
    """Pairs in which the unknown one has the higher score: 3 of 3, 2.5 of 3; above the highest known one: one of 2."""
    found = detection(np.array([1.0, 2.0, 3.0]), np.array([4.0, 3.0]))
    assert (found.auroc, found.found) == (pytest.approx((3 + 2.5) / 6), 0.5)
    assert all(np.isnan(value) for value in vars(detection(np.arange(3.0), np.empty(0))).values())


def test_a_class_that_is_left_out_is_found_where_the_others_are_unlikely():
    # without x, its images are torn between a and b; images of a and b are not
    rows = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.04, 0.06, 0.9], [0.2, 0.1, 0.7]])
    found = left_out_detections(rows, np.array([0, 1, 2, 2]))
    assert found[2] == Detection(1.0, 1.0)
    # without a, its image is half b, half x: the least certain of all
    assert found[0] == Detection(1.0, 1.0) and found[1].auroc == 1
    with pytest.raises(ValueError, match="2 classes"):
        left_out_detections(rows[:, :2], np.array([0, 1, 1, 1]))
    none = left_out_detections(rows, np.array([0, 0, 2, 2]))[1]
    assert np.isnan(none.auroc) and np.isnan(none.found)


def test_without_a_class_rows_sum_to_1():
    left = without_class(np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]]), 0)
    assert left.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert without_class(np.array([[0.5, 0.25, 0.25]]), 2).tolist() == [[pytest.approx(2 / 3), pytest.approx(1 / 3)]]
