"""Whether turning pages upright pays: what is gained on images that the test images are not like counts for nothing."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from competition.data.predictions import Predictions
from competition.metrics.calibration import apply_temperature, fit_temperature
from competition.settings.ensemble import EnsembleSettings
from competition.upright.choice import _scored
from competition.upright.gain import AS_IT_IS, UPRIGHT, Gain, Scored, gained_log_losses

TARGETS, N = ("a", "b", "c", "d"), 400


def answers(ids, labels, accuracy, sure, random) -> Predictions:
    """Right as often as `accuracy`, with about this certainty."""
    told = np.where(random.random(len(labels)) < accuracy, labels, (labels + 1) % 4)
    highest = np.clip(sure + random.normal(0, 0.05, len(labels)), 0.3, 0.99)
    probabilities = np.repeat((1 - highest)[:, None] / 3, 4, axis=1)
    probabilities[np.arange(len(labels)), told] = highest
    return Predictions(ids, probabilities, TARGETS)


def given(test_is_like: str, weighted: bool = True) -> dict[str, Scored]:
    """Upright test-like images are answered better, clean ones a bit worse."""
    random = np.random.default_rng(0)
    labels, ids = random.integers(4, size=N), [f"i{n}" for n in range(N)]
    accuracies = {AS_IT_IS: {"clean": 0.9, "test_like": 0.5}, UPRIGHT: {"clean": 0.86, "test_like": 0.75}}
    found = {}
    for way, accuracy in accuracies.items():
        told = {name: answers(ids, labels, right, right, random) for name, right in accuracy.items()}
        right = accuracy[test_is_like]
        told["test"] = answers([f"t{n}" for n in range(800)], random.integers(4, size=800), right, right, random)
        found[way] = _scored(told, labels, several=False, weighted=weighted)
    return found


def gain(found: dict[str, Scored], groups: np.ndarray | None = None) -> tuple[float, float]:
    """By how much less the log loss is upright, and the standard error of that."""
    groups = np.array([f"g{id}" for id in found[UPRIGHT].ids]) if groups is None else groups
    losses, error = gained_log_losses(found, groups, EnsembleSettings(), several=False)
    return losses[AS_IT_IS] - losses[UPRIGHT], error


@pytest.mark.parametrize(("test_is_like", "gains"), [("test_like", True), ("clean", False)])
def test_only_what_the_test_images_are_like_counts(test_is_like, gains):
    less, error = gain(given(test_is_like))
    assert less > 5 * error if gains else less < -0.03


def test_without_test_statistics_the_test_like_images_count_alike():
    found = given("clean", weighted=False)
    assert len(found[UPRIGHT].labels) == N and (found[UPRIGHT].weights == 1).all()
    assert gain(found)[0] > 0.2


def test_the_log_loss_is_that_of_calibrated_answers():
    found = given("test_like", weighted=False)
    sharper = {way: replace(one, probabilities=apply_temperature(one.probabilities, 0.3)) for way, one in found.items()}
    assert gain(sharper) == pytest.approx(gain(found), rel=1e-3)
    one = found[UPRIGHT]
    logits = np.log(one.probabilities)
    least = min(log_loss(one.labels, softmax(logits / t, axis=1), labels=range(4)) for t in np.geomspace(0.2, 5, 400))
    losses, _ = gained_log_losses(found, np.arange(N), EnsembleSettings(), several=False)
    assert losses[UPRIGHT] == pytest.approx(least, abs=1e-4)


def test_several_labels_are_each_right_or_wrong():
    random = np.random.default_rng(1)
    labels = random.integers(2, size=(N, 3))
    found = {}
    for way, far in ((AS_IT_IS, 0.5), (UPRIGHT, 1.0)):
        told = 1 / (1 + np.exp(-(2 * labels - 1) * far - random.normal(0, 1, labels.shape)))
        found[way] = Scored(np.arange(N).astype(str), labels, told, np.ones(N))
    losses, error = gained_log_losses(found, np.arange(N).astype(str), EnsembleSettings(), several=True)
    for way, one in found.items():
        logits = np.log(one.probabilities / (1 - one.probabilities))
        least = min(log_loss(labels.ravel(), 1 / (1 + np.exp(-logits.ravel() / t))) for t in np.geomspace(0.2, 5, 400))
        assert losses[way] == pytest.approx(least, abs=1e-4)
    assert losses[AS_IT_IS] - losses[UPRIGHT] > 2 * error > 0


def test_the_error_is_that_of_the_difference_by_groups():
    """Drawn whole, a group that holds all images leaves nothing to chance."""
    found = given("test_like", weighted=False)
    assert gain(found, np.repeat("all", N))[1] == pytest.approx(0, abs=1e-6)
    each = [
        -np.log(apply_temperature(one.probabilities, fit_temperature(one.probabilities, one.labels)))[
            np.arange(N), one.labels
        ]
        for one in found.values()
    ]
    assert gain(found)[1] == pytest.approx((each[1] - each[0]).std() / np.sqrt(N), rel=0.1)


def test_a_gain_is_more_than_two_standard_errors():
    for better, gains in ((0.11, True), (0.09, False), (-0.2, False)):
        found = Gain.of({AS_IT_IS: 0.5, UPRIGHT: 0.4}, {AS_IT_IS: 1.0, UPRIGHT: 1.0 - better}, 0.05)
        assert found.gains == gains and found.facts()["standard_error"] == 0.05


def test_folds_are_joined_in_their_order():
    parts = [Scored(np.array([name]), np.array([1]), np.eye(4)[:1], np.array([0.5])) for name in "ab"]
    found = Scored.joined(parts)
    assert found.ids.tolist() == ["a", "b"] and found.probabilities.shape == (2, 4) and found.weights.sum() == 1
