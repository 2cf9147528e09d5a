"""The score that the test set is expected to give: out-of-fold images weighted as the test set is hard to read."""

import numpy as np
import pytest
import sklearn.metrics

from competition.ensembles.expected import MOST_BINS, bin_weights
from competition.metrics import bootstrap_scores, macro_f1


def test_weighted_scores_are_scikit_learns():
    random = np.random.default_rng(0)
    true, answers = random.integers(5, size=(2, 200))
    weights = random.exponential(size=200)
    expected = sklearn.metrics.f1_score(true, answers, average="macro", sample_weight=weights)
    assert macro_f1(true, answers, 5, weights) == pytest.approx(expected, abs=1e-12)
    assert macro_f1(true, answers, 5, np.ones(200)) == macro_f1(true, answers, 5)
    found = bootstrap_scores(true, [answers], 5, 20, np.random.default_rng(1), weights)[:, 0]
    again = np.random.default_rng(1)
    rows = [again.integers(200, size=200) for _ in range(20)]
    plain = [sklearn.metrics.f1_score(true[drawn], answers[drawn], average="macro", sample_weight=weights[drawn]) for drawn in rows]
    np.testing.assert_allclose(found, plain, atol=1e-6)


def test_hand_count():
    scored = np.linspace(0, 1, 50)  # two bins of 25, cut in the middle
    wanted = np.array([0.1, 0.9, 0.8, 0.7])  # a quarter of them below it
    assert bin_weights(scored, wanted).tolist() == pytest.approx([0.5] * 25 + [1.5] * 25)


@pytest.mark.parametrize("scored", [np.ones(60), np.repeat([0.2, 1.0], 40), np.linspace(0, 1, 7), np.linspace(0, 1, 2000)])
def test_weights_are_finite_and_their_mean_is_1(scored):
    for wanted in (np.array([]), np.zeros(5), np.ones(5), np.linspace(0, 1, 50)):
        weights = bin_weights(scored, wanted)
        assert np.isfinite(weights).all() and (weights >= 0).all() and weights.mean() == pytest.approx(1)
        assert len(np.unique(weights)) <= MOST_BINS


def test_alike_sets_are_not_weighted():
    scored = np.random.default_rng(2).beta(3, 1, size=1000)
    assert bin_weights(scored, np.repeat(scored, 3)) == pytest.approx(np.ones(1000))


@pytest.mark.parametrize("easier", [True, False])
def test_an_easier_and_a_harder_test_set_are_foretold(easier):
    """Answers are right as often as they are sure, in both sets; then the weighted score is the test set's."""
    random = np.random.default_rng(3)
    out_of_fold, test = random.beta(2, 2, size=3000), random.beta(*((5, 1) if easier else (1, 3)), size=3000)

    def answered(confidence):
        true = random.integers(4, size=len(confidence))
        return true, np.where(random.random(len(confidence)) < confidence, true, (true + random.integers(1, 4, size=len(confidence))) % 4)

    scored, told = macro_f1(*(pair := answered(out_of_fold)), 4), macro_f1(*answered(test), 4)
    assert abs(scored - told) > 0.2
    assert macro_f1(*pair, 4, bin_weights(out_of_fold, test)) == pytest.approx(told, abs=0.03)
