"""How often answers are right, by what all members say: against a plain fit, and where images are harder to read."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, softmax

from competition.ensembling.correctness import Correctness, correctness_features

C = 4


def answered(n, noise, seed, members=2):
    """(probabilities (M, n, C), truth): calibrated members that see the same noise, and some of their own."""
    random = np.random.default_rng(seed)
    truth, shared = random.integers(C, size=n), random.normal(size=(n, C))
    own = random.normal(size=(members, n, C))
    seen = 2 * np.eye(C)[truth] + noise * (shared + 0.7 * own)
    return softmax(2 * seen / (1 + 0.7**2) / noise**2, axis=2), truth


def features(told):
    return correctness_features(told[0], told[0].argmax(axis=1), told[1:])


def plain_features(told):
    """The same by loops."""
    rows = []
    for image in range(told.shape[1]):
        own = told[0, image]
        answer = int(np.argmax(own))
        second = max(p for label, p in enumerate(own) if label != answer)
        row = [own[answer], np.log(own[answer] / (1 - own[answer])), np.log(own[answer] / second), -(own @ np.log(own))]
        for other in told[1:, image]:
            row += [np.log(other[answer]), float(np.argmax(other) == answer), -(other @ np.log(other))]
        rows.append(row)
    return np.array(rows)


def plain_fit(features, right, weights):
    """Ridge logistic regression, penalty 1 on standardized features' coefficients, none on the intercept."""

    def loss(w):
        sign = np.where(right, 1, -1)
        return weights @ np.logaddexp(0, -sign * (features @ w[1:] + w[0])) + w[1:] @ w[1:] / 2

    return minimize(loss, np.zeros(features.shape[1] + 1), tol=1e-10).x


def test_it_is_a_plain_fit():
    scored, truth = answered(300, 1.2, seed=0)
    tests = [answered(200, noise, seed=1)[0] for noise in (1.0, 1.8)]
    right, mine = scored[0].argmax(axis=1) == truth, plain_features(scored)
    np.testing.assert_allclose(features(scored), mine, rtol=1e-6, atol=1e-9)
    mean, deviation = mine.mean(axis=0), mine.std(axis=0)
    model = Correctness(features(scored), right, [features(told) for told in tests])
    for drawn in (np.ones(300), np.random.default_rng(2).poisson(1, size=300)):
        fit = plain_fit((mine - mean) / deviation, right, drawn)
        told = [expit((plain_features(one) - mean) / deviation @ fit[1:] + fit[0]) for one in tests]
        np.testing.assert_allclose(model(drawn), [one.mean() for one in told], atol=2e-4)
    np.testing.assert_allclose(model(), model(np.ones(300)), atol=1e-9)


@pytest.mark.parametrize("noise", [0.8, 1.2, 1.8])
def test_easier_and_harder_images_are_foretold(noise):
    scored, truth = answered(3000, 1.2, seed=4)
    told, of_test = answered(3000, noise, seed=5)
    model = Correctness(features(scored), scored[0].argmax(axis=1) == truth, [features(told)])
    assert model()[0] == pytest.approx(np.mean(told[0].argmax(axis=1) == of_test), abs=0.03)


def test_what_another_member_says_counts():
    """A network that is as sure as before and wrong more often: another member, who isn't, shows it."""
    scored, truth = answered(3000, 1.2, seed=6)
    told, of_test = answered(3000, 1.8, seed=7)
    wrong = np.mean(told[0].argmax(axis=1) == of_test)
    told[0] = softmax(np.log(told[0]) * 1.6, axis=1)
    right = scored[0].argmax(axis=1) == truth
    alone = Correctness(features(scored[:1]), right, [features(told[:1])])()[0]
    both = Correctness(features(scored), right, [features(told)])()[0]
    assert alone > both > wrong - 0.02 and alone - both > 0.02


def test_where_all_are_right_nothing_is_known_of_what_is_wrong():
    scored, _ = answered(50, 1.2, seed=8)
    tests = [features(scored)] * 2
    assert Correctness(features(scored), np.full(50, True), tests)() is None
    assert Correctness(features(scored), np.full(50, False), tests)().tolist() == [0, 0]
    right = np.arange(50) != 7
    assert Correctness(features(scored), right, tests)(right.astype(float)) is None  # the wrong one wasn't drawn


def test_probabilities_of_0_and_1_are_finite():
    told = np.zeros((2, 10, C))
    told[:, :, 0] = 1
    assert np.isfinite(features(told)).all()
