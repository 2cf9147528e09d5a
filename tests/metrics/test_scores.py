"""What every metric promises: its docstring, weights and resamples as repeated rows, its direction, its chance."""

import numpy as np
import pytest
from makers.answers import kinds_of, made_up

from competition.metrics.scores import METRICS

EACH = {name: METRICS[name]() for name in METRICS.names()}
CASES = [
    (name, kind, classes)
    for name, metric in EACH.items()
    for kind in kinds_of(metric)
    for classes in ([1, 2, 7] if kind == "multi" else [2, 3, 7])
]


@pytest.mark.parametrize(("name", "kind", "n_classes"), CASES)
def test_drawn_rows_are_a_plain_loop_over_repeated_rows(name, kind, n_classes):
    metric = EACH[name]
    y_true, y_pred, _ = made_up(metric, kind, 40, n_classes)
    times = np.random.default_rng(1).integers(4, size=(30, 40)).astype(np.float32)
    times[0] = 1
    times[1], times[1, :2] = 0, 1  # hardly a row: some classes are missing
    repeated = [np.repeat(np.arange(40), row.astype(int)) for row in times]
    expected = [metric.score(y_true[rows], y_pred[rows], n_classes, None) for rows in repeated]
    np.testing.assert_allclose(metric.score_drawn(y_true, y_pred, n_classes, times), expected, atol=1e-9)
    np.testing.assert_allclose(metric.score_drawn(y_true, y_pred, n_classes, times / 8), expected, atol=1e-6)
    weighted = [metric.score(y_true, y_pred, n_classes, row) for row in times]
    np.testing.assert_allclose(weighted, expected, atol=1e-9)


@pytest.mark.parametrize(("name", "kind", "n_classes"), CASES)
def test_fractional_weights_are_a_plain_loops(name, kind, n_classes):
    metric = EACH[name]
    y_true, y_pred, _ = made_up(metric, kind, 50, n_classes, seed=2)
    times = np.random.default_rng(3).random((6, 50)).astype(np.float32)
    expected = [metric.score(y_true, y_pred, n_classes, row) for row in times.astype(np.float64)]
    np.testing.assert_allclose(metric.score_drawn(y_true, y_pred, n_classes, times), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in EACH if "ordinal" in kinds_of(EACH[name])])
@pytest.mark.parametrize("n_classes", [2, 3, 28])
def test_scores_against_several_truths_are_a_plain_loops_to_the_bit(name, n_classes):
    metric = EACH[name]
    _, y_pred, _ = made_up(metric, "ordinal", 40, n_classes)
    y_trues = np.random.default_rng(4).integers(n_classes, size=(30, 40))
    y_trues[0], y_trues[1] = 0, n_classes - 1  # the other classes are missing
    expected = [metric.score(y_true, y_pred, n_classes, None) for y_true in y_trues]
    np.testing.assert_array_equal(metric.score_of_truths(y_trues, y_pred, n_classes), expected)


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in EACH for kind in kinds_of(EACH[name])])
def test_the_truth_is_the_best_answer_and_the_bootstrap_is_its_loop(name, kind):
    metric = EACH[name]
    y_true, y_pred, n_classes = made_up(metric, kind, 60, 12)
    y_pred = np.roll(y_pred, 7, axis=0)  # each row is given another's answer
    right = y_true if metric.takes == "labels" else y_true if kind == "multi" else np.eye(n_classes)[y_true]
    best = metric(y_true, right, n_classes)
    if (name, kind) not in {(f, "multi") for f in ("f1_samples", "f2_samples", "map_at_3", "map_at_5")}:  # empty rows
        assert best == pytest.approx(1 if metric.greater_is_better else 0, abs=1e-9)
    assert metric.better(best, metric(y_true, y_pred, n_classes))
    found = metric.bootstrap(y_true, [y_pred, right], n_classes, 20, np.random.default_rng(4))
    again = np.random.default_rng(4)
    drawn = [again.integers(60, size=60) for _ in range(20)]
    expected = [[metric.score(y_true[rows], one[rows], n_classes, None) for one in (y_pred, right)] for rows in drawn]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found.shape == (20, 2) and metric.better(found[:, 1].mean(), found[:, 0].mean())


@pytest.mark.parametrize("name", EACH)
def test_chance_is_about_what_guessing_scores(name):
    """Of 6 classes of one size: guessed, or every time the same probabilities."""
    metric, generator = EACH[name], np.random.default_rng(5)
    y_true = np.arange(3000) % 6
    guess = generator.integers(6, size=3000) if metric.takes == "labels" else np.full((3000, 6), 1 / 6)
    assert metric(y_true, guess, 6) == pytest.approx(metric.chance(6), abs=0.03)
    if metric.order_only or metric.takes == "probabilities" and "multi" in metric.kinds:
        columns = np.eye(2, dtype=np.uint8)[y_true % 2]
        assert metric(columns, np.full((3000, 2), 0.5), 2) == pytest.approx(metric.chance(2, several=True))


@pytest.mark.parametrize("name", EACH)
def test_each_says_its_direction_what_it_takes_and_how_a_missing_class_counts(name):
    metric, words = EACH[name], " ".join(type(EACH[name]).__doc__.split()).lower()
    assert ("greater is better" in words, "less is better" in words) == (
        metric.greater_is_better,
        not metric.greater_is_better,
    )
    assert "takes " in words and "a missing class:" in words
    assert metric.name == name and metric.label and metric.source.name == f"{name}.py"


def test_decisions_are_those_that_can_gain():
    assert {name: metric.decisions(False) for name, metric in EACH.items() if metric.decisions(False)} == {
        "balanced_accuracy": ("class_offsets",),
        "f1_macro": ("class_offsets",),
        "f1_weighted": ("class_offsets",),
        "log_loss": ("calibrated",),
        "quadratic_weighted_kappa": ("cut_points",),
    }
    several = {name: metric.decisions(True) for name, metric in EACH.items() if "multi" in metric.kinds}
    label_sets = {"accuracy", "f1_macro", "f1_micro", "f1_weighted", "f1_samples", "f2_samples"}
    thresholds = {name for name, rules in several.items() if rules == ("threshold", "label_thresholds")}
    assert thresholds == label_sets and several["log_loss"] == ("calibrated",) and several["roc_auc"] == ()


def test_plain_answers_are_what_the_metric_takes():
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])
    assert EACH["accuracy"].plain(probabilities, False).tolist() == [1, 0]  # the first of equals
    several = EACH["f1_samples"].plain(probabilities, True)
    assert several.tolist() == [[0, 1, 0], [0, 0, 0]] and several.dtype == np.uint8
    for name in ("log_loss", "roc_auc", "map_at_5"):
        assert EACH[name].plain(probabilities, False) is probabilities
    assert {name for name, metric in EACH.items() if metric.order_only} == {
        "roc_auc",
        "weighted_auc",
        "average_precision",
    }


def test_several_labels_are_refused_by_what_scores_one():
    y_true = np.eye(3, dtype=np.uint8)
    for name, answer in (("balanced_accuracy", y_true), ("top_5_accuracy", np.eye(3))):
        with pytest.raises(ValueError, match="scores one label an image, found several; choose another task.metric"):
            EACH[name](y_true, answer, 3)
