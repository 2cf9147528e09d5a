"""The choice, also nested, the one-standard-error rule, class shares, the holdout's ledger and the lineage, by hand."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.metrics import F1
from makers.stacked import made_images
from makers.tasks import made_task
from sklearn.metrics import f1_score

from competition.common.seeds import generator
from competition.ensembling.candidates import Candidate
from competition.ensembling.choice import by_simplicity, decide
from competition.ensembling.holdout import Unlocking, read_unlockings, record_unlocking, score_holdout
from competition.ensembling.images import Images
from competition.ensembling.images import images_of as images_in
from competition.ensembling.lineage import git_state, lineage
from competition.ensembling.one_standard_error import paired_bootstrap, simplest
from competition.ensembling.rules import RULES
from competition.ensembling.sanity_checks import agreement, class_shares
from competition.metrics.paired import PairedDifference
from competition.settings.ensemble import EnsembleSettings
from competition.settings.params import Settings

SETTINGS = EnsembleSettings(resamples=200)
COSTS = {"a": 1.0, "b": 2.0, "c": 3.0}


def candidate(name, answers, rule=None, parts=("a",)):
    both = {"clean": answers, "test_like": answers}
    return Candidate(name, parts, both, answers[:5], {}, None, rule=RULES[rule] if rule else None)


def right_for(y_true, share, seed):
    """Answers of which `share` are right, the others wrong."""
    keep = np.random.default_rng(seed).random(len(y_true)) < share
    return np.where(keep, y_true, (y_true + 1) % 3)


def made_up(n=300):
    y_true = np.random.default_rng(0).integers(3, size=n)
    return y_true, np.arange(n) % 3


def images_of(y_true, folds):
    task = made_task("abc")
    ids = [str(number) for number in range(len(y_true))]
    seen = pd.DataFrame({"ID": ids, "target": task.decode(y_true), "fold": folds, "group": ids})
    return Images(seen, seen.iloc[:0], (), task, F1)


def test_simpler_comes_first():
    answers = np.zeros(5, int)
    parts = {"stacking": "a", "hard": "ab", "b": "b", "hard_top": "cb", "soft": "a", "z": "a", "a": "a"}
    made = [
        candidate(name, answers, name if name in RULES.names() else None, tuple(these)) for name, these in parts.items()
    ]
    # what is fitted last; of equals the cheaper (a, z and soft cost 1, b 2; hard 3, hard_top 5), a single, then by name
    assert [c.name for c in by_simplicity(made, COSTS)] == ["a", "z", "soft", "b", "hard", "hard_top", "stacking"]
    alike = [candidate(name, answers, name) for name in ("foldwise_hard", "hard", "soft")]
    assert [c.name for c in by_simplicity(alike, COSTS)] == ["soft", "hard", "foldwise_hard"]  # by precedence


@pytest.mark.slow
def test_differences_are_a_plain_paired_bootstraps():
    y_true, _ = made_up(90)
    answers = [right_for(y_true, 0.7, 1), right_for(y_true, 0.8, 2), right_for(y_true, 0.75, 3)]
    compared = paired_bootstrap(answers, ["x", "y", "z"], y_true, 3, F1, SETTINGS)
    random, differences = generator(SETTINGS.seed, "bootstrap"), []
    for _ in range(SETTINGS.resamples):
        rows = random.integers(len(y_true), size=len(y_true))
        scores = [f1_score(y_true[rows], answer[rows], average="macro") for answer in answers]
        differences.append([score - scores[1] for score in scores])
    for index, standing in enumerate(compared):
        drawn = np.array(differences)[:, index]
        assert standing.score == pytest.approx(f1_score(y_true, answers[index], average="macro"))
        assert standing.difference == pytest.approx(standing.score - compared[1].score)
        assert standing.standard_error == pytest.approx(drawn.std(ddof=1), abs=1e-6)
        assert (standing.low, standing.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=1e-6)
    assert (compared[1].difference, compared[1].standard_error, compared[1].is_within, compared[1].significant) == (
        0,
        0,
        True,
        False,
    )


def test_within_one_standard_error_by_hand():
    def standing(name, difference, error, low=-1.0, high=1.0):
        return PairedDifference(name, 0.9 + difference, difference, low, high, error)

    far, near, best = (
        standing("far", -0.03, 0.02, -0.06, -0.001),
        standing("near", -0.02, 0.02),
        standing("best", 0.0, 0.0),
    )
    nearer = standing("nearer", -0.01, 0.02)
    assert (
        simplest([far, near, best], [0, 1, 2]).name == "near" and simplest([far, best, near], [0, 1, 2]).name == "best"
    )
    assert simplest([far, near, nearer, best], [0, 1, 1, 2]).name == "nearer"  # on one level the higher score
    assert simplest([far, near, nearer, best], [0, 1, 2, 2]).name == "near"
    assert far.significant and not near.significant
    assert simplest([standing("alike", 0.0, 0.0), best], [0, 0]).name == "alike"  # the same answers as the best


def test_the_best_is_chosen_and_of_equals_the_simplest():
    y_true, folds = made_up()
    best, nearly = right_for(y_true, 0.85, 1), right_for(y_true, 0.85, 1)
    right, wrong = np.flatnonzero(best == y_true), np.flatnonzero(best != y_true)
    nearly[right[:4]], nearly[wrong[:2]] = (best[right[:4]] + 1) % 3, y_true[wrong[:2]]  # within one standard error
    for simple, fitted in ((nearly, best), (best, nearly), (best, best)):
        made = [
            candidate("poor", right_for(y_true, 0.6, 2)),
            candidate("soft", simple, "soft", ("a", "b")),
            candidate("stacking", fitted, "stacking", ("a", "b")),
        ]
        decision = decide(made, COSTS, images_of(y_true, folds), SETTINGS)
        assert decision.chosen == decision.best == ("soft" if simple is best else "stacking")
        assert [standing.name for standing in decision.compared] == ["poor", "soft", "stacking"]
        assert decision.compared[1].is_within and decision.why == "the best of 3 candidates"
        assert set(decision.per_fold.values()) <= {"soft", "stacking"} and list(decision.per_fold) == [0, 1, 2]


def test_the_nested_choice_is_the_other_folds():
    y_true, folds = made_up()
    one, other = right_for(y_true, 0.7, 1), right_for(y_true, 0.7, 2)
    one[folds == 0], other[folds == 0] = (
        y_true[folds == 0],
        (y_true[folds == 0] + 1) % 3,
    )  # who is best depends on fold 0
    other[folds != 0] = right_for(y_true, 0.9, 3)[folds != 0]
    decision = decide(
        [candidate("one", one), candidate("other", other, parts=("b",))], COSTS, images_of(y_true, folds), SETTINGS
    )
    assert decision.per_fold[0] == "other" and decision.chosen == "one"
    assert (decision.nested["test_like"][folds == 0] == other[folds == 0]).all()
    for fold in range(3):
        chosen = {"one": one, "other": other}[decision.per_fold[fold]]
        assert (decision.nested["test_like"][folds == fold] == chosen[folds == fold]).all()
    changed = np.where(folds == 0, (y_true + 2) % 3, y_true)
    assert (
        decide(
            [candidate("one", one), candidate("other", other, parts=("b",))], COSTS, images_of(changed, folds), SETTINGS
        ).per_fold[0]
        == "other"
    )


def test_a_person_may_name_the_candidate():
    y_true, folds = made_up()
    made = [candidate("a", right_for(y_true, 0.8, 1)), candidate("soft", right_for(y_true, 0.5, 2), "soft")]
    decision = decide(made, COSTS, images_of(y_true, folds), EnsembleSettings(resamples=100, choose="soft"))
    assert (decision.chosen, decision.best, decision.nested, decision.per_fold) == ("soft", "a", None, {})
    assert decision.why == "named by ensemble.choose; auto would choose a"
    with pytest.raises(ValueError, match=r"ensemble.choose: 'greedy'; expected auto or one of a, soft"):
        decide(made, COSTS, images_of(y_true, folds), EnsembleSettings(choose="greedy"))


def test_images_that_no_fold_scores_count_among_those_trained_on():
    rows = [("1", "a", 0), ("2", "a", 1), ("3", "b", -2), ("4", "b", -1), ("5", "b", -2)]
    folds = pd.DataFrame(
        [(id_, target, fold, id_) for id_, target, fold in rows], columns=["ID", "target", "fold", "group"]
    )
    images = images_in(folds, (), made_task("ab"), F1)
    assert images.y_true.tolist() == [0, 0] and images.training_labels.tolist() == [0, 0, 1, 1]


def test_class_shares_by_hand():
    final, training = np.repeat([0, 1, 2], [600, 300, 100]), np.repeat([0, 1, 2], [250, 200, 50])
    rows = class_shares(final, training, ("7", "8", "9"), ("letter", "form", "card"))
    assert [(row["rows"], row["share"], row["training_share"]) for row in rows] == [
        (600, 0.6, 0.5),
        (300, 0.3, 0.4),
        (100, 0.1, 0.1),
    ]
    # 0.6 against 0.5: pooled 850/1500, error 0.0271, 3.7 of them, but only 1.2 times as much
    assert [row["differs"] for row in rows] == [False, False, False]
    assert rows[0]["target"] == "7" and rows[2]["class_name"] == "card"
    many = class_shares(np.repeat([0, 1], [400, 600]), np.repeat([0, 1], [100, 400]), ("7", "8"), ("a", "b"))
    # 0.4 against 0.2, 7.7 errors; 0.6 against 0.8 is 1.33 times
    assert [row["differs"] for row in many] == [True, False]
    few = class_shares(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 1]), ("7", "8"), ("a", "b"))
    assert not any(row["differs"] for row in few)  # the same shares, of five images
    assert agreement(np.array([1, 2, 3, 4]), np.array([1, 2, 0, 4])) == 0.75


def test_shares_of_several_labels_are_of_images():
    final, training = np.zeros((50, 6), np.uint8), np.zeros((100, 6), np.uint8)
    final[:, 1:], training[:, 1:] = 1, 1
    final[:14, 0], training[:12, 0] = 1, 1
    row, *others = class_shares(final, training, "abcdef", "abcdef")
    # 0.28 against 0.12: pooled 26/150, error 0.0655, 2.4 of them; of all labels' counts it would be 0.0316, 5 of them
    assert (row["share"], row["training_share"], row["differs"]) == (0.28, 0.12, False)
    rare = class_shares(np.eye(1, 6, dtype=np.uint8).repeat(9, 0), np.zeros((91, 6), np.uint8), "abcdef", "abcdef")
    assert rare[0]["differs"] and not any(one["differs"] for one in [*others, *rare[1:]])


def unlocking(answers="a1", holdout="h1", date="2026-11-01"):
    return Unlocking(date, holdout, answers, "soft", "40", "0.95", "0.9", "0.99", "0.9", "0.85", "0.95")


def test_a_holdout_is_unlocked_once(tmp_path):
    path = tmp_path / "holdout.csv"
    assert record_unlocking(path, unlocking()) and read_unlockings(path) == [unlocking()]
    before = path.read_bytes()
    assert not record_unlocking(path, unlocking(date="2026-11-09"))  # the same answers again: nothing new
    with pytest.raises(
        ValueError,
        match=r"on 2026-11-01, for other answers .*\(soft: test-like 0.9, clean 0.95\).*nothing was trained on",
    ):
        record_unlocking(path, unlocking(answers="a2"))
    assert path.read_bytes() == before
    # a new holdout
    assert record_unlocking(path, unlocking(answers="a2", holdout="h2")) and len(read_unlockings(path)) == 2
    path.write_text("some,thing\n1,2\n")
    with pytest.raises(ValueError, match="no column"):
        record_unlocking(path, unlocking())


def test_the_holdouts_score(tmp_path):
    images = made_images(holdout=40)
    y_true = images.holdout_labels
    answers = {"clean": y_true, "test_like": np.where(np.arange(40) % 4 == 0, (y_true + 1) % 4, y_true)}
    chosen = Candidate("soft", ("a",), {}, y_true[:5], answers, None)
    path = tmp_path / "holdout.csv"
    score = score_holdout(path, chosen, images, SETTINGS, "2026-11-02")
    assert score["images"] == 40 and score["clean"]["value"] == 1
    assert score["test_like"]["value"] == pytest.approx(
        f1_score(y_true, answers["test_like"], average="macro"), abs=1e-6
    )
    assert score["test_like"]["low"] < score["test_like"]["value"] < score["test_like"]["high"]
    (entry,) = read_unlockings(path)
    assert (entry.date, entry.submission, entry.images) == ("2026-11-02", "soft", "40")
    assert float(entry.test_like) == score["test_like"]["value"] and float(entry.clean_low) == score["clean"]["low"]
    assert score_holdout(path, chosen, images, SETTINGS, "2026-11-03") == score and read_unlockings(path) == [entry]
    # a label mended after it was seen
    first, other = images.holdout.index[0], "y" if y_true[0] == 2 else "x"
    mended = images.holdout["target"].where(images.holdout.index != first, other)
    images = replace(images, holdout=images.holdout.assign(target=mended))
    with pytest.raises(ValueError, match="unlocked on 2026-11-02"):
        score_holdout(path, chosen, images, SETTINGS, "2026-11-03")
    # locked
    assert score_holdout(path, Candidate("soft", ("a",), {}, y_true[:5], {}, None), images, SETTINGS, "") is None


def git(*arguments):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True, capture_output=True)


def test_git_state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nothing = {"commit": None, "dirty": None}
    assert git_state() == nothing
    git("init", "-q")
    assert git_state() == nothing
    Path("params.yaml").write_text("seed: 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    clean = git_state()
    assert len(clean["commit"]) == 40 and clean["dirty"] is False
    Path("written_by_a_stage.csv").touch()
    assert git_state() == clean
    Path("params.yaml").write_text("seed: 2\n")
    assert git_state() == clean | {"dirty": True}
    monkeypatch.setenv("PATH", "")
    assert git_state() == nothing


def test_lineage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("data", "folds/weights/lite0"):
        Path(name).mkdir(parents=True)
    for name in ("data/train.arrow", "data/test.arrow", *(f"folds/weights/lite0/{k}.safetensors" for k in range(5))):
        Path(name).write_text(name)
    Path("folds/audit.json").write_text("{}")
    first = lineage(Settings(), ["lite0"])
    assert first["label_fixes"] is None and len(set(first["weights"][0]["digests"])) == 5
    assert lineage(Settings.model_validate({"machine": {"workers": 3}}), ["lite0"]) == first
    assert lineage(Settings.model_validate({"tta": {"passes": 3}}), ["lite0"])["params"] != first["params"]
    Path("data/test.arrow").write_text("other")
    Path("folds/audit.json").write_text(json.dumps({"label_fixes": {"digest": "ab"}}))
    second = lineage(Settings(), ["lite0"])
    assert second["data"] != first["data"] and second["label_fixes"] == "ab"
    with pytest.raises(FileNotFoundError, match="folds/weights/grey/0"):
        lineage(Settings(), ["grey"])
