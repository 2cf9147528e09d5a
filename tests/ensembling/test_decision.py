"""Decision rules: each where it has to gain, each where it has to be left out, nested, and saved."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from makers.tasks import made_task
from sklearn.metrics import cohen_kappa_score, f1_score, log_loss

from competition.ensembling.decision import Decision, decide_answers
from competition.ensembling.decisions import DECISIONS
from competition.ensembling.decisions.calibrated import Calibrated
from competition.ensembling.decisions.class_offsets import ClassOffsets
from competition.ensembling.decisions.cut_points import CutPoints
from competition.ensembling.decisions.label_thresholds import LabelThresholds
from competition.ensembling.decisions.threshold import Threshold
from competition.ensembling.images import Images
from competition.metrics.make import make_metric
from competition.metrics.scores import METRICS
from competition.settings.ensemble import EnsembleSettings

SETTINGS = EnsembleSettings(resamples=200)
SINGLE = {}
GRADES = {"labels": "ordinal", "metric": "quadratic_weighted_kappa"}
SETS = {"labels": "multi", "answer": "label_list", "metric": "f1_samples"}
LOSS = {"answer": "probabilities", "metric": "log_loss"}
SEVERAL = {"labels": "multi", "answer": "probabilities", "metric": "log_loss"}
TASKS = {
    "class_offsets": SINGLE,
    "cut_points": GRADES,
    "threshold": SETS,
    "label_thresholds": SETS,
    "calibrated": LOSS,
    "smoothed": LOSS,
    "calibrated_grade": GRADES,
}


def images_of(y_true, task) -> Images:
    """N images in five folds, each a group of its own."""
    made = made_task("abcde"[: task.pop("classes", 4)], **task)
    ids = [f"{number:05d}" for number in range(len(y_true))]
    folds = np.arange(len(ids)) % 5
    seen = pd.DataFrame({"ID": ids, "target": made.decode(y_true), "fold": folds, "group": ids})
    return Images(seen, seen.iloc[:0], (), made, make_metric(made.settings))


def decided(y_true, probabilities, task, clean=None):
    """(images, decision, answers out of fold)."""
    images = images_of(y_true, dict(task))
    both = {"test_like": probabilities, "clean": probabilities if clean is None else clean}
    return images, *decide_answers(both, images, SETTINGS)


def softmax(logits):
    values = np.exp(logits - logits.max(axis=1, keepdims=True))
    return values / values.sum(axis=1, keepdims=True)


def sure_of(y_true, skill, seed, classes=4, temperature=1.0):
    """Probabilities (N, C) that tell as much of `y_true` as `skill` says, and are as sure of it as `temperature`."""
    noise = np.random.default_rng(seed).normal(size=(len(y_true), classes))
    return softmax((skill**2 * np.eye(classes)[y_true] + skill * noise) / temperature)


def rare_classes(n, seed=0):
    """Two classes of 2 and 8 in a hundred, and what a calibrated network says."""
    random = np.random.default_rng(seed)
    shares = np.array([0.6, 0.3, 0.08, 0.02])
    y_true = random.choice(4, n, p=shares)
    evidence = 1.6**2 * np.eye(4)[y_true] + 1.6 * random.normal(size=(n, 4))
    return y_true, softmax(evidence + np.log(shares))


def sets_of(n=2000, seed=0, shrink=(1.0, 1.0, 1.0, 1.0)):
    """Sets of labels by their probabilities, of which a network says `shrink` of each."""
    random = np.random.default_rng(seed)
    chances = random.beta(0.5, 1.5, (n, 4))
    return (random.random((n, 4)) < chances).astype(np.uint8), chances * np.array(shrink)


def grades_of(n=2000, seed=0, pull=0.0, skill=0.55):
    """Grades, and probabilities that lie `pull` of the way nearer to the middle one than they should."""
    random = np.random.default_rng(seed)
    y_true = random.choice(5, n, p=[0.3, 0.25, 0.2, 0.15, 0.1])
    seen = y_true + skill * random.normal(size=n)
    logits = -((np.arange(5) - seen[:, None]) ** 2) / (2 * skill**2) + np.log([0.3, 0.25, 0.2, 0.15, 0.1])
    return y_true, (1 - pull) * softmax(logits) + pull * np.array([0, 0, 1, 0, 0])


# where a rule has to gain


@pytest.mark.slow
def test_rare_classes_gain_by_offsets():
    y_true, probabilities = rare_classes(10_000)
    images, decision, answers = decided(y_true, probabilities, SINGLE)
    plain, found = (
        f1_score(y_true, one, average="macro") for one in (probabilities.argmax(axis=1), answers["test_like"])
    )
    assert decision.name == "class_offsets" and decision.rule.offsets[3] > 0
    assert decision.gain == pytest.approx(found - plain) and found - plain > 0.02 and decision.gain > decision.noise > 0
    assert decision.note == f"class_offsets {decision.gain:+.4f}"
    assert images.score(answers["test_like"]) == pytest.approx(found)
    # and images that nobody has seen: about as much
    new, told = rare_classes(n=20_000, seed=9)
    gained = f1_score(new, decision.answers(told), average="macro") - f1_score(
        new, told.argmax(axis=1), average="macro"
    )
    assert gained == pytest.approx(decision.gain, abs=4 * decision.noise) and gained > 0.005


@pytest.mark.parametrize("metric", ["f1_samples", "f1_micro", "f1_macro"])
def test_labels_that_are_said_too_quietly_gain_by_a_threshold(metric):
    y_true, probabilities = sets_of(shrink=(0.6,) * 4)
    _, decision, answers = decided(y_true, probabilities, SETS | {"metric": metric})
    assert decision.name in ("threshold", "label_thresholds")
    assert np.max(getattr(decision.rule, "values", getattr(decision.rule, "value", None))) <= 0.4
    average = metric.removeprefix("f1_")
    before, after = (
        f1_score(y_true, one, average=average, zero_division=np.nan if average == "macro" else 0)
        for one in (probabilities >= 0.5, answers["test_like"])
    )
    assert after > before + 0.05 and decision.gain == pytest.approx(after - before)


def test_labels_that_differ_gain_by_a_threshold_each():
    y_true, probabilities = sets_of(n=4000, shrink=(1.0, 0.3, 1.0, 0.3))
    _, decision, _ = decided(y_true, probabilities, SETS | {"metric": "f1_micro"})
    assert decision.name == "label_thresholds"
    quiet, loud = decision.rule.values[[1, 3]], decision.rule.values[[0, 2]]
    assert quiet.max() < loud.min() and decision.rule.answers(probabilities).dtype == np.uint8


def test_grades_that_are_pulled_to_the_middle_gain_by_cut_points():
    y_true, probabilities = grades_of(pull=0.5)
    _, decision, answers = decided(y_true, probabilities, GRADES | {"classes": 5})
    expected = np.floor(probabilities @ np.arange(5) + 0.5).astype(int)
    before, after = (cohen_kappa_score(y_true, one, weights="quadratic") for one in (expected, answers["test_like"]))
    assert decision.name == "cut_points" and (np.diff(decision.rule.cuts) > 0).all()
    # calibrated grades, which it has to beat, are better than the expected ones
    assert 0 < decision.gain < after - before and after > before + 0.02


def test_grades_whose_mean_is_none_of_them_are_right_once_they_are_calibrated():
    """A network that knows the grade or an opposite one: what lies between them is never right."""
    random = np.random.default_rng(0)
    y_true = random.integers(5, size=1500)
    opposite = (y_true + 2 + random.integers(2, size=1500)) % 5
    probabilities = 0.6 * np.eye(5)[y_true] + 0.4 * np.eye(5)[opposite]
    _, decision, answers = decided(y_true, probabilities, GRADES | {"classes": 5})
    assert decision.name == "calibrated_grade" and decision.rule.temperature < 0.2
    assert (answers["test_like"] == y_true).all()


@pytest.mark.parametrize("several", [False, True])
def test_probabilities_that_are_too_sure_gain_by_calibration(several):
    if several:
        y_true, chances = sets_of()
        probabilities = chances**3 / (chances**3 + (1 - chances) ** 3)
    else:
        y_true = np.random.default_rng(0).integers(4, size=1500)
        probabilities = sure_of(y_true, 1.5, 1, temperature=0.33)
    _, decision, answers = decided(y_true, probabilities, SEVERAL if several else LOSS)
    assert decision.name == "calibrated" and decision.rule.temperature == pytest.approx(3, rel=0.1)
    assert decision.gain > decision.noise > 0
    assert decision.note == f"calibrated {-decision.gain:+.4f}"  # log loss falls by it
    found, even = answers["test_like"], 0.5 if several else 0.25
    share = 1 / (0.9 * len(y_true) + 2)  # what calibration has to beat is never sure either
    probabilities = (1 - share) * probabilities + share * even
    if several:
        after = np.mean([log_loss(y_true[:, k], found[:, k]) for k in range(4)])
        before = np.mean([log_loss(y_true[:, k], probabilities[:, k]) for k in range(4)])
    else:
        assert found.sum(axis=1) == pytest.approx(np.ones(1500), abs=1e-9)
        before, after = log_loss(y_true, probabilities), log_loss(y_true, found)
    assert before - after == pytest.approx(decision.gain, rel=1e-3) and before - after > 0.02


def test_no_sure_mistake_costs_34():
    """A network that is right 99 times and sure each time, also the hundredth."""
    y_true = np.arange(1000) % 4
    answers = np.where(np.arange(1000) % 100 == 7, (y_true + 1) % 4, y_true)
    probabilities = np.eye(4)[answers]
    _, decision, found = decided(y_true, probabilities, LOSS)
    assert decision.name in ("smoothed", "calibrated") and log_loss(y_true, found["test_like"]) < 0.1
    sure = decision.answers(np.array([[1.0, 0, 0, 0]]))
    assert sure.min() >= decision.rule.share / 4 > 0 and sure.sum() == pytest.approx(1)
    # never surer than n right answers allow, whatever was tried
    right = Calibrated.fit(np.eye(4)[y_true], y_true, METRICS["log_loss"]())
    assert right.share >= 1 / 1002 and -np.log(right.answers(np.eye(4)[[0]])[0, 1]) < np.log(4 * 1002) + 1e-9


# where it has to be left out


def test_what_needs_no_rule_gets_none():
    balanced = np.random.default_rng(0).integers(4, size=1500)
    sets, chances = sets_of()
    grades, told = grades_of()
    cases = {
        "class_offsets": (balanced, sure_of(balanced, 1.5, 1), SINGLE),
        "threshold": (sets, chances, SETS | {"metric": "accuracy"}),
        "cut_points": (grades, told, GRADES | {"classes": 5}),
        "calibrated": (balanced, sure_of(balanced, 1.5, 1), LOSS),
        "calibrated of several": (sets, chances, SEVERAL),
    }
    for name, (y_true, probabilities, task) in cases.items():
        images, decision, answers = decided(y_true, probabilities, task)
        assert decision.name == images.metric.base_decision and decision.note == "", name
        if decision.name == "smoothed":  # by 1 / (n + 2), with the n of the slices that aren't answered, and of all
            expected = decision.answers(probabilities)
            assert abs(answers["test_like"] - expected).max() < 1e-3 and 0 < expected.min() and expected.max() < 1, name
            continue
        expected = images.metric.plain(probabilities, images.task.several)
        assert (answers["test_like"] == expected).all() and (answers["clean"] == expected).all(), name


def test_metrics_without_rules_and_plain_take_the_answers_as_they_are():
    y_true, probabilities = rare_classes(300)
    for task in (
        {"metric": "accuracy"},
        {"decision": "plain"},
        {"answer": "probabilities", "metric": "roc_auc"},
        {"answer": "ranked", "metric": "map_at_5"},
        LOSS | {"decision": "plain"},
    ):
        images, decision, answers = decided(y_true, probabilities, task)
        assert decision.name == "plain" and (decision.gain, decision.noise) == (0, 0)
        assert (answers["test_like"] == images.metric.plain(probabilities, False)).all()


@pytest.mark.parametrize("name", ["class_offsets", "threshold", "cut_points", "calibrated"])
def test_rules_fitted_on_noise_gain_nothing(name):
    """Probabilities that know nothing of the labels: what is gained on them is left out of what is reported."""
    gains, inside = [], []
    for seed in range(12):
        random = np.random.default_rng(seed)
        task = dict(TASKS[name])
        if name == "threshold":  # half of the images have each label, so no threshold is better than another
            y_true, probabilities = random.integers(2, size=(300, 4), dtype=np.uint8), random.beta(9, 9, (300, 4))
            task["metric"] = "accuracy"
        else:
            y_true = random.integers(4, size=300)
            probabilities = softmax(0.05 * random.normal(size=(300, 4)))
        images, decision, answers = decided(y_true, probabilities, task | {"decision": name})
        plain = images.plain(probabilities)
        sign = images.metric.sign
        gains.append(sign * (images.score(answers["test_like"]) - images.score(plain)))
        inside.append(sign * (images.score(decision.answers(probabilities)) - images.score(plain)))
        assert decision.name == name and decision.gain == pytest.approx(gains[-1])  # since it was named
    assert np.mean(inside) >= 0 and np.mean(gains) < np.mean(inside) + 1e-9  # fitted, it looks better than it is
    assert np.mean(gains) <= 2 * np.std(gains) / np.sqrt(len(gains)) + 1e-6


@pytest.mark.parametrize("name", sorted(TASKS))
def test_each_slice_is_decided_by_the_others(name):
    y_true, probabilities = sets_of(300) if TASKS[name] is SETS else rare_classes(300)
    clean = np.roll(probabilities, 1, axis=0)
    images, decision, answers = decided(y_true, probabilities, TASKS[name] | {"decision": name}, clean)
    for part in np.unique(images.slices):
        here = images.slices == part
        rule = DECISIONS[name].fit(probabilities[~here], images.y_true[~here], images.metric)
        assert (answers["test_like"][here] == rule.answers(probabilities[here])).all()
        assert (answers["clean"][here] == rule.answers(clean[here])).all()  # fitted as test images are
    whole = DECISIONS[name].fit(probabilities, images.y_true, images.metric)
    assert (decision.answers(clean) == whole.answers(clean)).all()
    # another label of an image changes nothing of its own slice
    here = images.slices == images.slices[0]
    seen = images.seen.copy()
    seen.loc[here, "target"] = np.roll(seen.loc[here, "target"].to_numpy(), 1)
    again = decide_answers({"test_like": probabilities, "clean": clean}, replace(images, seen=seen), SETTINGS)[1]
    assert all((again[view][here] == answers[view][here]).all() for view in answers)


# each by itself


def test_offsets_by_hand():
    """Of two images of b one is given to a, by a little; b needs 0.25 more."""
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.55, 0.45], [0.1, 0.9]])
    rule = ClassOffsets.fit(probabilities, np.array([0, 0, 1, 1]), METRICS["f1_macro"]())
    assert rule.answers(probabilities).tolist() == [0, 0, 1, 1]
    assert rule.offsets.tolist() == [-0.25, 0]  # the first class first, and the smallest step that does it
    same = ClassOffsets.fit(probabilities, np.array([0, 0, 0, 1]), METRICS["f1_macro"]())
    assert same.offsets.tolist() == [0, 0]  # nothing to gain


def test_offsets_survive_probabilities_of_0():
    rule = ClassOffsets(np.array([0.0, 2.0, 0.0]))
    assert rule.answers(np.array([[1.0, 0, 0], [0, 1, 0], [0.4, 0.3, 0.3]], np.float32)).tolist() == [0, 1, 1]


def test_a_threshold_is_the_best_of_a_grid_and_of_equals_the_nearest_to_a_half():
    y_true, probabilities = sets_of(500)
    metric = METRICS["f1_samples"]()
    grid = {value / 20: metric(y_true, (probabilities >= value / 20).astype(np.uint8), 4) for value in range(1, 20)}
    found = Threshold.fit(probabilities, y_true, metric).value
    assert grid[found] == max(grid.values())
    clear = np.where(y_true == 1, 0.95, 0.0)
    assert Threshold.fit(clear, y_true, metric).value == 0.5
    each = LabelThresholds.fit(probabilities, y_true, metric)
    assert metric(y_true, each.answers(probabilities), 4) >= grid[found]
    assert LabelThresholds.fit(clear, y_true, metric).values.tolist() == [0.5] * 4


def test_grades_by_hand():
    probabilities = np.array([[0.5, 0.5, 0], [0.2, 0.3, 0.5], [0, 0, 1], [0.25, 0, 0.75]])
    kappa = METRICS["quadratic_weighted_kappa"]()
    assert kappa.plain(probabilities, False).tolist() == [1, 1, 2, 2]  # 0.5, 1.3, 2, 1.5: halves upwards
    assert CutPoints(np.array([0.4, 1.2])).answers(probabilities).tolist() == [1, 2, 2, 2]
    assert CutPoints(np.array([0.5, 1.5])).answers(probabilities).tolist() == [1, 1, 2, 2]  # at a cut: the upper grade
    found = CutPoints.fit(probabilities, np.array([0, 2, 2, 2]), kappa)
    assert found.answers(probabilities).tolist() == [0, 2, 2, 2]


def test_calibration_keeps_the_order_and_the_likeliest():
    y_true = np.random.default_rng(0).integers(4, size=800)
    probabilities = sure_of(y_true, 1.2, 3, temperature=0.4)
    rule = Calibrated.fit(probabilities, y_true, METRICS["log_loss"]())
    found = rule.answers(probabilities)
    assert (found.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert (found > 0).all() and (found < 1).all()


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_decision_is_saved_in_json(name):
    y_true, probabilities = sets_of(300) if TASKS[name] is SETS else rare_classes(300)
    images, decision, _ = decided(y_true, probabilities, TASKS[name] | {"decision": name})
    saved = json.loads(json.dumps(decision.to_json()))
    loaded = Decision.from_json(saved, images.metric, images.task.several)
    new = np.random.default_rng(5).dirichlet(np.ones(4), 500).astype(np.float32)
    assert loaded.answers(new).tobytes() == decision.answers(new).tobytes()
    assert (loaded.name, type(loaded.rule)) == (name, DECISIONS[name]) and loaded.to_json() == decision.to_json()
    plain = Decision(images.metric, images.task.several)
    again = Decision.from_json(json.loads(json.dumps(plain.to_json())), images.metric, images.task.several)
    assert again.rule is None and (again.answers(new) == plain.answers(new)).all()


def test_every_rule_is_tested_here():
    assert {*TASKS} == {*DECISIONS.names()}
