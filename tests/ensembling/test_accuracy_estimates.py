"""Estimates of the accuracy on the test set that need no label: against plain loops, and what they warn of."""

import numpy as np
import pytest
from makers.stacked import made_images
from makers.tasks import made_task
from scipy.special import softmax
from scipy.stats import norm

from competition.data.predictions import Predictions
from competition.ensembling.accuracy_estimates import accuracy_estimates
from competition.ensembling.candidates import member_candidate
from competition.ensembling.expected_score import expected_score
from competition.ensembling.network_votes import votes_of_networks
from competition.ensembling.stacked_predictions import stack_predictions
from competition.settings.ensemble import EnsembleSettings

SETTINGS, FOLDS, N = EnsembleSettings(resamples=100), range(4), 1200
TARGETS = ("2", "10", "x", "y")


def made(noise_on_test=1.2, sharpness_on_test=1.0, members=("a", "b")):
    """(stacked, singles, how often the vote of member a is right on the test set, and its networks alone)."""
    images = made_images(n=N, holdout=0, task=made_task(TARGETS))
    images = type(images)(images.seen, images.holdout, tuple(f"t{n}" for n in range(2000)), images.task, images.metric)
    random, per_member = np.random.default_rng(5), {}
    test_true = random.integers(4, size=2000)

    def errors(count):  # what all networks see alike of an image
        return random.normal(0, 0.8, (count, 4))

    seen, of_test = errors(N), errors(2000)

    def answered(true, shared, noise, sharpness):
        logits = 2 * np.eye(4)[true] + noise * (shared + random.normal(0, 0.6, shared.shape))
        return softmax(sharpness * logits * 2 / noise**2, axis=1)

    for name in members:
        per_member[name] = []
        for fold in FOLDS:
            here = (images.seen["fold"] == fold).to_numpy()
            own, shared = images.seen[here], seen[here]
            true = images.task.encode(own["target"].tolist())
            views = {
                view: Predictions(own["ID"].tolist(), answered(true, shared, 1.2, 1.0), TARGETS)
                for view in ("clean", "test_like")
            }
            on_test = answered(test_true, of_test, noise_on_test, sharpness_on_test)
            per_member[name].append(views | {"test": Predictions(images.test_ids, on_test, TARGETS)})
    stacked = stack_predictions(per_member, images)
    singles = [member_candidate(name, per_member[name], images, SETTINGS) for name in members]
    alone = np.mean([(part["test"].indices == test_true).mean() for part in per_member["a"]])
    return stacked, singles, float((singles[0].test == test_true).mean()), float(alone)


def estimates(stacked, singles):
    of_fold = [stacked.images.folds == fold for fold in FOLDS]
    votes = votes_of_networks(singles[0], stacked, 4, {})
    return accuracy_estimates(votes, stacked, of_fold, np.ones(N), {}), votes, of_fold


def test_each_is_what_its_paper_says():
    stacked, singles, *_ = made(noise_on_test=1.6)
    found, votes, of_fold = estimates(stacked, singles)
    y_true, oof = stacked.images.y_true, stacked.oof["test_like"][:, 0]
    thresholded, differences, moves = [], [], []
    for fold, here in enumerate(of_fold):
        sure, right = oof[0, here].max(axis=1), oof[0, here].argmax(axis=1) == y_true[here]
        threshold = np.sort(sure)[int(np.floor((1 - right.mean()) * (len(sure) - 1)))]
        thresholded.append((stacked.test[0, fold].max(axis=1) > threshold).mean())
        differences.append(right.mean() - (sure.mean() - stacked.test[0, fold].max(axis=1).mean()))
        before = np.mean(oof[0, here].argmax(axis=1) == oof[1, here].argmax(axis=1))
        after = np.mean(stacked.test[0, fold].argmax(axis=1) == stacked.test[1, fold].argmax(axis=1))
        moves.append(norm.ppf(after) - norm.ppf(before))
    accuracy = found["accuracy"]
    right = oof[0].argmax(axis=1) == y_true
    assert accuracy["weighted"] == pytest.approx(right.mean())  # all weights are 1
    assert accuracy["thresholded_confidence"] == pytest.approx(np.mean(thresholded), abs=0.005)
    assert accuracy["difference_of_confidences"] == pytest.approx(np.mean(differences), abs=1e-6)
    assert accuracy["agreement"] == pytest.approx(norm.cdf(norm.ppf(right.mean()) + np.mean(moves)), abs=1e-6)


@pytest.mark.parametrize("noise", [1.0, 1.2, 1.5])
def test_a_vote_is_foretold_and_nothing_warned_of(noise):
    stacked, singles, told, alone = made(noise_on_test=noise)
    found = expected_score(singles[0], stacked, FOLDS, SETTINGS, {})
    assert told > alone + 0.01
    assert found["value"] == pytest.approx(told, abs=0.03) and found["one_network"] == pytest.approx(alone, abs=0.03)
    assert found["low"] < found["value"] < found["high"] and not found["alarm"]


def test_networks_that_are_wrong_with_more_confidence_raise_the_alarm():
    stacked, singles, told, _ = made(noise_on_test=1.8, sharpness_on_test=2.0)
    found = expected_score(singles[0], stacked, FOLDS, SETTINGS, {})
    assert found["value"] > told + 0.05 and found["alarm"]
    assert found["accuracy"]["agreement"] < found["accuracy"]["weighted"] - 0.05


def test_one_member_agrees_with_nobody():
    stacked, singles, *_ = made(members=("a",))
    assert estimates(stacked, singles)[0]["accuracy"]["agreement"] is None
