"""Competitions of any task: their tables read, submissions of each form written, checked and read back."""

import numpy as np
import pandas as pd
import pytest

from competition.common.errors import ContractError
from competition.data.competition import read_competition
from competition.data.submission import check_submission, read_answers, write_submission
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings

META = "target,class_name\nc,cat\nd,dog\nw,cow\n"
SETS = "ID,target\n1,c|w\n2,\n3,d\n4,w|c\n"
LABELS = "ID,target\n1,c\n2,d\n3,w\n4,c\n"
MULTI = {"labels": "multi", "answer": "label_list", "metric": "f1_samples"}
GRADES = {"labels": "ordinal", "metric": "quadratic_weighted_kappa"}
COLUMNS = {"answer": "probabilities", "metric": "log_loss"}


def read(folder, train=LABELS, sample="ID,target\n7,c\n8,d\n", meta=META, column=None, **task):
    for name, text in (("train.csv", train), ("sample_submission.csv", sample), ("meta.csv", meta)):
        (folder / name).unlink(missing_ok=True)
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    settings = CompetitionSettings(root=str(folder), answer=column)
    return read_competition(settings, TaskSettings(**task), images=False)


def problems(folder, *args, **kwargs):
    with pytest.raises(ContractError) as caught:
        read(folder, *args, **kwargs)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def test_an_image_may_have_no_label(tmp_path):
    competition = read(tmp_path, SETS, **MULTI)
    assert competition.train["target"].tolist() == ["c|w", "", "d", "c|w"]  # in class order
    assert competition.targets == ("c", "d", "w")
    labels = competition.task.encode(competition.train["target"].tolist())
    assert labels.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert competition.class_names == ("cat", "dog", "cow") and competition.columns == ("ID", "target")


def test_without_meta_csv_classes_are_the_labels_of_all_sets(tmp_path):
    train = "ID,target\n1,10|9\n2,\n3,2\n"
    assert read(tmp_path, train, meta=None, **MULTI).targets == ("2", "9", "10")
    assert read(tmp_path, train.replace(",\n", ",x\n"), meta=None).targets == ("10|9", "2", "x")  # one label an image


@pytest.mark.parametrize(
    ("train", "task", "expected"),
    [
        (SETS, {}, "train.csv: 1 row has no class: rows 2; fill it in"),
        (SETS, {}, "train.csv: 2 rows have a class that is not in meta.csv: c|w, w|c; the classes are c, d, w"),
        ("ID,target\n1,c|x\n2,x|y|d\n3,\n", MULTI, "train.csv: 2 rows have a class that is not in meta.csv: x, y; the"),
        ("ID,target\n1,c||w\n2,|d\n3,\n4,c|d\n", MULTI, "train.csv: 2 rows have a | too many: rows 1, 2; remove it"),
        ("ID,target\n1,c\n2,\n3,c\n", MULTI, "train.csv: only one class; there is nothing to tell apart"),
        ("ID,target\n1,\n2,\n", MULTI, "train.csv: only one class"),
    ],
)
def test_what_is_wrong_with_targets(tmp_path, train, task, expected):
    assert any(problem.startswith(expected) for problem in problems(tmp_path, train, **task)), expected


@pytest.mark.parametrize(
    ("sample", "task", "expected"),
    [
        # whatever the sample submission answers: a placeholder is no answer
        ("ID,target\n7,healthy\n8,a b c\n", MULTI, None),
        ("ID,target\n7,\n8,0\n", MULTI, None),
        ("ID,c,d,w\n7,0,0,0\n8,nan,,x\n", COLUMNS, None),
        ("ID,target\n7,new_whale w_1 w_2\n8,\n", {"answer": "ranked", "metric": "map_at_5"}, None),
        # columns in any order, by target or by name
        ("ID,cow,cat,d\n7,1,0,0\n8,1,0,0\n", COLUMNS, None),
        ("ID,c,d,w\n7,1,1,0\n8,0,0,0\n", COLUMNS | {"labels": "multi"}, None),
        ("ID,c,d,x\n7,1,0,0\n8,1,0,0\n", COLUMNS, ["1 column is no class: x", "1 class has no column: w"]),
        ("ID,c,d\n7,1,0\n8,1,0\n", COLUMNS, ["1 class has no column: w"]),
        ("ID,c,d,w,cow\n7,1,0,0,0\n8,1,0,0,0\n", COLUMNS, ["1 class has two columns: w (w, cow)"]),
        ("c,ID,d,w\n1,7,0,0\n1,8,0,0\n", COLUMNS, ["columns c,ID,d,w; the first one has to be ID"]),
        ("ID,c,d,w\n7,1,0,0\n8,1,0,0\n", {}, ["columns ID,c,d,w; a submission here has ID,target; task.answer: label"]),
        (
            "ID,c,d,w\n7,1,0,0\n8,1,0,0\n",
            MULTI,
            ["columns ID,c,d,w; a submission here has ID,target; task.answer: labe"],
        ),
        (
            "ID,labels\n7,c\n8,d\n",
            MULTI,
            ["columns ID,labels; a submission here has ID,target; set competition.answer:"],
        ),
        ("ID,target\n7,1\n8,1\n", COLUMNS, ["1 column is no class: target", "3 classes have no column: c, d, w"]),
        (
            "ID,target\n7,0\n8,0\n",
            {"answer": "probability", "metric": "roc_auc"},
            ["task.answer: probability asks for two classes, there are 3 (c, d, w)"],
        ),
    ],
)
def test_what_the_sample_submission_says(tmp_path, sample, task, expected):
    train = SETS if task.get("labels") == "multi" else LABELS
    if expected is None:
        assert read(tmp_path, train, sample, **task).test_ids == ("7", "8")
        return
    found = problems(tmp_path, train, sample, **task)
    assert all(any(f"sample_submission.csv: {part}" in one for one in found) for part in expected), found


def test_classes_that_hold_the_separator_are_named(tmp_path):
    train, meta = "ID,target\n1,powdery mildew\n2,rust\n3,\n", "target,class_name\npowdery mildew,a\nrust,b\n"
    sample = "ID,target\n7,rust\n8,rust\n"
    (found,) = problems(tmp_path, train, sample, meta, **MULTI)
    assert (
        "sample_submission.csv: 1 class holds task.separator ' ', so that a cell of them can't be read: powdery"
        in found
    )
    assert read(tmp_path, train, sample, meta, **MULTI, separator=",").targets == ("powdery mildew", "rust")


FORMS = {
    "label": ("ID,target\n7,c\n8,d\n", {}, np.array([2, 0]), "ID,target\n7,w\n8,c\n"),
    "grade": ("ID,target\n7,c\n8,d\n", GRADES, np.array([1, 1]), "ID,target\n7,d\n8,d\n"),
    "label_list": (
        "ID,target\n7,c\n8,d\n",
        MULTI,
        np.array([[1, 0, 1], [0, 0, 0]], np.uint8),
        "ID,target\n7,c w\n8,\n",
    ),
    "probabilities": (
        "ID,cow,c,d\n7,0,0,0\n8,0,0,0\n",
        COLUMNS,
        np.array([[0.25, 0.5, 0.25], [1, 0, 0]]),
        "ID,cow,c,d\n7,0.25,0.25,0.5\n8,0,1,0\n",
    ),
    "sets": (
        "ID,w,c,d\n7,0,0,0\n8,0,0,0\n",
        {"labels": "multi", "answer": "probabilities", "metric": "roc_auc"},
        np.array([[1, 0.5, 0.125], [0, 0, 0]]),
        "ID,w,c,d\n7,0.125,1,0.5\n8,0,0,0\n",
    ),
    "ranked": (
        "ID,target\n7,c\n8,d\n",
        {"answer": "ranked", "metric": "map_at_5", "most": 2},
        np.array([[-np.inf, 0.5, 1], [1, 0.5, -np.inf]]),
        "ID,target\n7,w d\n8,c d\n",
    ),
}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_a_submission_of_each_form(tmp_path, name):
    sample, task, answers, text = FORMS[name]
    competition = read(tmp_path, SETS if task.get("labels") == "multi" else LABELS, sample, **task)
    path = tmp_path / "made" / "s.csv"
    write_submission(path, competition, answers)
    assert path.read_text() == text and check_submission(path, competition) == []
    np.testing.assert_allclose(read_answers(path, competition), answers, atol=1e-8)
    # an unread image's answer is a valid one
    fallback = competition.task.empty(2)
    fallback[:] = competition.task.base_rate(competition.task.encode(competition.train["target"].tolist()))
    write_submission(path, competition, fallback)
    assert check_submission(path, competition) == []
    # rows in another order, and cells that are no answer
    lines = text.splitlines()
    path.write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n")
    (found,) = check_submission(path, competition)
    assert "another order than the sample submission's" in found
    path.write_text(lines[0] + "\n7" + ",?" * (len(competition.columns) - 1) + "\n" + lines[2] + "\n")
    assert any(
        "no class: ?" in problem or "no number from 0 to 1: ?" in problem
        for problem in check_submission(path, competition)
    )


def test_a_probability_of_the_second_class(tmp_path):
    meta, train = "target,class_name\n0,healthy\n1,ill\n", "ID,target\n1,0\n2,1\n"
    task = {"answer": "probability", "metric": "roc_auc"}
    competition = read(tmp_path, train, "ID,is_ill\n7,0.5\n8,0.5\n", meta, column="is_ill", **task)
    path = tmp_path / "s.csv"
    write_submission(path, competition, np.array([[0.9, 0.1], [0.25, 0.75]]))
    assert path.read_text() == "ID,is_ill\n7,0.1\n8,0.75\n" and check_submission(path, competition) == []
    assert read_answers(path, competition).tolist() == [[0.9, 0.1], [0.25, 0.75]]
    path.write_text("ID,is_ill\n7,\n8,2\n")
    assert [problem.partition(": ")[2] for problem in check_submission(path, competition)] == [
        "1 row has an empty cell: rows 1; fill in the probability of ill",
        "1 answer is no number from 0 to 1: 2; write the probability of ill",
    ]
    # where test.csv stands in for the sample submission, the column is called as params.yaml says
    (tmp_path / "sample_submission.csv").unlink()
    (tmp_path / "test.csv").write_text("ID\n8\n7\n")
    settings = CompetitionSettings(root=str(tmp_path))
    alone = read_competition(settings, TaskSettings(**task), images=False)
    assert alone.columns == ("ID", "target") and alone.test_ids == ("8", "7")
    columns = read_competition(settings, TaskSettings(**COLUMNS), images=False).columns
    assert columns == ("ID", "healthy", "ill")


def test_columns_that_are_missing_or_too_many_are_named(tmp_path):
    competition = read(tmp_path, sample="ID,c,d,w\n7,1,0,0\n8,1,0,0\n", **COLUMNS)
    path = tmp_path / "s.csv"
    path.write_text("ID,c,w,d\n7,1,0,0\n8,0,0,1\n")
    assert check_submission(path, competition) == [f"{path}: columns ID,c,w,d; expected ID,c,d,w, in this order"]
    path.write_text("ID,c,d\n7,1,0\n8,0,1\n")
    assert check_submission(path, competition) == [f"{path}: columns ID,c,d; expected ID,c,d,w, in this order"]
    path.write_text("ID;c;d;w\n7;1;0;0\n8;0;0;1\n")
    assert check_submission(path, competition) == [f"{path}: separated by ';'; a submission is separated by commas"]


def test_many_columns_are_not_all_shown(tmp_path):
    classes = [f"k{number:03d}" for number in range(120)]
    train = "ID,target\n" + "".join(f"{row},{name}\n" for row, name in enumerate(classes))
    header = "ID," + ",".join(reversed(classes))
    competition = read(tmp_path, train, f"{header}\n7{',0' * 120}\n", None, **COLUMNS)
    answers = np.random.default_rng(0).dirichlet(np.full(120, 0.01), 1)
    path = tmp_path / "s.csv"
    write_submission(path, competition, answers)
    assert check_submission(path, competition) == []
    assert pd.read_csv(path).iloc[0, 1:].to_numpy(float)[::-1] == pytest.approx(answers[0], abs=1e-8)
    path.write_text(path.read_text().replace("k000", "k00"))
    (found,) = check_submission(path, competition)
    assert len(found) < len(str(path)) + 200 and "and 116 more" in found
