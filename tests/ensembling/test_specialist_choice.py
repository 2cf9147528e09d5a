"""Where a specialist is asked, how its word is blended in, and whether it is listened to at all."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers.metrics import F1
from makers.tasks import made_task
from sklearn.metrics import f1_score

from competition.data.predictions import Predictions
from competition.ensembling.candidates import specialist_candidate
from competition.ensembling.decisions.smoothed import Smoothed
from competition.ensembling.images import Images
from competition.ensembling.specialist_choice import BLENDS, choose
from competition.ensembling.specialist_votes import asked, asked_rows, replace_hard
from competition.metrics.scores import METRICS
from competition.settings.ensemble import EnsembleSettings

TARGETS = ("a", "b", "c", "d")
HARD = ("a", "b")


def made_up(n, seed, targets=TARGETS, prefix="i"):
    values = np.random.default_rng(seed).dirichlet(np.full(len(targets), 0.5), n)
    return Predictions([f"{prefix}{row}" for row in range(n)], values, targets)


def noisy(y_true, skill, seed, targets=TARGETS):
    """Predictions that lean towards the true class (indices) by `skill`; a class of another set leaves noise alone."""
    noise = np.random.default_rng(seed).dirichlet(np.full(len(targets), 0.7), len(y_true))
    lean = np.array([[float(TARGETS[label] == target) for target in targets] for label in y_true])
    lean = np.where(lean.sum(axis=1, keepdims=True) > 0, lean, 1 / len(targets))
    return Predictions([f"i{row}" for row in range(len(y_true))], skill * lean + (1 - skill) * noise, targets)


def test_asked_by_the_answer_or_by_the_two_likeliest():
    # c and d alike, before a: never
    rows = [
        [0.6, 0.1, 0.2, 0.1],  # a is hard: always
        [0.1, 0.3, 0.6, 0.0],  # c, then b: top2
        [0.1, 0.1, 0.4, 0.4],  # c, then d: never
        [0.0, 0.0, 1.0, 0.0],  # c, and the second, a, is impossible: never
        [0.3, 0.2, 0.3, 0.2],  # a and c alike: the first, a
        [0.2, 0.0, 0.4, 0.4],
    ]
    base = Predictions([str(n) for n in range(6)], rows, TARGETS)
    assert asked_rows(base, HARD).tolist() == [0, 4]
    assert asked_rows(base, HARD, "top2").tolist() == [0, 1, 4]
    assert asked_rows(base, ("d",), "top2").tolist() == [2, 5]


def test_the_specialist_is_asked_about_the_same_rows_while_training():
    folds = [
        {"clean": made_up(9, k), "test_like": made_up(9, k + 10), "test": made_up(20, k + 20, prefix="t")}
        for k in range(3)
    ]
    mean = np.mean([fold["test"].probabilities for fold in folds], axis=0)
    for asks, depth in (("answer", 1), ("top2", 2)):
        found = asked(folds, 1, HARD, asks)
        probabilities = {view: folds[1][view].probabilities for view in ("clean", "test_like")} | {"test": mean}
        for view, values in probabilities.items():
            likeliest = [sorted(range(4), key=lambda column, row=row: -row[column])[:depth] for row in values]
            assert found[view].tolist() == [n for n, columns in enumerate(likeliest) if {0, 1} & {*columns}]


def test_a_blend_by_hand():
    base = Predictions(["x", "y"], [[0.5, 0.1, 0.3, 0.1], [0.2, 0.2, 0.5, 0.1]], TARGETS)
    specialist = Predictions(["x", "y"], [[0.25, 0.75], [1.0, 0.0]], HARD)
    blended = replace_hard(base, specialist, HARD, weight=0.5)
    # x: 0.6 of hard mass, the base's shares 5/6 and 1/6, the specialist's 1/4 and 3/4: in the mean 13/24 and 11/24
    np.testing.assert_allclose(blended.probabilities[0], [0.6 * 13 / 24, 0.6 * 11 / 24, 0.3, 0.1], atol=1e-6)
    assert (blended.probabilities[1] == base.probabilities[1]).all()  # answered with the easy c: not asked
    both = replace_hard(base, specialist, HARD, "top2", 0.5)
    # y: 0.4 of hard mass, (1/2 + 1) / 2 and (1/2 + 0) / 2 of it
    np.testing.assert_allclose(both.probabilities, [blended.probabilities[0], [0.3, 0.1, 0.5, 0.1]], atol=1e-6)


def test_top2_may_change_an_easy_answer_into_a_hard_one():
    base = Predictions(["x", "y"], [[0.3, 0.25, 0.45, 0.0], [0.2, 0.1, 0.45, 0.25]], TARGETS)
    specialist = Predictions(["x"], [[0.1, 0.9]], HARD)  # nothing about y: its second is d
    changed = replace_hard(base, specialist, HARD, "top2")
    assert changed.answers.tolist() == ["b", "c"] and base.answers.tolist() == ["c", "c"]
    np.testing.assert_allclose(changed.probabilities[0], [0.055, 0.495, 0.45, 0], atol=1e-6)  # b: 0.9 of 0.55
    # b: (0.9 * 0.25 + 0.1 * 0.495) < 0.45
    assert replace_hard(base, specialist, HARD, "top2", 0.1).answers.tolist() == ["c", "c"]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), weight=st.floats(0, 1), asks=st.sampled_from(["answer", "top2"]))
def test_what_every_blend_keeps(seed, weight, asks):
    base, specialist = made_up(12, seed), made_up(12, seed + 1, ("b", "a"))
    blended = replace_hard(base, specialist, HARD, asks, weight)
    others = np.setdiff1d(np.arange(12), asked_rows(base, HARD, asks))
    assert (blended.probabilities[others] == base.probabilities[others]).all()
    was_hard = np.isin(base.answers, HARD)
    assert np.isin(blended.answers[was_hard], HARD).all()
    own, found = (part.probabilities[:, :2].sum(axis=1) for part in (base, blended))
    assert (found >= own - 1e-5).all() and np.allclose(found[~was_hard], own[~was_hard], atol=1e-5)
    none = replace_hard(base, specialist, HARD, asks, 0)
    assert (none.probabilities == base.probabilities).all()


def test_what_is_no_weight_or_nobody_to_ask_is_refused():
    base, specialist = made_up(3, 0), made_up(3, 1, HARD)
    for wrong in ({"weight": 1.1}, {"weight": -0.1}, {"asks": "top3"}):
        with pytest.raises(ValueError, match="weight from 0 to 1"):
            replace_hard(base, specialist, HARD, **wrong)


TRUE = np.arange(600) % 4
FOLDS = np.arange(600) // 4 % 5
LABELS = np.array(TARGETS)[TRUE]


def named(answers):
    return np.array(TARGETS)[answers]


def f1(answers, rows=slice(None)):
    return f1_score(LABELS[rows], answers[rows], average="macro")


def test_a_good_specialist_replaces_and_a_poor_one_is_left_out():
    base = noisy(TRUE, 0.25, 0)
    good = choose(base, noisy(TRUE, 0.9, 1, HARD), LABELS, FOLDS, HARD, F1)
    assert (good.mode, good.weight, set(good.per_fold.values())) == ("replace", 1.0, {1.0})
    replaced = replace_hard(base, noisy(TRUE, 0.9, 1, HARD), HARD).answers
    assert good.scores["out"] == pytest.approx(f1(base.answers))
    assert good.scores["nested"] == good.scores["replace"] == pytest.approx(f1(replaced))
    assert (
        good.scores["gain"] == pytest.approx(f1(replaced) - f1(base.answers))
        and good.scores["gain"] > good.scores["noise"] > 0
    )
    for key, answers in (("hard_out", base.answers), ("hard_nested", replaced)):
        assert good.scores[key] == pytest.approx(f1_score(LABELS, answers, labels=list(HARD), average="macro"))
    assert good.note == (
        f"specialist on a, b: replaces, {good.scores['out']:.4f} to {good.scores['nested']:.4f}, "
        f"noise {good.scores['noise']:.4f}"
    )
    poor = choose(base, noisy(TRUE, 0.0, 2, HARD), LABELS, FOLDS, HARD, F1)
    assert (poor.mode, poor.weight) == ("out", 0.0) and "left out" in poor.note
    assert poor.scores["replace"] < poor.scores["out"]


def test_two_who_err_apart_are_blended():
    base, specialist = noisy(TRUE, 0.35, 3), noisy(TRUE, 0.35, 4, HARD)
    choice = choose(base, specialist, LABELS, FOLDS, HARD, F1)
    assert choice.mode == "blend" and 0.2 <= choice.weight <= 0.8
    assert choice.scores["blend"] == pytest.approx(
        max(f1(replace_hard(base, specialist, HARD, weight=w).answers) for w in BLENDS)
    )
    assert choice.scores["blend"] > choice.scores["replace"] and f"weight {choice.weight:g}" in choice.note


def test_who_says_the_same_is_left_out_and_a_mode_that_was_set_is_kept():
    base = noisy(TRUE, 0.25, 0)
    assert choose(base, base, LABELS, FOLDS, HARD, F1).mode == "out"
    poor = noisy(TRUE, 0.0, 2, HARD)
    replaced = choose(base, poor, LABELS, FOLDS, HARD, F1, mode="replace")
    assert (
        replaced.mode == "replace" and replaced.scores["nested"] == replaced.scores["replace"] < replaced.scores["out"]
    )
    assert choose(base, poor, LABELS, FOLDS, HARD, F1, mode="blend").mode == "blend"
    out = choose(base, noisy(TRUE, 0.9, 1, HARD), LABELS, FOLDS, HARD, F1, mode="out")
    assert out.mode == "out" and out.scores["nested"] == out.scores["out"] < out.scores["replace"]


def test_a_gain_counts_from_one_standard_error_of_the_paired_difference_on():
    base = noisy(TRUE, 0.25, 0)
    for skill, seed in ((0.20, 5), (0.30, 6), (0.35, 7)):
        specialist = noisy(TRUE, skill, seed, HARD)
        choice = choose(base, specialist, LABELS, FOLDS, HARD, F1)
        gains = {
            "replace": choice.scores["replace"] - choice.scores["out"],
            "blend": choice.scores["blend"] - choice.scores["out"],
        }
        if choice.mode == "out":
            assert max(gains.values()) < choice.scores["noise"] or max(gains.values()) <= 0
        else:
            assert choice.scores["gain"] > 0
    # a bootstrap of its own, by the confusion matrices' formula
    replaced = choose(base, specialist, LABELS, FOLDS, HARD, F1, mode="replace")
    answers = [base.indices, replace_hard(base, specialist, HARD).indices]
    random, differences = np.random.default_rng(1), []
    for _ in range(400):
        rows = random.integers(600, size=600)
        tables = [np.bincount(TRUE[rows] * 4 + answer[rows], minlength=16).reshape(4, 4) for answer in answers]
        scores = [np.mean(2 * np.diag(table) / (table.sum(0) + table.sum(1))) for table in tables]
        differences.append(scores[1] - scores[0])
    assert replaced.scores["noise"] == pytest.approx(np.std(differences), rel=0.2)


def test_each_fold_is_answered_as_the_others_choose():
    base, specialist = noisy(TRUE, 0.3, 8), noisy(TRUE, 0.3, 9, HARD)
    folds = np.where(np.arange(600) < 420, FOLDS % 2, 2)  # a large fold, without which another weight is best
    choice = choose(base, specialist, LABELS, folds, HARD, F1, "top2")
    assert len({*choice.per_fold.values()}) == 2
    answers = named(choice.oof_probabilities(base, specialist, folds).argmax(axis=1))
    for fold in range(3):
        others, rows = np.flatnonzero(folds != fold), folds == fold
        rest = base.select(base.ids[others].tolist())
        alone = choose(rest, specialist, LABELS[others], folds[others], HARD, F1, "top2")
        assert choice.per_fold[fold] == alone.weight
        expected = replace_hard(base, specialist, HARD, "top2", alone.weight).answers
        assert (answers[rows] == expected[rows]).all()
    assert choice.scores["nested"] == pytest.approx(f1(answers))
    with pytest.raises(ValueError, match=r"folds \[7\]"):
        choice.oof_probabilities(base, specialist, np.full(600, 7))


def test_the_choice_is_the_same_each_time_and_rows_must_match():
    base, specialist = noisy(TRUE, 0.3, 8), noisy(TRUE, 0.3, 9, HARD)
    assert choose(base, specialist, LABELS, FOLDS, HARD, F1) == choose(base, specialist, LABELS, FOLDS, HARD, F1)
    with pytest.raises(ValueError, match="for each of 600 predictions"):
        choose(base, specialist, LABELS[1:], FOLDS, HARD, F1)
    with pytest.raises(ValueError, match="2 folds or more"):
        choose(base, specialist, LABELS, np.zeros(600, int), HARD, F1)


def test_a_submission_with_a_choice():
    base, specialist = noisy(TRUE, 0.35, 3), noisy(TRUE, 0.35, 4, HARD)
    choice = choose(base, specialist, LABELS, FOLDS, HARD, F1)

    def parts(whole, k, test):
        own = whole.select(whole.ids[FOLDS == k].tolist())
        return {"clean": own, "test_like": own, "test": test}

    tests = [made_up(30, k, prefix="t") for k in range(5)], [made_up(30, k + 9, HARD, "t") for k in range(5)]
    per_fold, special = (
        [parts(whole, k, test[k]) for k in range(5)] for whole, test in zip((base, specialist), tests, strict=True)
    )
    order = [f"t{n}" for n in reversed(range(30))] + ["unread"]
    seen = pd.DataFrame({"ID": base.ids, "target": LABELS, "fold": FOLDS, "group": base.ids})
    images = Images(seen, seen.iloc[:0], order, made_task(TARGETS, decision="plain"), F1)
    voted = specialist_candidate("lite0", per_fold, special, choice, images, EnsembleSettings()).submission()
    nested = choice.oof_probabilities(base, specialist, FOLDS).argmax(axis=1)
    assert voted.test_like.tolist() == voted.clean.tolist() == nested.tolist()
    assert f1(named(voted.test_like)) == pytest.approx(choice.scores["nested"])
    means = [np.mean([part.probabilities.astype(float) for part in test], axis=0) for test in tests]
    for n in range(30):
        row, word = means[0][n].copy(), means[1][n]
        answer = row.argmax()
        if answer < 2:
            answer = ((1 - choice.weight) * row[:2] / row[:2].sum() + choice.weight * word).argmax()
        assert voted.test[29 - n] == answer
    assert voted.test[30] == 0 and voted.name == "lite0_specialist"


def test_a_sure_mistake_does_not_decide_where_no_answer_is_that_sure():
    """By log loss two sure mistakes of 400 cost 69 as they are; answers are smoothed, and so is what chooses them."""
    random, n = np.random.default_rng(0), 400
    truth = random.integers(3, size=n)
    probabilities = random.random((n, 3)) * 0.5
    probabilities[np.arange(n), truth] += 0.35
    base = Predictions([str(k) for k in range(n)], probabilities / probabilities.sum(axis=1, keepdims=True), "abc")
    likelier = np.where(truth < 2, truth, base.probabilities[:, :2].argmax(axis=1))
    shares = np.where(np.arange(2) == likelier[:, None], 0.999, 0.001)
    wrong = np.flatnonzero(truth < 2)[[0, 100]]
    shares[wrong] = np.eye(2)[1 - truth[wrong]]
    specialist = Predictions(base.ids, shares, "ab")
    targets, metric = ["abc"[label] for label in truth], METRICS["log_loss"]()
    found = choose(base, specialist, targets, np.arange(n) % 4, "ab", metric, settings=EnsembleSettings(resamples=100))
    answers = Smoothed(1 / (n + 2), False).answers
    assert found.scores["out"] == metric(truth, answers(base.probabilities), 3)
    replaced = replace_hard(base, specialist, "ab").probabilities
    assert found.scores["replace"] == metric(truth, answers(replaced), 3) < metric(truth, replaced, 3) - 0.1
