"""Scores that epochs, penalties and trials are chosen by: over the classes that are there, as scikit-learn has them."""

import numpy as np
import pytest
import sklearn.metrics
from makers.metrics import F1

from competition.metrics.plain_score import plain_score
from competition.metrics.scores import METRICS
from competition.training.logistic import fit_logistic


def sure(labels, n_classes):
    return np.eye(n_classes, dtype=np.float32)[labels]


@pytest.mark.parametrize("seed", range(10))
def test_macro_f1_is_of_the_classes_that_are_there(seed):
    generator = np.random.default_rng(seed)
    y_true, y_pred = generator.integers(0, 4, 30), generator.integers(0, 7, 30)
    there = sorted(set(y_true))
    expected = sklearn.metrics.f1_score(y_true, y_pred, labels=there, average="macro", zero_division=0)
    assert plain_score(F1, y_true, sure(y_pred, 7), False) == pytest.approx(expected, abs=1e-12)
    several_true, several_pred = generator.random((2, 30, 5)) < 0.4
    several_true[:, 4] = False
    expected = sklearn.metrics.f1_score(several_true, several_pred, labels=[0, 1, 2, 3], average="macro")
    found = plain_score(F1, several_true.astype(np.uint8), several_pred.astype(np.float32), True)
    assert found == pytest.approx(expected, abs=1e-12)


def test_an_error_into_a_class_that_is_not_there_costs_no_more_than_another():
    y_true = np.repeat(np.arange(5), 6)  # of six classes
    into_missing, into_another = y_true.copy(), y_true.copy()
    into_missing[0], into_another[0] = 5, 1
    missing, another = (1 - plain_score(F1, y_true, sure(found, 6), False) for found in (into_missing, into_another))
    assert 0 < missing <= another
    assert 1 - F1(y_true, into_missing, 6) > 4 * (1 - F1(y_true, into_another, 6))  # what it was


@pytest.mark.parametrize("name", METRICS.names())
def test_where_every_class_is_there_it_is_the_metrics_own(name):
    metric = METRICS[name]()
    if "single" not in metric.kinds and "ordinal" not in metric.kinds:
        return
    generator = np.random.default_rng(3)
    y_true, probabilities = np.arange(40) % 4, generator.dirichlet(np.ones(4), 40).astype(np.float32)
    expected = metric(y_true, metric.plain(probabilities, False), 4)
    assert plain_score(metric, y_true, probabilities, False) == pytest.approx(expected, abs=1e-12)


def test_none_there_at_all_is_what_the_metric_makes_of_it():
    nothing, answers = np.zeros((3, 2), np.uint8), np.eye(3, 2, dtype=np.float32)
    assert plain_score(F1, nothing, answers, True) == 0.0
    assert np.isnan(plain_score(F1, nothing, nothing.astype(np.float32), True))


def test_the_penalty_is_chosen_over_the_classes_that_are_there():
    """Two thirds of errors fewer, one of them into a class that is not scored here: the better one all the same."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 20)
    values = (np.eye(6)[labels] * 1.5 + generator.normal(0, 1, (120, 6))).astype(np.float32)
    here = generator.choice(np.flatnonzero(labels < 5), 60, replace=False)
    noisy = values[here] + generator.normal(0, 0.5, (60, 6)).astype(np.float32)
    c_range, view = (1e-4, 1e-3, 1e-2, 1e-1, 1.0), np.ones(1)
    chosen = fit_logistic(values, labels, 6, c_range, noisy[None], view, labels[here], F1)
    scores = {}
    for c in c_range:
        member = fit_logistic(values, labels, 6, (c,), noisy[None], view, labels[here], F1)
        answers = member.predict_proba(noisy[None], view).argmax(axis=1)
        scores[c] = sklearn.metrics.f1_score(labels[here], answers, labels=range(5), average="macro", zero_division=0)
    assert scores[chosen.c] == pytest.approx(max(scores.values())) and chosen.score == pytest.approx(scores[chosen.c])
