"""The report of other tasks: probabilities of which less is better, and several labels an image."""

import contextlib
import json

import numpy as np
import pandas as pd
import pytest
from makers.html import Page, Reader
from makers.report import CLASSES, PROBABILITIES, SEVERAL, write_project
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from competition.data.predictions import Predictions
from competition.metrics.scores import METRICS
from competition.report.context import ReportContext
from competition.report.page import render_sections, report_page
from competition.report.sections.image_map import coloured_by
from competition.report.sections.least_certain import explained_classes as uncertain_classes
from competition.report.sections.least_certain import least_certain, margins
from competition.report.sections.result import result
from competition.report.sections.task import task_and_decision
from competition.report.sections.worst_errors import explained_classes, worst_errors
from competition.settings.load import load_settings
from competition.settings.task import TaskSettings

NAMES = {"7": "seven", "10": "ten", "x": "letter"}
PLAIN = {"rule": "plain", "fitted": {}, "gain": 0.0, "standard_error": 0.0}
RULE = {"rule": "calibrated", "fitted": {"temperature": 1.25, "share": 0.001}, "gain": 0.02, "standard_error": 0.004}


def sections_of(folder, **options):
    """Return (whole page, anchor -> body) of a project made with `options`."""
    write_project(folder, **options)
    with contextlib.chdir(folder):
        context = ReportContext(load_settings())
        return report_page(context), {one.anchor: str(one.body) for one in render_sections(context)}


@pytest.fixture(scope="module")
def of_probabilities(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probabilities")
    return folder, *sections_of(folder, classes=NAMES, settings=PROBABILITIES, decision=RULE)


@pytest.fixture(scope="module")
def of_several(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    decision = {"rule": "label_thresholds", "fitted": {"values": [0.5, 0.25, 0.6]}, "gain": 0.1, "standard_error": 0.05}
    return folder, *sections_of(folder, settings=SEVERAL, hard=(), decision=decision)


def test_of_a_log_loss_the_lowest_stands_first_and_says_so(of_probabilities):
    folder, page, sections = of_probabilities
    board = pd.read_csv(folder / "submissions/leaderboard.csv")
    assert board["test_like"].is_monotonic_increasing and board["difference"].iloc[-1] > 0
    text = "".join(Page(page).texts)
    assert "Log loss, test-like, less is better" in text
    assert "Submissions: log loss out of fold, less is better" in text
    assert "Log loss test-like by fold, less is better" in sections["folds"]
    assert "scores worst in fold" in sections["folds"] and "F1" not in sections["leaderboard"]
    rows = Page(sections["leaderboard"]).table_of("significant")[1:]
    assert rows[0][0] == "lite0 (final)" and rows[-1][0] == "features" and rows[-1][3].startswith("+")


def test_diagnostics_of_probabilities_are_of_the_likeliest_class(of_probabilities):
    folder, _, sections = of_probabilities
    assert "Log loss takes no labels: this is of the likeliest class." in sections["class-f1"]
    oof = pd.read_csv(folder / "submissions/oof.csv", dtype=str)
    expected = sorted(f1_score(oof["target"], oof["lite0.test_like"], labels=list(NAMES), average=None))
    rows = Page(sections["class-f1"]).table_of("images")[1:]
    assert [row[2] for row in rows] == [f"{value:.3f}" for value in expected]
    assert "a column for each answer, of the likeliest class." in sections["confusion"]
    assert "the same likeliest class as lite0" in " ".join(sections["result"].split())
    assert ">7 seven<" in sections["least-certain"]  # which is likeliest in final.csv


def test_the_decision_is_described(of_probabilities, of_several):
    text = "".join(Page(of_probabilities[2]["task"]).texts)
    assert "log loss (log_loss), from 0 on, less is better" in text and "Decision rule: calibrated." in text
    assert "makes log loss better by 0.0200 (standard error 0.0040)" in text and "Temperature: 1.25." in text
    page = Page(of_several[2]["task"])
    assert page.table_of("values")[1:][1] == ['10 a "b" & <b>bold</b>', "0.250"]
    assert "label_thresholds" in "".join(page.texts)
    metric = METRICS["f1_macro"]()
    plain = "".join(Page(task_and_decision(TaskSettings(), metric, PLAIN, NAMES)).texts)
    assert "macro F1 (f1_macro), from 0 to 1, greater is better" in plain and "without a fitted rule" in plain
    assert "no rule that was tried gains more than noise" in plain
    accuracy = task_and_decision(TaskSettings(metric="accuracy"), METRICS["accuracy"](), PLAIN, NAMES)
    assert "of accuracy no other answers are better" in accuracy
    assert "task.decision says so" in task_and_decision(TaskSettings(decision="plain"), metric, PLAIN, NAMES)
    assert "Votes are counted" in task_and_decision(TaskSettings(), metric, None, NAMES)
    cuts = {"rule": "cut_points", "fitted": {"cuts": [0.4, 1.55]}, "gain": 0.1, "standard_error": 0.05}
    kappa = METRICS["quadratic_weighted_kappa"]()
    ordinal = TaskSettings(labels="ordinal", metric="quadratic_weighted_kappa")
    text = task_and_decision(ordinal, kappa, cuts, NAMES)
    assert "from -1 to 1" in text and "Cuts: 0.4, 1.55." in text


def test_several_labels_stand_together_and_have_no_confusion_matrix(of_several):
    folder, page, sections = of_several
    assert "An image may have several labels here" in sections["confusion"]
    oof = pd.read_csv(folder / "submissions/oof.csv", dtype=str, keep_default_na=False)
    binary = MultiLabelBinarizer(classes=list(CLASSES))
    y_true, answers = (
        binary.fit_transform([text.split("|") if text else [] for text in oof[column]])
        for column in ("target", "lite0.test_like")
    )
    expected = sorted(f1_score(y_true, answers, average=None))
    rows = Page(sections["class-f1"]).table_of("images")[1:]
    assert [row[2] for row in rows] == [f"{value:.3f}" for value in expected]
    assert sorted(int(row[1]) for row in rows) == sorted(y_true.sum(axis=0).tolist())
    words = Reader(sections["worst-errors"]).words
    assert "whose true labels it finds least likely" in words and "no label" in Reader(sections["image-map"]).words
    assert "has the colour of its rarest one" in sections["image-map"]
    assert "with a label about which" in sections["least-certain"]
    assert 'fix_label ID "A|B"' in "".join(Page(sections["label-review"]).texts)
    assert not json.loads((folder / "submissions/votes.json").read_text())["specialist"]
    assert "the same labels as lite0" in " ".join(sections["result"].split())


def of_labels(rows):
    return Predictions([f"{n}" for n in range(len(rows))], rows, ("7", "10", "x"), exclusive=False)


def test_worst_errors_of_several_labels_by_hand():
    """0 is right; 1 misses x, of probability 0.1; 2 gives 10, truly not there, probability 0.2 of that; 3 both."""
    found = of_labels([[0.9, 0.1, 0.6], [0.9, 0.2, 0.1], [0.4, 0.8, 0.3], [0.95, 0.4, 0.1]])
    y_true = np.array(["7|x", "7|x", "", "10|x"])
    assert worst_errors(found, y_true).tolist() == [3, 1, 2]
    assert explained_classes(found, y_true).tolist() == [2, 2, 1, 0]


def test_least_certain_of_several_labels_by_hand():
    found = of_labels([[0.9, 0.1, 0.6], [0.9, 0.45, 0.1], [1, 0, 1]])
    assert margins(found) == pytest.approx([0.2, 0.1, 1])
    assert least_certain(found).tolist() == [1, 0, 2] and uncertain_classes(found).tolist()[:2] == [2, 1]


def test_the_rarest_label_gives_the_colour():
    test = of_labels([[0.9, 0.9, 0.1], [0.1, 0.2, 0.3]])
    training = ["7|10", "7", "7|10|x", "x|10", "7", ""]  # 7 four times, 10 three times, x twice
    assert coloured_by(["7|10", "x|7", ""], test, training) == ["10", "x", "", "10", ""]
    single = Predictions(["a"], [[0.2, 0.5, 0.3]], ("7", "10", "x"))
    assert coloured_by(["x"], single, ["x", "7"]) == ["x", "10"]


def test_shares_of_several_labels_say_that_they_do_not_sum_up():
    final = {
        "chosen": "a",
        "best": "a",
        "choose": "auto",
        "rows": 2,
        "members": ["a"],
        "agreement": {"share": 1.0, "best_member": "a"},
        "chosen_by_the_other_folds": [],
        "fitted": {},
        "external": [],
        "calibration": {"bins": 15, "members": [], "chosen": None},
        "class_shares": [
            {"target": "7", "class_name": "seven", "rows": 2, "share": 1.0, "training_share": 0.9, "differs": False}
        ],
    }
    assert "of which each may have several" in result(final, several=True)
    assert "of which each may have several" not in result(final)
