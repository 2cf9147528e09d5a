"""The score that the test set is expected to give: out-of-fold images weighted as the test set is hard to read."""

import numpy as np
import pytest
import sklearn.metrics
from makers.metrics import F1

from competition.ensembling.shift_weights import ShiftWeights, shift_weights


def test_weighted_scores_are_scikit_learns():
    random = np.random.default_rng(0)
    y_true, answers = random.integers(5, size=(2, 200))
    weights = random.exponential(size=200)
    expected = sklearn.metrics.f1_score(y_true, answers, average="macro", sample_weight=weights)
    assert F1(y_true, answers, 5, weights) == pytest.approx(expected, abs=1e-12)
    assert F1(y_true, answers, 5, np.ones(200)) == F1(y_true, answers, 5)
    found = F1.bootstrap(y_true, [answers], 5, 20, np.random.default_rng(1), weights)[:, 0]
    again = np.random.default_rng(1)
    rows = [again.integers(200, size=200) for _ in range(20)]
    plain = [
        sklearn.metrics.f1_score(y_true[drawn], answers[drawn], average="macro", sample_weight=weights[drawn])
        for drawn in rows
    ]
    np.testing.assert_allclose(found, plain, atol=1e-6)


def sure(confidence, answers, classes=4):
    """Probabilities (n, classes) whose highest is `confidence`, of `answers`; the rest is the others', alike."""
    probabilities = np.repeat((1 - confidence)[:, None] / (classes - 1), classes, axis=1)
    probabilities[np.arange(len(answers)), answers] = confidence
    return probabilities


def test_weights_are_the_odds_of_the_counts():
    """Two classes answered, equally surely: the weights are the shares among the test images over those out of fold."""
    scored = sure(np.full(1000, 0.9), np.repeat([0, 1], [800, 200]))
    wanted = sure(np.full(2000, 0.9), np.repeat([0, 1], [1000, 1000]))
    weights = shift_weights(scored, wanted)
    assert weights[0] == pytest.approx(0.5 / 0.8, rel=0.02) and weights[-1] == pytest.approx(0.5 / 0.2, rel=0.02)


@pytest.mark.parametrize(
    "scored", [np.ones(60), np.repeat([0.3, 1.0], 40), np.linspace(0.3, 1, 7), np.linspace(0.3, 1, 2000)]
)
def test_weights_are_finite_and_their_mean_is_1(scored):
    for wanted in (np.array([]), np.full(5, 0.3), np.ones(5), np.linspace(0.3, 1, 50)):
        weights = shift_weights(sure(scored, np.arange(len(scored)) % 4), sure(wanted, np.zeros(len(wanted), int)))
        assert np.isfinite(weights).all() and (weights > 0).all() and weights.mean() == pytest.approx(1)


def test_alike_sets_are_not_weighted():
    random = np.random.default_rng(2)
    scored = random.dirichlet(np.ones(4), size=1000)
    assert shift_weights(scored, np.repeat(scored, 3, axis=0)) == pytest.approx(np.ones(1000), abs=1e-3)


@pytest.mark.parametrize("easier", [True, False])
def test_an_easier_and_a_harder_test_set_are_foretold(easier):
    """Answers are right as often as they are sure, in both sets; then the weighted score is the test set's."""
    random = np.random.default_rng(3)
    out_of_fold, test = (
        0.25 + 0.75 * random.beta(*shape, size=3000) for shape in ((2, 2), (5, 1) if easier else (1, 3))
    )

    def answered(confidence):
        y_true = random.integers(4, size=len(confidence))
        return y_true, np.where(
            random.random(len(confidence)) < confidence,
            y_true,
            (y_true + random.integers(1, 4, size=len(confidence))) % 4,
        )

    pair, other = answered(out_of_fold), answered(test)
    scored, told = F1(*pair, 4), F1(*other, 4)
    assert abs(scored - told) > 0.15
    weights = shift_weights(sure(out_of_fold, pair[1]), sure(test, other[1]))
    assert F1(*pair, 4, weights) == pytest.approx(told, abs=0.03)


def test_of_thousands_of_classes_the_frequent_ones_are_looked_at(monkeypatch):
    random = np.random.default_rng(5)
    answers = np.minimum(random.geometric(0.1, size=(2, 400)), 1999)
    scored, wanted = (sure(random.uniform(0.4, 0.9, 400), one, 2000) for one in answers)
    few = shift_weights(scored, wanted)
    monkeypatch.setattr("competition.ensembling.shift_weights.MOST_CLASSES", 2000)
    assert few == pytest.approx(shift_weights(scored, wanted), rel=1e-3)  # classes that nobody answers say nothing
    monkeypatch.setattr("competition.ensembling.shift_weights.MOST_CLASSES", 3)
    three = shift_weights(scored, wanted)
    assert three.mean() == pytest.approx(1) and 0 < np.corrcoef(few, three)[0, 1] < 0.999


def test_weights_of_images_that_were_drawn_are_those_of_their_copies():
    random = np.random.default_rng(4)
    scored, wanted = random.dirichlet(np.ones(4), size=300), random.dirichlet(np.full(4, 0.5), size=500)
    fit, times = ShiftWeights(scored, wanted), [random.poisson(1, size=size) for size in (300, 500)]
    found = fit(*times)
    assert np.average(found, weights=times[0]) == pytest.approx(1)
    copies = ShiftWeights(np.repeat(scored, times[0], axis=0), np.repeat(wanted, times[1], axis=0))()
    assert np.corrcoef(np.repeat(found, times[0]), copies)[0, 1] > 0.999
    np.testing.assert_allclose(np.repeat(found, times[0]), copies, rtol=0.02)
    assert (fit(np.zeros(300), times[1]) == 1).all()  # a fold of which nothing was drawn
