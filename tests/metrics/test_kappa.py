"""Quadratic weighted kappa against its matrices; a constant answer; grades out of probabilities."""

import numpy as np
import pytest

from competition.metrics.scores import METRICS

KAPPA = METRICS["quadratic_weighted_kappa"]()


def by_matrices(y_true, y_pred, n_classes, weights):
    """1 - (squared distances, observed) / (those of the product of both histograms)."""
    observed = np.zeros((n_classes, n_classes))
    np.add.at(observed, (y_true, y_pred), weights)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    distances = np.subtract.outer(np.arange(n_classes), np.arange(n_classes)) ** 2
    return 1 - (distances * observed).sum() / (distances * expected).sum()


def test_it_is_one_less_observed_over_expected():
    generator = np.random.default_rng(0)
    for n_classes in (2, 5, 9):
        y_true, y_pred, weights = *generator.integers(n_classes, size=(2, 70)), generator.random(70)
        y_pred = np.where(generator.random(70) < 0.6, y_true, y_pred)
        expected = by_matrices(y_true, y_pred, n_classes, weights)
        assert KAPPA(y_true, y_pred, n_classes, weights) == pytest.approx(expected, abs=1e-12)


def test_hand_count():
    # distances 0, 0, 1, 2: squares 5. Independent: each of 0, 0, 1, 2 against each of 0, 0, 2, 0, /4: squares of 0, 0,
    # 1, 2 to 0 three times, 3 * 5, and to 2 once, 4 + 4 + 1 = 9: 24 / 4 = 6
    assert KAPPA([0, 0, 1, 2], [0, 0, 2, 0], 3) == pytest.approx(1 - 5 / 6)
    assert KAPPA([0, 2], [2, 0], 3) == -1


def test_a_constant_answer_scores_0():
    y_true = np.array([0, 3, 1, 1, 4, 2])
    for grade in range(5):
        assert KAPPA(y_true, np.full(6, grade), 5) == 0
        assert KAPPA(np.full(6, 2), np.full(6, grade), 5) == 0
        assert KAPPA(np.full(6, grade), y_true, 5, np.full(6, 0.1)) == pytest.approx(0, abs=1e-12)
    scores = KAPPA.bootstrap(y_true[:2], [np.array([0, 3]), np.array([1, 1])], 5, 50, np.random.default_rng(0))
    assert set(scores[:, 0].tolist()) == {0.0, 1.0} and not scores[:, 1].any()  # 0: one row, drawn twice


def test_the_plain_grade_is_the_expected_one_rounded():
    probabilities = np.array([[0.5, 0, 0, 0.5], [0.5, 0.5, 0, 0], [0.8, 0.1, 0.1, 0], [0, 0, 0, 1 + 1e-9]])
    grades = KAPPA.plain(probabilities, False)  # expected 1.5, 0.5, 0.3, 3
    assert grades.tolist() == [2, 1, 0, 3] and grades.dtype == np.int64
