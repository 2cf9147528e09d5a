"""Estimates of the accuracy on the test set that need no label: against plain loops, and what they warn of."""

from dataclasses import replace

import numpy as np
import pytest
from makers.shifted import FOLDS, SETTINGS, N, made
from makers.stacked import made_images
from makers.tasks import made_task
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import norm

from competition.data.predictions import Predictions
from competition.ensembling import one_network as one_network_module
from competition.ensembling.accuracy_estimates import AccuracyEstimates, AccuracyEstimator
from competition.ensembling.candidates import member_candidate
from competition.ensembling.correctness import Correctness, correctness_features
from competition.ensembling.expected_score import expected_score
from competition.ensembling.one_network import one_network
from competition.ensembling.stacked_predictions import stack_predictions
from competition.metrics.calibration import fit_class_offsets
from competition.metrics.make import make_metric


def estimates(stacked, singles):
    found = one_network(singles[0], stacked, FOLDS, {})
    return AccuracyEstimator(singles[0], found.votes, stacked, found.of_fold, {}).estimates(np.ones(N)), found.of_fold


def test_each_is_what_its_paper_says():
    stacked, singles, *_ = made(noise_on_test=1.6)
    found, of_fold = estimates(stacked, singles)
    y_true, oof, test = stacked.images.y_true, stacked.oof["test_like"][:, 0], stacked.test
    right = oof[0].argmax(axis=1) == y_true
    cold = minimize_scalar(
        lambda cold: -np.log(softmax(cold * np.log(oof[0]), axis=1)[np.arange(N), y_true]).mean(), bounds=(0.05, 20)
    ).x
    surenesses = [softmax(cold * np.log(one), axis=1).max(axis=1) for one in (oof[0], *test[0])]
    thresholded, differences = [], []
    for here, on_test in zip(of_fold, surenesses[1:], strict=True):
        sure, share = surenesses[0][here], right[here].mean()
        threshold = np.sort(sure)[int(np.floor((1 - share) * (len(sure) - 1)))]
        thresholded.append((on_test > threshold).mean())
        differences.append(share - (sure.mean() - on_test.mean()))
    assert found.weighted == pytest.approx(right.mean())  # all weights are 1
    assert found.thresholded_confidence == pytest.approx(np.mean(thresholded), abs=0.005)
    assert found.difference_of_confidences == pytest.approx(np.mean(differences), abs=1e-4)
    folds = [np.mean(test[0, a].argmax(axis=1) == test[0, b].argmax(axis=1)) for a in range(4) for b in range(a)]
    assert found.agreement_of_folds == pytest.approx(np.mean(folds))
    before, after = (np.mean(one[0].argmax(axis=-1) == one[1].argmax(axis=-1)) for one in (oof, test))
    # clean and test-like images are drawn alike here: no slope can be told, so it is 1
    told = norm.cdf(norm.ppf(right.mean()) + norm.ppf(after) - norm.ppf(before))
    assert found.agreement_of_members == pytest.approx(told, abs=1e-6)


def test_correctness_is_learnt_on_images_of_every_severity():
    stacked, singles, *_ = made(noise_on_test=1.6)
    found, of_fold = estimates(stacked, singles)

    def features(told):  # of member a's answers, and what b says
        return correctness_features(told[0], told[0].argmax(axis=1), told[1:])

    views = [stacked.oof[view][:, 0] for view in ("clean", "test_like", "severe")]
    right = np.stack([one[0].argmax(axis=1) == stacked.images.y_true for one in views])
    on_test = [features(stacked.test[:, fold]) for fold in FOLDS]
    by_fold = Correctness(np.stack([features(one) for one in views]), right, on_test)()
    images = [here.sum() for here in of_fold]
    assert found.correctness == pytest.approx(np.average(by_fold, weights=images), abs=1e-6)
    truth = np.random.default_rng(5).integers(4, size=2000)  # as `made` draws it
    told = np.mean([(stacked.test[0, fold].argmax(axis=1) == truth).mean() for fold in FOLDS])
    assert found.correctness == pytest.approx(told, abs=0.02)


def test_the_slope_is_the_one_from_clean_to_test_like():
    """Where accuracy falls by more than agreement from clean to test-like images, so it is expected to go on."""
    stacked, singles, *_ = made(noise_on_test=1.6)
    sharp = stacked.oof["test_like"].copy()
    y_true = stacked.images.y_true
    random = np.random.default_rng(2)
    clean, easier = sharp.copy(), random.random(N) < 0.4
    for member in range(2):
        put_right = easier & (random.random(N) < (0.6 if member else 1.0))
        clean[member, 0, put_right] = np.eye(4)[y_true[put_right]] * 0.96 + 0.01
    stacked = replace(stacked, oof={"clean": clean, "test_like": sharp, "severe": sharp})
    chosen = replace(singles[0], oof=singles[0].oof | {"clean": clean[0, 0].argmax(axis=1)})
    told, _ = estimates(stacked, [chosen])

    def probits(images):
        labels = images[:, 0].argmax(axis=2)
        return norm.ppf((labels[0] == y_true).mean()), norm.ppf((labels[0] == labels[1]).mean())

    (accuracy, agreement), (was, had) = probits(sharp), probits(clean)
    slope = (was - accuracy) / (had - agreement)
    on_test = norm.ppf(np.mean(stacked.test[0].argmax(axis=2) == stacked.test[1].argmax(axis=2)))
    expected = norm.cdf(accuracy + np.clip(slope, 0.5, 2) * (on_test - agreement))
    assert abs(had - agreement) > 0.1 and abs(np.clip(slope, 0.5, 2) - 1) > 0.1
    assert told.agreement_of_members == pytest.approx(expected, abs=1e-6)


def test_what_is_expected_and_what_warns():
    told = AccuracyEstimates(0.78, 0.76, 0.85, 0.78, 0.78, 0.79, chance=0.0)
    least, apart = norm.cdf(norm.ppf(0.78) + 0.1) - 0.78, np.sqrt((0.02**2 + 0.07**2 + 0) / 3)
    assert told.expected == 0.78 and told.error == pytest.approx(np.hypot(apart, least), abs=2e-3)
    assert told.alarm and not replace(told, chance=0.04).alarm  # 0.07 apart: chance has 0.08 in so few images
    near = replace(told, weighted=0.79)
    assert near.expected == told.expected and not near.alarm
    assert replace(near, agreement_of_members=0.7).alarm and not replace(near, agreement_of_members=None).alarm
    assert replace(near, agreement_of_folds=0.72).alarm and not replace(near, agreement_of_folds=None).alarm
    assert replace(near, weighted=0.78).error < near.error < told.error
    assert "chance" not in told.to_json() and told.to_json()["expected"] == told.expected


def test_networks_that_disagree_are_not_both_right():
    told = AccuracyEstimates(0.88, 0.87, 0.9, 0.7, None, 0.88, chance=0.0)
    assert told.expected == pytest.approx((0.7 + 0.85) / 2) and told.alarm  # a pair: right in 0.85 at the most
    assert replace(told, agreement_of_folds=0.9).expected == replace(told, agreement_of_folds=None).expected == 0.88


def test_where_all_out_of_fold_is_right_the_other_estimates_count():
    told = AccuracyEstimates(None, 0.8, 1.0, 0.84, None, 0.9, chance=0.0)
    assert told.expected == pytest.approx((0.8 + 1.0 + 0.84) / 3) and told.to_json()["correctness"] is None
    stacked, singles, *_ = made(noise_on_test=1.6)
    right = stacked.oof["test_like"].copy()
    right[:, 0] = np.eye(4)[stacked.images.y_true] * 0.9 + 0.025
    chosen = replace(singles[0], oof={view: stacked.images.y_true for view in ("clean", "test_like")})
    chosen = replace(chosen, probabilities=right[0, 0])
    stacked = replace(stacked, oof=dict.fromkeys(("clean", "test_like", "severe"), right))
    found = expected_score(chosen, stacked, FOLDS, SETTINGS, {})
    assert found["accuracy_estimates"]["correctness"] is None
    assert found["low"] < found["value"] < 0.99 and found["one_network"] < found["value"]


@pytest.mark.parametrize("noise", [1.0, 1.2, 1.5])
def test_a_vote_is_foretold_and_nothing_warned_of(noise):
    stacked, singles, told, alone = made(noise_on_test=noise)
    found = expected_score(singles[0], stacked, FOLDS, SETTINGS, {})
    assert told > alone + 0.01
    assert found["value"] == pytest.approx(told, abs=0.03) and found["one_network"] == pytest.approx(alone, abs=0.03)
    assert found["low"] < told < found["high"] and not found["alarm"]


@pytest.mark.parametrize("noise", [1.0, 1.2, 1.5])
def test_a_loss_is_foretold_in_its_own_units(noise):
    stacked, singles, told, alone = made(noise, answer="probabilities", metric="log_loss")
    found = expected_score(singles[0], stacked, FOLDS, SETTINGS, {})
    assert told < alone - 0.05
    assert found["low"] < told < found["high"] and found["value"] == pytest.approx(told, abs=0.06)
    assert found["one_network"] == pytest.approx(alone, abs=0.06)


def test_what_the_vote_adds_is_foretold():
    stacked, singles, told, alone = made()
    found = expected_score(singles[0], stacked, FOLDS, SETTINGS, {})
    assert found["value"] - found["one_network"] == pytest.approx(told - alone, abs=0.01)


def test_networks_that_are_wrong_with_more_confidence_raise_the_alarm():
    stacked, singles, told, _ = made(noise_on_test=1.8, sharpness_on_test=2.0)
    found = expected_score(singles[0], stacked, FOLDS, SETTINGS, {})
    assert found["value"] > told + 0.05 and found["alarm"]
    assert found["accuracy_estimates"]["agreement_of_folds"] < found["accuracy_estimates"]["weighted"] - 0.05


def test_one_member_agrees_with_nobody():
    stacked, singles, *_ = made(members=("a",))
    assert estimates(stacked, singles)[0].agreement_of_members is None


def imbalanced(seed, n_test=1500, answered_share=0.03, **task):
    """(stacked, single, truth of the test set): 3% of one class, nothing shifted, networks that are as sure as they
    should be if `answered_share` were of that class.
    """
    images, task = made_images(n=N, holdout=0), made_task(("no", "yes"), **task)
    random = np.random.default_rng(seed)
    y_true = (random.random(N) < 0.03).astype(int)
    seen = images.seen.assign(target=np.array(["no", "yes"])[y_true])
    test_ids = tuple(f"t{n}" for n in range(n_test))
    images = type(images)(seen, images.holdout, test_ids, task, make_metric(task.settings))
    y_test = (random.random(n_test) < 0.03).astype(int)

    def answered(true, shared):
        signal = np.where(true == 1, 1.2, -1.2) + shared + random.normal(0, 0.6, len(true))
        log_odds = 2 * 1.2 * signal / (1 + 0.6**2) + np.log(answered_share / (1 - answered_share))
        return np.stack([1 / (1 + np.exp(log_odds)), 1 / (1 + np.exp(-log_odds))], axis=1)

    of_seen, of_test, folds = random.normal(0, 1, N), random.normal(0, 1, n_test), []
    for fold in FOLDS:
        here = (images.seen["fold"] == fold).to_numpy()
        ids = images.seen["ID"][here].tolist()
        told = Predictions(ids, answered(y_true[here], of_seen[here]), ("no", "yes"))
        on_test = Predictions(images.test_ids, answered(y_test, of_test), ("no", "yes"))
        folds.append({"clean": told, "test_like": told, "severe": told, "test": on_test})
    return stack_predictions({"a": folds}, images), member_candidate("a", folds, images, SETTINGS), y_test


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc"])
def test_where_one_class_is_rare_a_loss_is_what_it_is_out_of_fold(metric):
    """Networks agree on nearly all images there, whatever they know: that says nothing of a loss."""
    gaps = []
    for seed in range(4):
        stacked, single, y_test = imbalanced(seed, answer="probabilities", metric=metric)
        found = expected_score(single, stacked, FOLDS, SETTINGS, {})
        told = stacked.images.metric(y_test, single.test, 2)
        assert found["accuracy_estimates"]["agreement_of_folds"] is None and found["low"] < told < found["high"]
        assert found["high"] - found["low"] < (0.12 if metric == "log_loss" else 0.3)
        gaps.append(found["value"] - told)
    assert abs(np.mean(gaps)) < (0.02 if metric == "log_loss" else 0.04)


def test_where_a_rare_class_is_answered_too_often_so_it_is_on_the_test_set(monkeypatch):
    """Networks that were trained as if classes were as frequent as each other: accuracy alone says little of them."""
    gaps = {}
    for name, offsets in (("without", lambda *_: 0.0), ("with", fit_class_offsets)):
        monkeypatch.setattr(one_network_module, "fit_class_offsets", offsets)
        gaps[name] = []
        for seed in range(4):
            stacked, single, y_test = imbalanced(seed, answered_share=0.5, n_test=4000)
            found = expected_score(single, stacked, FOLDS, SETTINGS, {})
            gaps[name].append(found["value"] - stacked.images.metric(y_test, single.test, 2))
    without, with_them = (abs(np.mean(gaps[name])) for name in ("without", "with"))
    assert without > 0.15 and with_them < 0.5 * without


def test_grades_are_not_told_by_an_accuracy():
    task = {"labels": "ordinal", "metric": "quadratic_weighted_kappa"}
    stacked, singles, *_ = made(**task)
    found = one_network(singles[0], stacked, FOLDS, {})
    assert not found.by_accuracy and found.accuracy == found.estimates.weighted


def test_without_test_images_out_of_fold_stands():
    stacked, single, _ = imbalanced(0, n_test=0)
    found = expected_score(single, stacked, FOLDS, SETTINGS, {})
    assert found["value"] == found["one_network"] == pytest.approx(stacked.images.score(single.oof["test_like"]))
    assert "alarm" not in found
