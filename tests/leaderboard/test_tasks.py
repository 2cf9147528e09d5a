"""Scores, tables of classes and files of answers, of any task."""

import numpy as np
import pandas as pd
import pytest
from makers.tasks import made_task
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from competition.common.errors import ContractError
from competition.leaderboard.leaderboard import compare
from competition.leaderboard.oof_answers import write_confusion, write_oof
from competition.leaderboard.per_class import class_scores, worst_classes
from competition.leaderboard.score import read_solution, score_submission
from competition.leaderboard.submission import Submission
from competition.leaderboard.tables import print_leaderboard
from competition.metrics.make import make_metric
from competition.settings.competition import CompetitionSettings
from competition.settings.ensemble import EnsembleSettings

CLASSES, NAMES = ("c", "d", "w"), ("cat", "dog", "cow")
IDS = [f"t{number:02d}" for number in range(40)]
TASKS = {
    "label": {},
    "grades": {"labels": "ordinal", "metric": "quadratic_weighted_kappa"},
    "probabilities": {"answer": "probabilities", "metric": "log_loss"},
    "sets": {"labels": "multi", "answer": "label_list", "metric": "f1_samples"},
    "sets, AUC": {"labels": "multi", "answer": "probabilities", "metric": "roc_auc"},
    "ranked": {"answer": "ranked", "metric": "map_at_3", "most": 3},
}


def made(name, seed=0):
    """(task, labels (40, ...), answers that know something of them)."""
    task, random = made_task(CLASSES, NAMES, **TASKS[name]), np.random.default_rng(seed)
    labels = random.integers(2, size=(40, 3), dtype=np.uint8) if task.several else random.integers(3, size=40)
    told = labels if task.several else np.eye(3)[labels]
    values = 0.5 * told + 0.5 * random.random((40, 3))
    values = values if task.several else values / values.sum(axis=1, keepdims=True)
    return task, labels, task.labels_of(values) if not task.answers_are_labels else (
        (values >= 0.6).astype(np.uint8) if task.several else values.argmax(axis=1)
    ), values  # fmt: skip


def files(folder, task, labels, answers, usage=True):
    """submission.csv, its rows in another order than solution.csv's."""
    cells = task.form.cells(answers)
    rows = [",".join([id_, *row]) for id_, row in zip(IDS, cells, strict=True)]
    (folder / "submission.csv").write_text("\n".join([",".join(["ID", *task.form.columns]), *rows[::-1]]) + "\n")
    parts = ["Public" if number % 4 else "Private" for number in range(40)]
    truth = [f"{id_},{cell},{part}" for id_, cell, part in zip(IDS, task.decode(labels), parts, strict=True)]
    (folder / "solution.csv").write_text("\n".join(["ID,target,Usage", *truth]) + "\n")
    return folder / "submission.csv", folder / "solution.csv", np.array([part == "Public" for part in parts])


def expected_score(name, labels, answers):
    """By scikit-learn, or a plain count."""
    if name == "label":
        return f1_score(labels, answers, average="macro")
    if name == "sets":
        return f1_score(labels, answers, average="samples", zero_division=0)
    if name == "probabilities":
        return log_loss(labels, answers, labels=range(3))
    if name == "sets, AUC":
        return roc_auc_score(labels, answers)
    if name == "ranked":
        order = np.argsort(-answers, axis=1, kind="stable")
        return np.mean([1 / (1 + list(row).index(label)) for row, label in zip(order, labels, strict=True)])
    distance = (labels - answers) ** 2
    return 1 - distance.mean() / np.mean([(a - b) ** 2 for a in labels for b in answers])


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_submission_is_scored_by_its_tasks_metric(name, tmp_path):
    task, labels, as_labels, values = made(name)
    answers = as_labels if task.answers_are_labels else values
    submission, solution, public = files(tmp_path, task, labels, answers)
    score = score_submission(submission, solution, make_metric(task.settings), CompetitionSettings(), task)
    assert score.all == pytest.approx(expected_score(name, labels, answers), abs=1e-6)
    for found, part in ((score.public, public), (score.private, ~public)):
        assert found == pytest.approx(expected_score(name, labels[part], answers[part]), abs=1e-6)
    assert score.accuracy == pytest.approx(accuracy_score(labels, as_labels))
    per_class = f1_score(labels, as_labels, average=None, labels=range(3))
    assert list(score.per_class) == list(CLASSES) == list(score.images)
    assert list(score.per_class.values()) == pytest.approx(per_class)
    counts = labels.sum(axis=0) if task.several else np.bincount(labels)
    assert list(score.images.values()) == counts.tolist()


def test_what_is_no_answer_is_said_before_it_is_scored(tmp_path):
    task, labels, _, values = made("probabilities")
    submission, solution, _ = files(tmp_path, task, labels, values)
    metric, settings = make_metric(task.settings), CompetitionSettings()
    lines = submission.read_text().splitlines()
    submission.write_text("\n".join([lines[0], "t39,2,0,0", *lines[3:]]) + "\n")
    with pytest.raises(ContractError) as caught:
        score_submission(submission, solution, metric, settings, task)
    first, second = caught.value.problems
    assert "1 ID of" in first and "is missing: t38" in first
    assert "1 answer is no number from 0 to 1: 2" in second
    submission.write_text("ID,c,d\nt00,1,0\n")
    with pytest.raises(ContractError, match=r"no column w \(there: ID, c, d\)"):
        score_submission(submission, solution, metric, settings, task)


def test_a_solution_of_sets_may_have_none(tmp_path):
    path = tmp_path / "solution.csv"
    path.write_text("ID,target\na,c|d\nb,\n")
    assert read_solution(path, several=True)["target"].tolist() == ["c|d", ""]
    with pytest.raises(ContractError, match="1 row has no target; fill it in"):
        read_solution(path)
    path.write_text("ID,target\na,c|x\nb,\n")
    task = made_task(CLASSES, **TASKS["sets"])
    (tmp_path / "s.csv").write_text("ID,target\na,c\nb,\n")
    with pytest.raises(ContractError, match=r"solution\.csv: labels outside the 3 classes: x; the classes are c, d, w"):
        score_submission(tmp_path / "s.csv", path, make_metric(task.settings), CompetitionSettings(), task)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_f1_per_class_of_any_task(name):
    task, labels, as_labels, values = made(name)
    answers = as_labels if task.answers_are_labels else values
    table = class_scores([Submission("a", "a", "soft", answers, answers, answers)], labels, task)
    assert table["class_name"].tolist() == list(NAMES)
    np.testing.assert_allclose(table["a"], f1_score(labels, as_labels, average=None), atol=1e-6)
    counts = labels.sum(axis=0) if task.several else np.bincount(labels)
    assert table["images"].tolist() == counts.tolist() and len(worst_classes(table, "a")) == 3


@pytest.mark.parametrize("name", sorted(TASKS))
def test_answers_out_of_fold_are_written_as_labels(name, tmp_path):
    task, labels, as_labels, values = made(name)
    answers = as_labels if task.answers_are_labels else values
    seen = pd.DataFrame({"ID": IDS, "target": task.decode(labels), "fold": np.arange(40) % 3, "group": IDS})
    one = Submission("a", "a", "soft", answers, answers[::-1], answers)
    write_oof(tmp_path / "oof.csv", [one], seen, task)
    table = pd.read_csv(tmp_path / "oof.csv", dtype=str, keep_default_na=False)
    assert list(table) == ["ID", "target", "fold", "a.clean", "a.test_like"]
    assert task.encode(table["a.clean"].tolist()).tolist() == as_labels.tolist()
    assert task.encode(table["a.test_like"].tolist()).tolist() == as_labels[::-1].tolist()
    write_confusion(tmp_path / "confusion.csv", one, seen, task, dict(zip(CLASSES, NAMES, strict=True)))
    pairs = pd.read_csv(tmp_path / "confusion.csv", keep_default_na=False)
    assert list(pairs) == ["actual", "predicted"]
    if task.several:  # each label that is missing or too much
        missing, added = ((labels > as_labels[::-1]).sum(axis=0), (labels < as_labels[::-1]).sum(axis=0))
        assert [(pairs["actual"] == target).sum() for target in NAMES] == missing.tolist()
        assert [(pairs["predicted"] == target).sum() for target in NAMES] == added.tolist()
    else:
        assert pairs["actual"].tolist() == [NAMES[label] for label in labels]
        assert pairs["predicted"].tolist() == [NAMES[label] for label in as_labels[::-1]]


@pytest.mark.filterwarnings("error")
def test_folds_that_have_no_score_are_left_empty(capsys):
    task = made_task("ab", answer="probability", metric="roc_auc")
    labels, values = np.repeat([0, 1], 10), np.linspace(0, 1, 20)
    one = Submission("a", "a", "soft", *[np.column_stack([1 - values, values])] * 3)
    metric, settings = make_metric(task.settings), EnsembleSettings(resamples=100)
    table = compare([one], labels, labels, 2, metric, settings, {"a": (1, 1)}, {})  # a fold for each class
    assert table[["fold_0", "fold_1", "mean", "std"]].isna().all(axis=None) and table["test_like"][0] == 1
    print_leaderboard(table, "ROC AUC")
    assert "nan" not in capsys.readouterr().out
