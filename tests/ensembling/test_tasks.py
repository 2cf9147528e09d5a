"""Votes and ensembles of several labels an image and of probabilities: fitted, scored, chosen, saved and loaded."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from makers.stacked import SETTINGS, TARGETS, UNREAD, made_images, made_member, made_members
from makers.tasks import made_task
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from competition.data.predictions import Predictions
from competition.ensembling.candidates import Candidate, member_candidate, specialist_candidate
from competition.ensembling.choice import by_simplicity, decide
from competition.ensembling.decisions.smoothed import Smoothed
from competition.ensembling.ensembles import ensemble_candidates
from competition.ensembling.expected_score import expected_score
from competition.ensembling.final_json import best_single, calibration, metrics_of, scores_of
from competition.ensembling.final_vote import read_final_vote, write_final_vote
from competition.ensembling.fitted_votes import Voted, confidence_of
from competition.ensembling.member_submissions import hard_submission
from competition.ensembling.nested import best_first
from competition.ensembling.rule import RuleInputs
from competition.ensembling.rules import RULES
from competition.ensembling.rules.greedy import select
from competition.ensembling.rules.hard_top import best_singles
from competition.ensembling.rules.stacking import C_RANGE, Stacking
from competition.ensembling.rules.weighted_soft import WeightedSoft
from competition.ensembling.shift_weights import shift_weights
from competition.ensembling.specialist_choice import choose
from competition.ensembling.specialist_votes import replace_hard
from competition.ensembling.stacked_predictions import Voters, stack_predictions
from competition.ensembling.voting import hard_vote, soft_vote
from competition.leaderboard.leaderboard import compare
from competition.metrics.scores import METRICS
from competition.settings.params import Settings

LOSS, AUC, F1_SAMPLES = (METRICS[name]() for name in ("log_loss", "roc_auc", "f1_samples"))
TASKS = {
    "sets": {"labels": "multi", "answer": "label_list", "metric": "f1_samples"},
    "sets, AUC": {"labels": "multi", "answer": "probabilities", "metric": "roc_auc"},
    "sets, log loss": {"labels": "multi", "answer": "probabilities", "metric": "log_loss"},
    "log loss": {"answer": "probabilities", "metric": "log_loss"},
    "AUC": {"answer": "probabilities", "metric": "roc_auc"},
    "ranked": {"answer": "ranked", "metric": "map_at_3", "most": 3},
    "grades": {"labels": "ordinal", "metric": "quadratic_weighted_kappa"},
}
QUICK = ("AUC", "log loss", "ranked")
ALL = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in sorted(TASKS)]
ON_SETS = {"hard_top", "hard", "soft", "foldwise_hard", "weighted_soft", "greedy", "stacking"}
ON_PROBABILITIES = {"soft", "weighted_soft", "greedy", "stacking"}


def made(name, n=80, **kwargs):
    """(images, per member, stacked, singles) of the task called `name`."""
    images = made_images(n=n, task=made_task(TARGETS, **TASKS[name]), **kwargs)
    members = made_members(images)
    singles = [member_candidate(one, members[one], images, SETTINGS) for one in sorted(members)]
    return images, members, stack_predictions(members, images), singles


def label_voters(m=3, k=1, n=60, c=4, seed=0):
    """(voters, true): of several labels an image, members of rising skill."""
    random = np.random.default_rng(seed)
    true = (random.random((n, c)) < (0.5, 0.2, 0.4, 0.1)[:c]).astype(np.uint8)
    skill = np.linspace(0.2, 0.5, m)[:, None, None, None]
    raw = skill * true + (1 - skill) * random.random((m, k, n, c))
    return Voters(raw.astype(np.float32), np.linspace(0.5, 2, m), True), true


# votes


def test_each_label_is_voted_on_by_itself():
    votes = np.array([[[1, 0, 1]], [[1, 1, 0]], [[0, 1, 0]]], np.uint8)
    assert hard_vote(votes, 3).tolist() == [[1, 1, 0]] and hard_vote(votes, 3).dtype == np.uint8
    assert hard_vote(votes[:2], 3).tolist() == [[1, 0, 1]]  # a tie: the better-ranked voter
    with pytest.raises(ValueError, match="expected indices 0 to 1, found 0 to 2"):
        hard_vote(votes * 2, 3)
    assert hard_vote(np.zeros((2, 0, 3), np.uint8), 3).shape == (0, 3)


def test_a_soft_vote_of_several_labels_is_the_mean_of_each():
    one, other = (
        Predictions(["x", "y"], values, "abc", False)
        for values in ([[1, 0.2, 0], [0.9, 0.9, 0.9]], [[0, 0.4, 0], [0.1, 0.5, 0.9]])
    )
    voted = soft_vote([one, other])
    np.testing.assert_allclose(voted.probabilities, [[0.5, 0.3, 0], [0.5, 0.7, 0.9]], atol=1e-6)
    assert not voted.exclusive and voted.labels.tolist() == [[1, 0, 0], [1, 1, 1]]
    np.testing.assert_allclose(soft_vote([one, other], [3, 1]).probabilities[0], [0.75, 0.25, 0], atol=1e-6)
    with pytest.raises(ValueError, match="different targets"):
        soft_vote([one, Predictions(["x", "y"], np.full((2, 3), 1 / 3), "abc")])


def test_confidence_is_that_of_the_least_sure_label():
    probabilities = np.array([[0.9, 0.2], [0.4, 0.95]])
    assert confidence_of(probabilities, np.array([0, 1])).tolist() == pytest.approx([0.9, 0.95])
    found = confidence_of(probabilities, np.array([[1, 0], [1, 1]], np.uint8))
    assert found.tolist() == pytest.approx([0.8, 0.4]) and found.dtype == np.float32
    voted = Voted(Predictions(["x", "y"], probabilities, "ab", False), probabilities)
    assert voted.labels.tolist() == [[1, 0], [0, 1]] and voted.confidence.tolist() == pytest.approx([0.8, 0.6])
    assert len(voted) == 2


def test_a_members_hard_vote_counts_each_label():
    images, members, _, singles = made("sets")
    hard = hard_submission(singles[0], members["a"], images)
    ids = members["a"][0]["test"].ids
    for row, id_ in enumerate(images.test_ids):
        if id_ == UNREAD:
            assert (hard.test[row] == (images.y_true.mean(axis=0) >= 0.5)).all()
            continue
        own = [singles[0].decision.answers(fold["test"].select([id_]).probabilities)[0] for fold in members["a"]]
        count = np.sum(own, axis=0)
        assert (hard.test[row] == np.where(count == 2, own[0], count > 2)).all()
    assert len(ids) == 29 and hard.test.dtype == np.uint8 and (hard.clean == singles[0].oof["clean"]).all()


# rules


def test_stacking_of_several_labels_is_a_regression_for_each():
    voters, true = label_voters(n=150, seed=1)
    folds = np.arange(150) % 4
    odds = np.log(voters.calibrated[:, 0]) - np.log(1 - voters.calibrated[:, 0])
    features = odds.transpose(1, 0, 2).reshape(150, 12)
    losses = {}
    for c in C_RANGE:
        found = np.empty(true.shape)
        for fold in range(4):
            here = folds == fold
            for label in range(4):
                model = LogisticRegression(C=c, max_iter=1000, tol=1e-3).fit(features[~here], true[~here, label])
                found[here, label] = model.predict_proba(features[here])[:, 1]
        losses[c] = np.mean([log_loss(true[:, label], found[:, label]) for label in range(4)])
    rule = Stacking.fit(voters, true, folds, F1_SAMPLES)
    assert rule.c == min(losses, key=losses.get)
    asked, _ = label_voters(k=2, n=30, seed=2)
    expected = np.empty((30, 4))
    parts = np.log(asked.calibrated) - np.log(1 - asked.calibrated)
    for label in range(4):
        model = LogisticRegression(C=rule.c, max_iter=1000, tol=1e-3).fit(features, true[:, label])
        both = [model.predict_proba(parts[:, k].transpose(1, 0, 2).reshape(30, 12))[:, 1] for k in range(2)]
        expected[:, label] = np.mean(both, axis=0)
    np.testing.assert_allclose(rule.vote(asked).probabilities, expected, atol=1e-6)


def test_a_label_that_all_or_none_have_gets_its_share():
    voters, true = label_voters(n=90)
    true[:, 1], true[:, 2] = 0, 1
    for folds in (np.arange(90) % 3, np.zeros(90, int)):
        found = Stacking.fit(voters, true, folds, F1_SAMPLES).vote(voters).probabilities
        assert found[:, 1] == pytest.approx(np.full(90, 0.5 / 91)) and found[:, 2] == pytest.approx(
            np.full(90, 90.5 / 91)
        )
    again = Stacking.from_json(json.loads(json.dumps(Stacking.fit(voters, true, np.arange(90) % 3, AUC).to_json())))
    assert (again.vote(voters).probabilities == found).mean() >= 0.5  # the two labels at least


@pytest.mark.slow
def test_weights_of_several_labels_have_the_least_log_loss():
    voters, true = label_voters(n=400)
    rule = WeightedSoft.fit(voters, true, np.zeros(400, int), LOSS)
    assert rule.weights.sum() == pytest.approx(1) and (rule.weights >= 0).all()

    def loss(weights):
        mixed = np.tensordot(weights, voters.soft, axes=1)
        return np.mean([log_loss(true[:, label], mixed[:, label]) for label in range(4)])

    random = np.random.default_rng(0)
    assert loss(rule.weights) <= min(loss(weights) for weights in random.dirichlet(np.ones(3), 200)) + 1e-6


def plain_greedy(voters, true, score, steps):
    """Every mean made anew; score of an (n, C): greater is better."""
    selected, path = [], []

    def told(members):
        mean = np.mean([voters.soft[m] for m in members], axis=0)
        chance = np.where(true == 1, mean, 1 - mean) if voters.several else mean[np.arange(len(true)), true]
        return round(score(mean), 9), round(np.log(chance).mean(), 9)

    for _ in range(steps):
        tried = [told([*selected, m]) for m in range(len(voters.soft))]
        selected.append(tried.index(max(tried)))
        path.append(max(tried))
    kept = selected[: path.index(max(path)) + 1]
    return [kept.count(m) for m in range(len(voters.soft))]


@pytest.mark.parametrize("seed", range(3))
def test_greedy_selection_is_brute_forces_by_any_metric(seed):
    sets, true = label_voters(m=4, n=50, seed=seed)
    score = {
        "f1_samples": lambda mean: f1_score(true, mean >= 0.5, average="samples", zero_division=0),
        "roc_auc": lambda mean: roc_auc_score(true, mean),
        "log_loss": lambda mean: -np.mean([log_loss(true[:, k], mean[:, k]) for k in range(4)]),
    }
    for name, by in score.items():
        assert select(sets, true, METRICS[name](), steps=6).tolist() == plain_greedy(sets, true, by, 6), name
    random = np.random.default_rng(seed)
    labels = random.integers(4, size=50)
    raw = (0.3 * np.eye(4)[labels] + 0.7 * random.dirichlet(np.ones(4), (4, 1, 50))).astype(np.float32)
    voters = Voters(raw, np.ones(4))
    found = select(voters, labels, LOSS, steps=6).tolist()  # less is better
    assert found == plain_greedy(voters, labels, lambda mean: -log_loss(labels, mean), 6)
    assert select(voters, labels, AUC, steps=6).tolist() == plain_greedy(
        voters, labels, lambda mean: roc_auc_score(labels, mean / mean.sum(axis=1, keepdims=True), multi_class="ovr"), 6
    )


@pytest.mark.parametrize("name", ALL)
def test_every_rule_that_suits_a_task_answers_as_it_is_asked(name):
    images, _, stacked, singles = made(name)
    candidates, left_out = ensemble_candidates(RuleInputs(stacked, singles, SETTINGS))
    names = {one.name for one in candidates}
    assert not left_out and names == (
        ON_SETS
        if name in ("sets", "grades")
        else ON_PROBABILITIES | ({"rank_average"} if name == "sets, AUC" else set())
    )
    empty = images.task.empty(1)
    for one in [*singles, *candidates]:
        assert one.oof.keys() == one.holdout.keys() == {"clean", "test_like"}
        for answers, n in ((one.oof["clean"], 80), (one.test, 30), (one.holdout["test_like"], 12)):
            assert answers.shape == (n, *empty.shape[1:])
            assert (answers.dtype.kind == "f") == (empty.dtype.kind == "f")
        assert one.test[images.test_ids.index(UNREAD)].tolist() == pytest.approx(np.asarray(images.fallback).tolist())
        assert images.score(one.oof["test_like"]) == pytest.approx(
            images.metric(images.y_true, one.oof["test_like"], len(TARGETS))
        )
        if name.endswith("log loss"):
            assert images.score(one.oof["test_like"]) < LOSS.chance(4, images.task.several)
    answers = images.task.form.read(pd.DataFrame(images.task.form.cells(candidates[0].test), dtype=str))
    if images.task.answers_are_labels:
        assert answers.tolist() == candidates[0].test.tolist()


@pytest.mark.slow
def test_labels_of_a_slice_do_not_change_what_is_fitted_for_it():
    task = made_task(TARGETS, labels="multi", answer="probabilities", metric="roc_auc")
    images = made_images(task=task)
    members = made_members(images)
    here = images.slices == 2
    seen = images.seen.copy()
    seen.loc[here, "target"] = np.roll(seen.loc[here, "target"].to_numpy(), 1)
    twice = []
    for these in (images, replace(images, seen=seen)):
        candidates, _ = ensemble_candidates(RuleInputs(stack_predictions(members, these), [], SETTINGS))
        twice.append({one.name: one.oof["test_like"] for one in candidates})
    assert twice[0].keys() == ON_PROBABILITIES | {"rank_average"}
    for name, answers in twice[0].items():
        assert (answers[here] == twice[1][name][here]).all(), name
        assert (answers[~here] != twice[1][name][~here]).any(), name


# lower is better


def shares(y_true, right, seed):
    """Probabilities (N, 4) that are right so often."""
    random = np.random.default_rng(seed)
    told = np.where(random.random(len(y_true)) < right, y_true, random.integers(4, size=len(y_true)))
    return np.where(np.eye(4)[told] == 1, 0.85, 0.05)


def loss_candidates(images):
    """Candidates a (poor), b (best), c (alike), and an ensemble that is no better than b."""
    y_true = images.y_true
    told = {"a": shares(y_true, 0.3, 1), "b": shares(y_true, 0.9, 2), "c": shares(y_true, 0.6, 3)}
    told["soft"] = 0.98 * told["b"] + 0.02 * 0.25

    def of(name, answers):
        return Candidate(name, (name,) if name != "soft" else ("a", "b"), {"clean": answers, "test_like": answers},
                         answers[:5], {}, answers, rule=RULES[name] if name == "soft" else None)  # fmt: skip

    return [of(name, answers) for name, answers in told.items()]


def test_of_log_loss_the_lowest_is_the_best_everywhere():
    images = made_images(n=300, task=made_task(TARGETS, **TASKS["log loss"]))
    candidates = loss_candidates(images)
    costs = {"a": 1.0, "b": 2.0, "c": 3.0}
    found = decide(candidates, costs, images, SETTINGS)
    scores = {one.name: log_loss(images.y_true, one.oof["test_like"], labels=range(4)) for one in candidates}
    assert [one.name for one in found.compared] == ["a", "b", "c", "soft"]
    assert {one.name: pytest.approx(one.score) for one in found.compared} == scores
    assert found.best == min(scores, key=scores.get) == "b" == found.chosen
    assert found.why == "the best of 4 candidates"
    assert all(one.difference >= 0 for one in found.compared) and set(found.per_fold.values()) == {"b"}
    assert (found.nested["test_like"] == candidates[1].oof["test_like"]).all()
    assert best_single(candidates, images).name == "b"
    assert best_first([one.oof["test_like"] for one in candidates], images.y_true, 4, LOSS).tolist()[0] == 1
    ranked = best_singles([one.oof for one in candidates[:3]], list("abc"), images.y_true, 4, LOSS, 2)
    assert ranked == [1, 2]
    board = compare([one.submission() for one in candidates], images.y_true, images.folds, 4, LOSS, SETTINGS,
                    {one.name: (0, 0) for one in candidates}, {})  # fmt: skip
    assert board["submission"][0] == "b" and board["test_like"].is_monotonic_increasing
    assert [one.name for one in by_simplicity(candidates, costs)] == ["a", "b", "c", "soft"]


# the specialist


def test_the_specialist_is_chosen_by_log_loss():
    true, folds, targets, hard = np.arange(600) % 4, np.arange(600) // 4 % 5, tuple("abcd"), ("a", "b")
    labels = np.array(targets)[true]

    def noisy(skill, seed, of=targets):
        random = np.random.default_rng(seed)
        lean = np.array([[float(targets[label] == target) for target in of] for label in true])
        lean = np.where(lean.sum(axis=1, keepdims=True) > 0, lean, 1 / len(of))
        values = skill * lean + (1 - skill) * random.dirichlet(np.full(len(of), 2.0), 600)
        return Predictions([f"i{row}" for row in range(600)], values, of)

    base, good, poor = noisy(0.3, 0), noisy(0.8, 1, hard), noisy(0.0, 2, hard)
    choice = choose(base, good, labels, folds, hard, LOSS)
    smoothed = Smoothed(1 / 602, several=False)
    replaced = smoothed.answers(replace_hard(base, good, hard).probabilities)
    assert choice.scores["out"] == pytest.approx(log_loss(true, smoothed.answers(base.probabilities)))
    assert choice.scores["replace"] == pytest.approx(log_loss(true, replaced))
    assert choice.mode != "out" and choice.scores["nested"] < choice.scores["out"] - choice.scores["noise"]
    assert choice.scores["gain"] == pytest.approx(
        min(choice.scores["replace"], choice.scores["blend"]) - choice.scores["out"], abs=1e-3
    )
    assert choice.scores["gain"] < 0 < choice.scores["noise"]
    assert choice.scores["hard_nested"] > choice.scores["hard_out"]  # F1 of the hard classes
    left = choose(base, poor, labels, folds, hard, LOSS)
    assert left.mode == "out" and left.scores["replace"] > left.scores["out"] and "left out" in left.note

    seen = pd.DataFrame({"ID": base.ids, "target": labels, "fold": folds, "group": base.ids})
    images = replace(
        made_images(n=4, holdout=0, task=made_task(targets, decision="smoothed", **TASKS["log loss"])),
        seen=seen,
        test_ids=("t",),
    )

    def parts(whole):
        test = Predictions(["t"], whole.probabilities[:1], whole.targets)
        per_fold = [whole.select(whole.ids[folds == k].tolist()) for k in range(5)]
        return [{"clean": own, "test_like": own, "test": test} for own in per_fold]

    candidate = specialist_candidate("lite0", parts(base), parts(good), choice, images, SETTINGS)
    assert images.score(candidate.oof["test_like"]) == pytest.approx(choice.scores["nested"], abs=1e-3)
    assert candidate.oof["clean"].shape == (600, 4) and candidate.oof_without(0)["clean"].shape == (600, 4)


# what is written


@pytest.mark.parametrize("name", ALL)
def test_every_vote_is_saved_and_answers_again(name, tmp_path):
    images, members, stacked, singles = made(name)
    ensembles, _ = ensemble_candidates(RuleInputs(stacked, singles, SETTINGS))
    candidates = [*singles, *ensembles]
    settings = Settings.model_validate(
        {"split": {"folds": [0, 1, 2, 3]}, "task": TASKS[name], "specialize": {"base": []}}
    )
    write_final_vote(tmp_path / "final_vote.json", candidates[-1], candidates, stacked, np.eye(8)[0], {}, settings)
    final = read_final_vote(tmp_path)
    assert final.task.settings == settings.task and final.chosen == candidates[-1].name
    assert final.targets == TARGETS and final.task.form.columns == images.task.form.columns
    ids = [id_ for id_ in images.test_ids if id_ != UNREAD]
    rows = [images.test_ids.index(id_) for id_ in ids]
    for one in candidates:
        asked = {part: [fold["test"].select(ids) for fold in members[part]] for part in one.parts}
        for vote in (one.vote, final.vote(one.name)):
            voted = vote.predict(asked)
            np.testing.assert_allclose(voted.answers, one.test[rows], atol=1e-6)
            if images.task.answers_are_labels:
                assert voted.answers.tolist() == one.test[rows].tolist()
            assert voted.predictions.exclusive != images.task.several
            assert voted.confidence.shape == (29,) and (voted.confidence <= 1 + 1e-6).all()
        curve = final.curves[one.name]
        right = images.task.labels_of(one.oof["test_like"]) == images.y_true
        right = right if right.ndim == 1 else right.all(axis=1)
        assert curve.images == 80 and curve.steps[0][2] <= 80
        threshold = curve.threshold(0.01)
        assert right[one.confidence >= threshold.value].mean() == pytest.approx(threshold.precision)


@pytest.mark.parametrize("name", ["sets", "sets, AUC", "log loss"])
def test_facts_of_any_task(name):
    images, _, stacked, singles = made(name)
    chosen = max(singles, key=lambda one: images.metric.sign * images.score(one.oof["test_like"]))
    found = expected_score(chosen, stacked, [0, 1, 2, 3], SETTINGS, {})
    assert found["low"] <= found["value"] <= found["high"] and 1 <= found["effective_images"] <= 80
    assert best_single(singles, images) is chosen
    scores = scores_of(chosen.oof, images, SETTINGS)
    assert scores["clean"]["low"] <= scores["clean"]["value"] <= scores["clean"]["high"]
    assert metrics_of({"score": scores | {"expected": None}}) == {view: scores[view]["value"] for view in scores}
    told = calibration(chosen, stacked)
    assert [row["member"] for row in told["members"]] == ["a", "b", "c"]
    assert all(0 <= row["after"] <= 1 for row in [*told["members"], told["chosen"]])


def test_the_score_of_a_harder_test_set_is_expected_lower_of_several_labels():
    """Labels are right as often as they are sure, in both sets; then the weighted score is the test set's."""
    random = np.random.default_rng(3)

    def answered(n, shape):
        confidence = 0.5 + 0.5 * random.beta(*shape, size=(n, 1)) * np.ones((1, 4))
        told = random.random((n, 4)) < 0.4
        true = np.where(random.random((n, 4)) < confidence, told, ~told).astype(np.uint8)
        return true, told.astype(np.uint8), np.where(told, confidence, 1 - confidence)

    seen, test = answered(3000, (2, 2)), answered(3000, (1, 3))
    scored, told = F1_SAMPLES(*seen[:2], 4), F1_SAMPLES(*test[:2], 4)
    weights = shift_weights(seen[2], test[2], several=True)
    assert scored - told > 0.1 and weights.mean() == pytest.approx(1)
    assert F1_SAMPLES(*seen[:2], 4, weights) == pytest.approx(told, abs=0.03)
    alike = shift_weights(seen[2], np.repeat(seen[2], 2, axis=0), several=True)
    assert alike == pytest.approx(np.ones(3000), abs=1e-3)
    sharp = expit(np.linspace(-40, 40, 200))[:, None] * np.ones((1, 4))  # 0 and 1 among them
    assert np.isfinite(shift_weights(sharp, sharp[:7], several=True)).all()


def test_a_weak_member_is_left_out_by_what_is_fitted_to_several_labels():
    images = made_images(n=400, task=made_task(TARGETS, **TASKS["sets, log loss"]))
    members = {"good": made_member(images, 0.5, 1), "noise": made_member(images, 0.0, 2)}
    stacked = stack_predictions(members, images)
    for name in ("greedy", "weighted_soft"):
        one = RULES[name].candidate(name, RuleInputs(stacked, [], SETTINGS))
        assert one.fitted.get("weights", {}).get("good", 0) > 0.9 or one.parts == ("good",)
