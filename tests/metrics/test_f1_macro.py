"""Macro F1 and F1 per class against scikit-learn, hand counts and plain loops; the bootstrap of any metric."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from makers.metrics import F1

from competition.metrics.bootstrap import interval
from competition.metrics.metric import Metric
from competition.metrics.per_class import confusion_matrix, drawn_counts, per_class_f1
from competition.metrics.scores import METRICS

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_scores_are_scikit_learns(pairs):
    true, predicted = np.array(pairs).T
    assert F1(true, predicted, 7) == pytest.approx(
        sklearn.metrics.f1_score(true, predicted, average="macro", zero_division=0), abs=1e-12
    )
    assert (
        confusion_matrix(true, predicted, 7) == sklearn.metrics.confusion_matrix(true, predicted, labels=range(7))
    ).all()
    with_nan = sklearn.metrics.f1_score(true, predicted, average=None, labels=range(7), zero_division=np.nan)
    np.testing.assert_allclose(per_class_f1(true, predicted, 7), with_nan, atol=1e-12)


def test_hand_count():
    true, predicted = [2, 2, 2, 1], [2, 2, 1, 1]
    # 2: 2 hits, 3 true, 2 predicted: 2*2/5. 1: 1 hit, 1 true, 2 predicted: 2*1/3. 0: nowhere, so it doesn't count.
    assert per_class_f1(true, predicted, 3)[1:].tolist() == pytest.approx([2 / 3, 4 / 5])
    assert F1(true, predicted, 3) == pytest.approx((2 / 3 + 4 / 5) / 2)
    # 1, answered but never true, counts as 0
    assert F1([0, 0], [0, 1], 2) == pytest.approx((2 / 3 + 0) / 2)


def test_hand_count_of_several_labels():
    true, predicted = [[1, 0, 0], [1, 1, 0]], [[1, 0, 0], [0, 1, 0]]
    # 0: 1 hit, 2 true, 1 predicted: 2*1/3. 1: right. 2: nowhere, so it doesn't count.
    np.testing.assert_array_equal(per_class_f1(true, predicted, 3), [2 / 3, 1, np.nan])
    assert F1(true, predicted, 3) == pytest.approx((2 / 3 + 1) / 2)
    with pytest.raises(ValueError, match="confusion matrix: needs one label an image"):
        confusion_matrix(true, predicted, 3)


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_the_numbers_are_the_nan_means(pairs):
    """Bit for bit: F1 as its definition has it, and NumPy's mean without NaN."""
    true, predicted = np.array(pairs).T
    assert F1(true, predicted, 7) == np.nanmean(per_class_f1(true, predicted, 7))


def test_bootstrap_is_the_plain_loop():
    generator = np.random.default_rng(1)
    true = generator.integers(5, size=80)
    predicted = np.where(generator.random(80) < 0.7, true, generator.integers(5, size=80))
    found = F1.with_interval(true, predicted, 5, 200, 0.9, np.random.default_rng(2))
    again, scores = np.random.default_rng(2), []
    for _ in range(200):
        rows = again.integers(80, size=80)
        scores.append(sklearn.metrics.f1_score(true[rows], predicted[rows], average="macro"))
    value = sklearn.metrics.f1_score(true, predicted, average="macro")
    assert found == pytest.approx((value, np.quantile(scores, 0.05), np.quantile(scores, 0.95)), abs=1e-12)


def test_answers_are_scored_on_the_same_resamples():
    generator = np.random.default_rng(5)
    true = generator.integers(6, size=90)
    answers = [
        np.where(generator.random(90) < share, true, generator.integers(6, size=90)) for share in (0.9, 0.5, 0.1)
    ]
    found = F1.bootstrap(true, answers, 6, 50, np.random.default_rng(6))
    alone = [F1.bootstrap(true, [one], 6, 50, np.random.default_rng(6))[:, 0] for one in answers]
    assert found.shape == (50, 3) and (found.T == alone).all()
    again = np.random.default_rng(6)
    rows = [again.integers(90, size=90) for _ in range(50)]
    expected = [
        [sklearn.metrics.f1_score(true[drawn], one[drawn], average="macro") for one in answers] for drawn in rows
    ]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_fast_bootstrap_is_the_generic_one(weighted):
    """Whoever adds a metric gets the loop; macro F1's matrix product counts in float32."""
    times = np.random.default_rng(9).integers(4, size=(60, 70)).astype(np.float32)
    generator = np.random.default_rng(7)
    y_true = generator.integers(5, size=70)
    predictions = [np.where(generator.random(70) < share, y_true, generator.integers(5, size=70)) for share in (0.8, 0)]
    weights = generator.random(70) if weighted else None
    if weighted:
        times *= weights.astype(np.float32)
    for y_pred in predictions:
        plain = Metric.score_drawn(F1, y_true, y_pred, 5, times)
        np.testing.assert_allclose(F1.score_drawn(y_true, y_pred, 5, times), plain, atol=1e-6 if weighted else 0)


def test_a_metric_is_called_after_its_file_and_labelled_for_people():
    assert (F1.name, F1.label, F1.title, F1.source.name) == ("f1_macro", "macro F1", "Macro F1", "f1_macro.py")
    assert "f1_macro" in METRICS.names()
    with pytest.raises(ValueError, match="no metric 'f2'; there are .*f1_macro"):
        METRICS["f2"]


def test_an_interval_and_resamples_out_of_range_are_refused():
    assert interval(np.arange(101) / 100, 0.9) == pytest.approx((0.05, 0.95))
    with pytest.raises(ValueError, match="confidence: 1; expected"):
        interval(np.zeros(3), 1)
    for answers, resamples in (([], 10), ([[0, 1]], 0)):
        with pytest.raises(
            ValueError, match=f"resamples: {resamples}, predictions: {len(answers)}; expected at least 1"
        ):
            F1.bootstrap([0, 1], answers, 2, resamples, np.random.default_rng(0))


def test_bootstrap_in_several_chunks_draws_the_same():
    true = np.random.default_rng(3).integers(3, size=700_000)
    predicted = np.where(np.arange(len(true)) % 4, true, 0)
    found = F1.with_interval(true, predicted, 3, 5, 0.8, np.random.default_rng(4))  # 2 resamples a chunk
    again = np.random.default_rng(4)
    scores = [
        F1(true[rows], predicted[rows], 3) for rows in (again.integers(len(true), size=len(true)) for _ in range(5))
    ]
    assert found[1:] == pytest.approx(tuple(np.quantile(scores, [0.1, 0.9])), abs=1e-12)


def test_a_perfect_score_has_no_width_and_confidence_widens():
    true = np.arange(40) % 4
    assert F1.with_interval(true, true, 4, 100, 0.95, np.random.default_rng(0)) == (1, 1, 1)
    predicted = np.where(np.arange(40) % 3, true, 0)
    narrow = F1.with_interval(true, predicted, 4, 500, 0.6, np.random.default_rng(0))
    wide = F1.with_interval(true, predicted, 4, 500, 0.95, np.random.default_rng(0))
    assert wide[1] < narrow[1] <= narrow[0] <= narrow[2] < wide[2]


def test_many_classes_are_counted_as_few_are(monkeypatch):
    random = np.random.default_rng(3)
    y_true, y_pred, times = *random.integers(5, size=(2, 40)), random.random((6, 40)).astype(np.float32)
    few = drawn_counts(y_true, y_pred, 5, times)
    monkeypatch.setattr("competition.metrics.per_class.MANY", 4)
    for one, other in zip(few, drawn_counts(y_true, y_pred, 5, times), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    times = random.integers(4, size=(6, 40)).astype(np.float32)
    many = F1.score_drawn(y_true, y_pred, 5, times)
    monkeypatch.undo()
    assert many.tolist() == F1.score_drawn(y_true, y_pred, 5, times).tolist()
