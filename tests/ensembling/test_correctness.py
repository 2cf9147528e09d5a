"""How often answers are right, by what all members say: against a plain fit, and where images are harder to read."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, softmax
from scipy.stats import norm

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
    model = Correctness(features(scored)[None], right[None], [features(told) for told in tests])
    for drawn in (np.ones(300), np.random.default_rng(2).poisson(1, size=300)):
        fit = plain_fit((mine - mean) / deviation, right, drawn)
        told = [expit((plain_features(one) - mean) / deviation @ fit[1:] + fit[0]) for one in tests]
        np.testing.assert_allclose(model(drawn), [one.mean() for one in told], atol=2e-4)
    np.testing.assert_allclose(model(), model(np.ones(300)), atol=1e-9)


@pytest.mark.parametrize("noise", [0.8, 1.2, 1.8])
def test_easier_and_harder_images_are_foretold(noise):
    scored, truth = answered(3000, 1.2, seed=4)
    told, of_test = answered(3000, noise, seed=5)
    model = Correctness(features(scored)[None], (scored[0].argmax(axis=1) == truth)[None], [features(told)])
    assert model()[0] == pytest.approx(np.mean(told[0].argmax(axis=1) == of_test), abs=0.03)


def seen_through(haze, noise, seed, n=3000):
    """As `answered`, of a set with `haze` that all its networks meet, and don't know of: as sure as before, and wrong
    more often.
    """
    told, truth = answered(n, noise, seed)
    random = np.random.default_rng(seed + 1000)
    taken = random.random(n) < haze
    told[:, taken] = np.roll(told[:, taken], 1, axis=2)  # each answers another class, all the same one
    return told, truth


def test_the_line_is_the_one_through_the_severities():
    """Against numpy and plain loops, with images drawn."""
    sets = [seen_through(haze, noise, seed) for haze, noise, seed in ((0.0, 0.7, 1), (0.1, 1.1, 2), (0.3, 1.6, 3))]
    right = np.stack([told[0].argmax(axis=1) == truth for told, truth in sets])
    mine = np.stack([features(told) for told, _ in sets])
    tests = [seen_through(0.2, 1.3, seed=4)[0], seen_through(0.0, 0.6, seed=5)[0]]
    model = Correctness(mine, right, [features(one) for one in tests])
    flat = mine.reshape(-1, mine.shape[2])
    mean, deviation = flat.mean(axis=0), flat.std(axis=0)
    for drawn in (np.ones(3000), np.random.default_rng(2).poisson(1, size=3000)):
        fit = plain_fit((flat - mean) / deviation, right.ravel(), np.tile(drawn, 3))
        said = [expit((one - mean) / deviation @ fit[1:] + fit[0]) for one in mine]
        x = norm.ppf([(one * drawn).sum() / drawn.sum() for one in said])
        y = norm.ppf([(one * drawn).sum() / drawn.sum() for one in right])
        slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
        assert 1.05 < slope < 2
        of_test = [expit((features(one) - mean) / deviation @ fit[1:] + fit[0]).mean() for one in tests]
        expected = norm.cdf(y.mean() + slope * (norm.ppf(of_test) - x.mean()))
        np.testing.assert_allclose(model(drawn), expected, atol=5e-4)


def test_a_set_is_as_hard_as_those_like_it():
    """Images that look the same, and are answered worse the harder the set is, which no single image shows."""
    sets = [seen_through(haze, noise, seed) for haze, noise, seed in ((0.0, 0.7, 1), (0.1, 1.1, 2), (0.3, 1.6, 3))]
    right = np.stack([told[0].argmax(axis=1) == truth for told, truth in sets])
    mine = np.stack([features(told) for told, _ in sets])
    for haze, noise in ((0.0, 0.7), (0.05, 0.9), (0.2, 1.35)):
        told, truth = seen_through(haze, noise, seed=9)
        true = np.mean(told[0].argmax(axis=1) == truth)
        line, flat = (
            Correctness(one, two, [features(told)])()[0]
            for one, two in ((mine, right), (mine.reshape(1, -1, mine.shape[2]), right.reshape(1, -1)))
        )
        assert abs(line - true) < 0.02 and abs(line - true) < abs(flat - true)


def test_severities_of_which_the_same_is_said_move_by_what_is_true():
    told, truth = answered(3000, 1.2, seed=4)
    right = told[0].argmax(axis=1) == truth
    same = Correctness(np.stack([features(told)] * 3), np.stack([right] * 3), [features(told)])()[0]
    assert same == pytest.approx(right.mean(), abs=1e-3)


def test_what_another_member_says_counts():
    """A network that is as sure as before and wrong more often: another member, who isn't, shows it."""
    scored, truth = answered(3000, 1.2, seed=6)
    told, of_test = answered(3000, 1.8, seed=7)
    wrong = np.mean(told[0].argmax(axis=1) == of_test)
    told[0] = softmax(np.log(told[0]) * 1.6, axis=1)
    right = (scored[0].argmax(axis=1) == truth)[None]
    alone = Correctness(features(scored[:1])[None], right, [features(told[:1])])()[0]
    both = Correctness(features(scored)[None], right, [features(told)])()[0]
    assert alone > both > wrong - 0.02 and alone - both > 0.02


def test_where_all_are_right_nothing_is_known_of_what_is_wrong():
    scored, _ = answered(50, 1.2, seed=8)
    tests = [features(scored)] * 2
    assert Correctness(features(scored)[None], np.full((1, 50), True), tests)() is None
    assert Correctness(features(scored)[None], np.full((1, 50), False), tests)().tolist() == [0, 0]
    right = np.arange(50) != 7
    model = Correctness(features(scored)[None], right[None], tests)
    assert model(right.astype(float)) is None  # the wrong one wasn't drawn


def test_probabilities_of_0_and_1_are_finite():
    told = np.zeros((2, 10, C))
    told[:, :, 0] = 1
    assert np.isfinite(features(told)).all()
