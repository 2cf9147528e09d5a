"""Whether turning pages upright pays: what is gained on images that the test images are not like counts for nothing."""

import numpy as np
import pytest
from makers.metrics import F1

from competition.data.predictions import Predictions
from competition.upright.choice import AS_IT_IS, UPRIGHT, Scored, _compared, _scored

TARGETS, N = ("a", "b", "c", "d"), 400


def answers(ids, labels, accuracy, sure, random) -> Predictions:
    """Right as often as `accuracy`, with about this certainty."""
    told = np.where(random.random(len(labels)) < accuracy, labels, (labels + 1) % 4)
    highest = np.clip(sure + random.normal(0, 0.05, len(labels)), 0.3, 0.99)
    probabilities = np.repeat((1 - highest)[:, None] / 3, 4, axis=1)
    probabilities[np.arange(len(labels)), told] = highest
    return Predictions(ids, probabilities, TARGETS)


def compared(test_is_like: str, weighted: bool = True):
    """Upright test-like images are answered better, clean ones a bit worse."""
    random = np.random.default_rng(0)
    labels, ids = random.integers(4, size=N), [f"i{n}" for n in range(N)]
    accuracies = {AS_IT_IS: {"clean": 0.9, "test_like": 0.5}, UPRIGHT: {"clean": 0.88, "test_like": 0.75}}
    given = {}
    for way, accuracy in accuracies.items():
        told = {name: answers(ids, labels, right, right, random) for name, right in accuracy.items()}
        right = accuracy[test_is_like]
        told["test"] = answers([f"t{n}" for n in range(800)], random.integers(4, size=800), right, right, random)
        given[way] = _scored(told, labels, several=False, weighted=weighted)
    groups = np.array([f"g{id}" for id in given[UPRIGHT].ids])
    return given, _compared(given, groups, F1, 4, several=False)


@pytest.mark.parametrize(("test_is_like", "gain"), [("test_like", 0.25), ("clean", -0.02)])
def test_only_what_the_test_images_are_like_counts(test_is_like, gain):
    _, (as_it_is, upright) = compared(test_is_like)
    assert upright.score - as_it_is.score == pytest.approx(gain, abs=0.05)
    assert as_it_is.score == pytest.approx(0.5 if gain > 0 else 0.9, abs=0.05)


def test_without_test_statistics_the_test_like_images_count_alike():
    given, (as_it_is, upright) = compared("clean", weighted=False)
    one = given[UPRIGHT]
    assert len(one.labels) == N and (one.weights == 1).all()
    assert upright.score == pytest.approx(F1(one.labels, one.probabilities.argmax(axis=1), 4))
    assert upright.score - as_it_is.score > 0.15


def test_the_error_is_that_of_the_difference_by_groups():
    """Drawn whole, a group that holds all images leaves nothing to chance."""
    given, _ = compared("test_like")
    n = len(given[UPRIGHT].ids)
    one, other = _compared(given, np.repeat("all", n), F1, 4, several=False)
    assert max(one.standard_error, other.standard_error) == pytest.approx(0, abs=1e-6)
    assert max(one.standard_error for one in compared("test_like")[1]) > 0.01


def test_folds_are_joined_in_their_order():
    parts = [Scored(np.array([name]), np.array([1]), np.eye(4)[:1], np.array([0.5])) for name in "ab"]
    found = Scored.joined(parts)
    assert found.ids.tolist() == ["a", "b"] and found.probabilities.shape == (2, 4) and found.weights.sum() == 1
