"""What a vote scores where it is known how often a network alone is right: held against labels that it never saw."""

import numpy as np
import pytest
from makers.metrics import F1
from scipy.special import softmax

from competition.data.predictions import Predictions
from competition.ensembling.fitted_votes import Voted
from competition.ensembling.vote_gain import PossibleLabels, looked_at
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


def scored(accuracy, alone, together, metric=F1):
    mean = np.mean([np.log(np.maximum(one.predictions.probabilities, 1e-12)) for one in alone], axis=0)
    likely = softmax(mean, axis=1)[looked_at(len(together))]
    return PossibleLabels(likely, alone, together, metric, np.random.default_rng(1)).score(accuracy)


def accuracy_of(labels, alone):
    return np.mean([labels == one.labels for one in alone])


@pytest.mark.parametrize("noise", [0.5, 1.5, 3.0])
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_the_votes_score_is_foretold(noise, sharpness):
    """However sure the networks are of themselves: how often they are right alone says how sure they should be."""
    labels, alone, together = made(noise, sharpness=sharpness)
    single = np.mean([F1(labels, one.answers, 5) for one in alone])
    told = F1(labels, together.answers, 5)
    found = scored(accuracy_of(labels, alone), alone, together)
    assert told - single > (0.01 if noise == 0.5 else 0.03)  # something to foretell
    assert found.one == pytest.approx(single, abs=0.01)
    assert found.gain == pytest.approx(told - single, abs=max(0.01, 0.3 * (told - single)))


def test_of_labels_drawn_by_the_mean_logits_all_is_known():
    """Such labels are what is taken for granted: then nothing is left but chance."""
    _, alone, together = made(1.5, n=20_000)
    mean = np.mean([np.log(one.predictions.probabilities) for one in alone], axis=0)
    likely = softmax(mean / 1.7, axis=1)
    labels = (np.random.default_rng(3).random((len(likely), 1)) > likely.cumsum(axis=1)).sum(axis=1).clip(max=4)
    found = scored(accuracy_of(labels, alone), alone, together)
    assert found.one == pytest.approx(np.mean([F1(labels, one.answers, 5) for one in alone]), abs=0.01)
    assert found.vote == pytest.approx(F1(labels, together.answers, 5), abs=0.01)


def test_one_network_gains_nothing():
    _, (one,), _ = made(1.0, networks=1)
    found = scored(0.5, [one], one)
    assert found.gain == pytest.approx(0) and found.one == pytest.approx(0.5, abs=0.05)


def test_deviations_are_those_of_a_test_set_of_this_size():
    spread = {}
    for n in (500, 8000):  # of the larger one fewer images are looked at
        labels, alone, together = made(1.0, n=n)
        spread[n] = scored(accuracy_of(labels, alone), alone, together).deviations.std()
        accuracy = np.mean(labels == together.answers)
        assert spread[n] == pytest.approx(np.sqrt(accuracy * (1 - accuracy) / n), rel=0.25)
    assert spread[500] / spread[8000] == pytest.approx(4, rel=0.25)


def test_where_no_labels_drawn_have_a_score_nothing_is_added():
    auc = METRICS["roc_auc"]()
    sure = np.tile(np.eye(len(TARGETS))[:1], (30, 1))  # all images of one class: there is no pair to put in order
    alone = [voted(sure, auc) for _ in range(3)]
    found = scored(0.9, alone, voted(sure, auc), auc)
    assert found.gain == 0 and not found.deviations.any()


def test_where_few_of_the_labels_drawn_have_a_score_nothing_is_added():
    """Some draws have an image of the rare class: their scores are nothing to go by."""
    auc = METRICS["roc_auc"]()
    surely = np.random.default_rng(0).uniform(0.998, 0.9999, (3, 60, 1))
    both = np.concatenate([surely, 1 - surely], axis=2)
    alone = [
        Voted(Predictions([f"{n}" for n in range(60)], one, ("a", "b")), one) for one in (*both, both.mean(axis=0))
    ]
    for accuracy in (0.9995, 0.999):
        assert scored(accuracy, alone[:3], alone[3], auc).gain == 0
    assert np.isfinite(scored(0.9, alone[:3], alone[3], auc).one)


def test_a_loss_falls_by_voting():
    loss = METRICS["log_loss"]()
    labels, alone, together = made(2.0, metric=loss)
    single = np.mean([loss(labels, one.answers, 5) for one in alone])
    told = loss(labels, together.answers, 5)
    found = scored(accuracy_of(labels, alone), alone, together, loss)
    assert told < single - 0.1 and found.gain == pytest.approx(told - single, abs=0.06)


def test_where_nothing_is_known_of_the_labels_nothing_is_added():
    each = np.random.default_rng(0).random((3, 50, 5))
    metric = METRICS["f1_samples"]()
    alone, together = [voted(one, metric, True) for one in each], voted(np.mean(each, axis=0), metric, True)
    found = PossibleLabels(None, alone, together, metric, np.random.default_rng(1)).score(0.4)
    assert np.isnan(found.one) and found.gain == 0 and (found.deviations == 0).all()


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_an_accuracy_out_of_reach_is_the_nearest_that_there_is(accuracy):
    """Networks that disagree can't all be right, nor worse than chance, whatever the labels are."""
    _, alone, together = made(1.0, n=200)
    found = scored(accuracy, alone, together)
    agree = np.mean([F1(together.answers, one.answers, 5) for one in alone])
    assert found.one == pytest.approx(agree if accuracy else 0.2, abs=0.03)
    assert 0 <= found.vote <= 1
