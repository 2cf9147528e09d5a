"""What a vote scores where its networks alone are known to: held against labels that the vote never saw."""

import numpy as np
import pytest
from makers.metrics import F1
from scipy.special import softmax

from competition.data.predictions import Predictions
from competition.ensembling.fitted_votes import Voted
from competition.ensembling.vote_gain import vote_score
from competition.metrics.scores import METRICS

TARGETS = ("a", "b", "c", "d", "e")


def voted(probabilities, metric=F1, several=False) -> Voted:
    ids = [f"{n}" for n in range(len(probabilities))]
    found = Predictions(ids, probabilities, TARGETS, not several)
    return Voted(found, metric.plain(found.probabilities.astype(np.float64), several))


def made(noise: float, n: int = 4000, networks: int = 3, metric=F1, sharpness: float = 1.0, seed: int = 0):
    """(labels, networks, their vote): labels are drawn of what is true, which each network sees with errors of its own,
    and is so sure of as it should be, or more.
    """
    random = np.random.default_rng(seed)
    true = random.normal(0, 2, (n, len(TARGETS)))
    labels = (random.random((n, 1)) > softmax(true, axis=1).cumsum(axis=1)).sum(axis=1).clip(max=len(TARGETS) - 1)
    seen = [true + random.normal(0, noise, true.shape) for _ in range(networks)]
    shrunk = [4 / (4 + noise**2) * one for one in seen]  # the posterior mean of what is true
    each = [softmax(sharpness * one, axis=1) for one in shrunk]
    return labels, [voted(one, metric) for one in each], voted(np.mean(each, axis=0), metric)


@pytest.mark.parametrize("noise", [0.5, 1.5, 3.0])
@pytest.mark.parametrize("sharpness", [1.0, 2.0])
def test_the_votes_score_is_foretold(noise, sharpness):
    """However sure the networks are of themselves: what they score alone says how sure they should be.

    Networks whose errors have nothing to do with each other gain more than the mean of their probabilities says.
    """
    labels, alone, together = made(noise, sharpness=sharpness)
    single = np.mean([F1(labels, one.answers, 5) for one in alone])
    told = F1(labels, together.answers, 5)
    found = vote_score(single, alone, together, F1, np.random.default_rng(1))
    assert told - single > (0.01 if noise == 0.5 else 0.03)  # something to foretell
    assert found.value == pytest.approx(told, abs=0.015 if sharpness == 1 else max(0.015, 0.4 * (told - single)))


def test_one_network_gains_nothing():
    _, (one,), _ = made(1.0, networks=1)
    found = vote_score(0.5, [one], one, F1, np.random.default_rng(1))
    assert found.value == pytest.approx(0.5) and found.slope == pytest.approx(1)


def test_deviations_are_those_of_a_test_set_of_this_size():
    spread = {}
    for n in (500, 8000):  # of the larger one fewer images are looked at
        labels, alone, together = made(1.0, n=n)
        single = np.mean([F1(labels, one.answers, 5) for one in alone])
        spread[n] = vote_score(single, alone, together, F1, np.random.default_rng(1)).deviations.std()
        accuracy = np.mean(labels == together.answers)
        assert spread[n] == pytest.approx(np.sqrt(accuracy * (1 - accuracy) / n), rel=0.25)
    assert spread[500] / spread[8000] == pytest.approx(4, rel=0.25)


def test_where_no_labels_drawn_have_a_score_nothing_is_added():
    auc = METRICS["roc_auc"]()
    sure = np.tile(np.eye(len(TARGETS))[:1], (30, 1))  # all images of one class: there is no pair to put in order
    alone = [voted(sure, auc) for _ in range(3)]
    found = vote_score(0.9, alone, voted(sure, auc), auc, np.random.default_rng(1))
    assert (found.value, found.slope, found.deviations.any()) == (0.9, 1.0, False)


def test_a_loss_falls_by_voting():
    loss = METRICS["log_loss"]()
    labels, alone, together = made(2.0, metric=loss)
    single = np.mean([loss(labels, one.answers, 5) for one in alone])
    told = loss(labels, together.answers, 5)
    found = vote_score(single, alone, together, loss, np.random.default_rng(1))
    assert told < single - 0.1 and found.value == pytest.approx(told, abs=0.05)


def test_of_several_labels_nothing_is_added():
    each = np.random.default_rng(0).random((3, 50, 5))
    metric = METRICS["f1_samples"]()
    alone, together = [voted(one, metric, True) for one in each], voted(np.mean(each, axis=0), metric, True)
    found = vote_score(0.4, alone, together, metric, np.random.default_rng(1))
    assert (found.value, found.slope) == (0.4, 1.0) and (found.deviations == 0).all()


def test_a_score_out_of_reach_is_kept():
    """Networks alone can't be as bad as that, whatever the labels are."""
    _, alone, together = made(1.0, n=200)
    found = vote_score(0.0, alone, together, F1, np.random.default_rng(1))
    assert np.isfinite([found.value, found.slope]).all() and abs(found.value) < 0.1
