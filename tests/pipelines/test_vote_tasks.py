"""The stages vote and ensemble of any task on a tiny project: files that are valid, and scores that are the site's."""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from makers.votes import write_scores
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from competition.audit.duplicate_table import COLUMNS, write_duplicates
from competition.data.classes import write_classes
from competition.data.competition import read_competition
from competition.data.image_store import write_rows
from competition.data.label_sets import decode
from competition.data.predictions import Predictions, load_predictions, save_predictions
from competition.data.submission import check_submission, read_answers
from competition.ensembling.decisions.smoothed import Smoothed
from competition.ensembling.final_vote import read_final_vote
from competition.settings.load import load_settings
from pipelines import ensemble, split, vote

pytestmark = pytest.mark.slow

TARGETS, NAMES, N = ("2", "10", "x"), ("two", "ten", "ex"), 60
TEST = tuple(f"t{n:02d}" for n in reversed(range(12)))
TASKS = {
    "sets": ("labels: multi, answer: label_list, metric: f1_samples", "ID,target"),
    "sets, AUC": ("labels: multi, answer: probabilities, metric: roc_auc", "ID,x,two,10"),
    "log loss": ("answer: probabilities, metric: log_loss", "ID,x,two,10"),
    "ranked": ("answer: ranked, metric: map_at_3, most: 2", "ID,target"),
    "grades": ("labels: ordinal, metric: quadratic_weighted_kappa", "ID,target"),
}
FINAL = ("final.csv", "members/lite0.csv", "members/grey.csv", "ensembles/soft.csv", "ensembles/stacking.csv")


@pytest.fixture(scope="module", params=sorted(TASKS))
def ensembled(request, tmp_path_factory):
    """The task's name, a folder with its project after the stage `ensemble`, and what the stages printed."""
    folder = tmp_path_factory.mktemp("ensembled")
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as out:
        write_project(request.param)
        vote.main()
        ensemble.main()
    return request.param, folder, out.getvalue()


def write_project(name):
    """Make the current folder a project after the stage `train` of the task called so."""
    task, header = TASKS[name]
    several, random = "multi" in task, np.random.default_rng(0)
    labels = random.integers(2, size=(N, 3), dtype=np.uint8) if several else random.integers(3, size=N)
    cells = decode(labels, TARGETS)
    Path("params.yaml").write_text(
        f"task: {{{task}}}\nsplit: {{folds: [0, 1, 2], holdout: 0.1}}\nspecialize: {{base: []}}\n"
        "train: {members: [lite0, features, grey]}\nensemble: {top: 3, resamples: 100, unlock_holdout: true}\n"
    )
    rows = [{"id": f"{n:03d}", "target": cells[n], "image": b""} for n in range(N)]
    write_rows("data/train.arrow", rows)
    write_rows("data/test.arrow", rows[:1])
    write_duplicates("folds/duplicates.csv", pd.DataFrame([], columns=COLUMNS))
    classes = zip(TARGETS, NAMES, strict=True)
    write_classes("folds/classes.csv", [{"target": one, "class_name": known, "images": 9} for one, known in classes])
    Path("folds/audit.json").write_text("{}")
    raw = Path("data/raw")
    raw.mkdir(parents=True)
    (raw / "train.csv").write_text("ID,target\n" + "".join(f"{row['id']},{row['target']}\n" for row in rows))
    (raw / "meta.csv").write_text("target,class_name\n2,two\n10,ten\nx,ex\n")
    answer = ",0.5" * header.count(",") if "x" in header else ",2"
    (raw / "sample_submission.csv").write_text(f"{header}\n" + "".join(f"{id_}{answer}\n" for id_ in TEST))
    split.main()
    folds = pd.read_csv("folds/folds.csv", dtype=str, keep_default_na=False)
    for member, skill in (("lite0", 0.45), ("features", 0.35), ("grey", 0.02)):
        for k in range(3):
            write_fold(member, k, folds, dict(zip(folds["ID"], labels, strict=True)), skill, several)


def write_fold(member, k, folds, labels, skill, several):
    random = np.random.default_rng([len(member), k])

    def part(ids, true):
        told = np.array(true, float) if several else np.eye(3)[true]
        values = skill * told + (1 - skill) * random.random((len(ids), 3))
        values = values if several else values / values.sum(axis=1, keepdims=True)
        return Predictions(list(ids), values, TARGETS, not several)

    parts = {}
    for prefix, fold in (("", k), ("holdout_", -1)):
        own = folds.loc[folds["fold"] == str(fold), "ID"].tolist()
        parts |= {f"{prefix}{view}": part(own, [labels[id_] for id_ in own]) for view in ("clean", "test_like")}
    tests = sorted({*TEST} - {"t05"})  # t05 could not be read
    truth = np.random.default_rng(9).integers(2 if several else 3, size=(11, 3) if several else 11)
    parts |= {"test": part(tests, truth), "severe": parts["test_like"]}
    save_predictions(f"folds/predictions/{member}/{k}.npz", parts)
    write_scores(member, k)


def scored(name, y_true, answers):
    """By scikit-learn, or a plain count; answers as they stand in a submission, in arrays."""
    if name == "sets":
        return f1_score(y_true, answers, average="samples", zero_division=0)
    if name == "sets, AUC":
        return roc_auc_score(y_true, answers)
    if name == "log loss":
        return log_loss(y_true, answers, labels=range(3))
    if name == "ranked":
        order = np.argsort(-answers, axis=1, kind="stable")
        return np.mean([1 / (1 + list(row).index(label)) for row, label in zip(order, y_true, strict=True)])
    distances = [(a - b) ** 2 for a in y_true for b in answers]
    return 1 - np.mean((y_true - answers) ** 2) / np.mean(distances)


def test_votes_and_ensembles_of_the_task(ensembled, monkeypatch):
    name, folder, out = ensembled
    monkeypatch.chdir(folder)
    settings = load_settings()
    competition = read_competition(settings.competition, settings.task, images=False)
    labels = settings.task.answers_are_labels
    board = pd.read_csv("submissions/leaderboard.csv", keep_default_na=False)
    members = {"lite0", "features", "grey"}
    # without labels there are no votes to be counted
    assert set(board["submission"]) == members | ({f"{one}_hard" for one in members} if labels else set())
    sign = -1 if name == "log loss" else 1
    assert (sign * board["test_like"]).is_monotonic_decreasing and board["submission"].iloc[-1].startswith("grey")
    for file in FINAL:
        assert check_submission(Path("submissions") / file, competition) == [], file

    # a member's answers are the mean of its networks', and its score the site's
    y_true = competition.task.encode(pd.read_csv("submissions/oof.csv", dtype=str, keep_default_na=False)["target"])
    ids = pd.read_csv("submissions/oof.csv", dtype=str)["ID"].tolist()
    networks = [load_predictions(f"folds/predictions/grey/{k}.npz") for k in range(3)]
    mean = np.mean([part["test"].select(sorted({*TEST} - {"t05"})).probabilities for part in networks], axis=0)
    told = read_answers("submissions/members/grey.csv", competition)
    seen = [row for row, id_ in enumerate(TEST) if id_ != "t05"][::-1]
    if name in ("sets, AUC", "log loss") and not board.set_index("submission").at["grey", "note"]:
        smoothed = Smoothed(1 / (len(ids) + 2), several=False)  # of log loss no answer is sure
        np.testing.assert_allclose(told[seen], smoothed.answers(mean) if name == "log loss" else mean, atol=1e-6)
    if name == "ranked":
        assert (told[seen].argmax(axis=1) == mean.argmax(axis=1)).all()
    own = {
        id_: row for part in networks for id_, row in zip(part["clean"].ids, part["clean"].probabilities, strict=True)
    }
    if name in ("sets, AUC", "ranked"):  # which no decision rule changes
        value = board.set_index("submission").at["grey", "clean"]
        assert value == pytest.approx(scored(name, y_true, np.array([own[id_] for id_ in ids])), abs=1e-6)

    # what stands in final.json belongs to final.csv
    facts = json.loads(Path("submissions/final.json").read_text())
    assert facts["metric"] == settings.task.metric and facts["rows"] == 12 and facts["holdout"]["images"] > 3
    score = facts["score"]
    assert score["test_like"]["low"] <= score["test_like"]["value"] <= score["test_like"]["high"]
    assert score["expected"]["value"] > 0 and json.loads(Path("submissions/metrics.json").read_text())
    assert facts["agreement"]["best_member"] in members and 0 < facts["agreement"]["share"] <= 1
    chances = {"sets": 0.5, "sets, AUC": 0.5, "log loss": np.log(3), "ranked": 0.62, "grades": 0}
    assert sign * score["test_like"]["value"] > sign * chances[name]
    final = read_final_vote()
    tests = sorted({*TEST} - {"t05"})
    asked = {
        one: [load_predictions(f"folds/predictions/{one}/{k}.npz")["test"].select(tests) for k in range(3)]
        for one in members
    }
    voted = final.vote().predict({part: asked[part] for part in final.vote().parts})
    found = read_answers("submissions/final.csv", competition)
    if name == "ranked":
        assert (np.argsort(-voted.answers, axis=1)[:, :2] == np.argsort(-found[seen], axis=1)[:, :2]).all()
    else:
        np.testing.assert_allclose(voted.answers, found[seen], atol=1e-6)
    assert "Macro F1" not in out and "warning: test images without a prediction" in out


@pytest.mark.parametrize("ensembled", ["sets", "log loss"], indirect=True)
def test_the_same_input_gives_the_same_bytes(ensembled, monkeypatch):
    monkeypatch.chdir(ensembled[1])
    before = contents()
    vote.main()
    ensemble.main()
    assert before["submissions/final.csv"] and contents() == before


def contents():
    return {str(path): path.read_bytes() for path in Path("submissions").rglob("*.*") if path.is_file()}
