"""Answer forms: what is written is read back, and each thing that can be wrong with cells is said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers.tasks import made_task

from competition.metrics.scores import METRICS

CLASSES = ("10", "7", "x", "NA")
NAMES = ("ten", "seven", "ex", "none given")
FILE = Path("s.csv")
FORMS = {
    "label": made_task(CLASSES, NAMES),
    "grade": made_task(CLASSES, NAMES, labels="ordinal", metric="quadratic_weighted_kappa"),
    "label_list": made_task(CLASSES, NAMES, labels="multi", answer="label_list"),
    "probability": made_task(("no", "yes"), answer="probability", metric="roc_auc"),
    "probabilities": made_task(CLASSES, NAMES, ("x", "ten", "NA", "seven"), answer="probabilities", metric="log_loss"),
    "several": made_task(CLASSES, NAMES, labels="multi", answer="probabilities", metric="roc_auc"),
    "ranked": made_task(CLASSES, NAMES, answer="ranked", metric="map_at_3", most=3),
}


def frame_of(form, *rows):
    """Cells as a file has them: a text for each column, or one text for the only one."""
    cells = [[row] if isinstance(row, str) else row for row in rows]
    return pd.DataFrame(cells, columns=list(form.columns), dtype=str)


def problems(name, *rows):
    form = FORMS[name].form
    return form.problems(FILE, frame_of(form, *rows))


def read_back(form, answers):
    """The answers, written and read."""
    frame = frame_of(form, *map(list, form.cells(answers)))
    assert form.problems(FILE, frame) == []
    return form.read(frame)


def drawn(name, seed, n=5):
    """Random answers of a form, extreme ones among them."""
    task, random = FORMS[name], np.random.default_rng(seed)
    if task.answers_are_labels:
        shape = (n, task.n_classes) if task.several else n
        return random.integers(2 if task.several else task.n_classes, size=shape, dtype=task.empty(0).dtype)
    values = random.dirichlet(np.full(task.n_classes, random.choice([0.01, 1.0, 50.0])), n)
    return random.random((n, task.n_classes)) ** 3 if task.several else values


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(sorted({*FORMS} - {"ranked"})))
def test_what_is_written_is_read_back(seed, name):
    answers = drawn(name, seed)
    again = read_back(FORMS[name].form, answers)
    if FORMS[name].answers_are_labels:
        assert again.tolist() == answers.tolist() and again.dtype == answers.dtype
    else:
        np.testing.assert_allclose(again, answers, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_of_ranks_the_likeliest_are_read_back_in_their_order(seed):
    answers = drawn("ranked", seed)
    again = read_back(FORMS["ranked"].form, answers)
    best = np.argsort(-answers, axis=1, kind="stable")[:, :3]
    assert (np.argsort(-again, axis=1, kind="stable")[:, :3] == best).all()
    assert np.take_along_axis(again, best, axis=1).tolist() == [[1, 1 / 2, 1 / 3]] * 5
    assert (np.sort(again, axis=1)[:, 0] == -np.inf).all()  # the fourth isn't in the cell


def test_a_label_that_is_not_in_the_cell_is_never_right():
    form = made_task([f"c{k}" for k in range(8)], answer="ranked", metric="map_at_5").form
    read = form.read(pd.DataFrame({"labels": ["c7", "c7 c1"]}))
    assert form.cells(read) == [("c7",), ("c7 c1",)]
    for name, second in (("map_at_5", 1 / 2), ("top_5_accuracy", 1)):
        metric = METRICS[name]()
        assert metric([0, 0], read, 8) == 0 and metric([7, 1], read, 8) == (1 + second) / 2
    every = np.ones((2, 8), np.uint8)
    assert METRICS["map_at_5"]()(every, read, 8) == (1 / 5 + 2 / 5) / 2


def test_cells_by_hand():
    def cells(name, answers):
        return [list(row) for row in FORMS[name].form.cells(np.array(answers))]

    assert cells("label", [1, 3]) == [["7"], ["NA"]]
    assert cells("label_list", [[1, 0, 1, 0], [0, 0, 0, 0]]) == [["10 x"], [""]]
    assert cells("probability", [[0.75, 0.25], [0, 1]]) == [["0.25"], ["1"]]
    # each column's class, by its target or its name
    assert cells("probabilities", [[0.1, 0.2, 0.3, 0.4]]) == [["0.3", "0.1", "0.4", "0.2"]]
    assert cells("ranked", [[0.1, 0.5, 0.4, 0.0], [0.2, 0.2, 0.3, 0.3]]) == [["7 x 10"], ["x NA 10"]]
    few = made_task(("a", "b"), answer="ranked", metric="map_at_5").form
    assert few.cells(np.array([[0.1, 0.9]])) == [("b a",)]  # no more than there are
    commas = made_task(CLASSES, labels="multi", answer="label_list", separator=",").form
    assert commas.cells(np.array([[1, 1, 0, 0]])) == [("10,7",)]


def test_written_probabilities_sum_to_1_for_any_site():
    for scale in (1e-9, 1.0, 100.0):
        for classes in (2, 3, 200):
            task = made_task([f"c{k}" for k in range(classes)], answer="probabilities", metric="log_loss")
            rows = np.random.default_rng(0).dirichlet(np.full(classes, scale + 0.01), 20).astype(np.float32)
            written = np.array([[float(cell) for cell in row] for row in task.form.cells(rows)])
            assert abs(written.sum(axis=1) - 1).max() < 2e-6


@pytest.mark.parametrize(
    ("name", "rows", "expected"),
    [
        ("label", ["10", "x", "NA"], []),
        ("label", ["10", "11", "11"], ["2 answers are no class: 11; the classes are 10, 7, x, NA"]),
        ("label", ["10.0", "ten"], ["2 answers are no class: 10.0, ten; write whole numbers, without .0"]),
        ("label", ["", "nan", " "], ["3 answers are empty or NaN: rows 1, 2, 3; answer each with a class"]),
        ("label", ["7 ", "７"], ["2 answers are no class: 7 , ７"]),
        ("grade", ["10", ""], ["1 answer is empty or NaN: rows 2"]),
        ("label_list", ["10 x", "", "NA"], []),
        ("label_list", ["x  10 "], []),
        ("label_list", ["10,x"], ["1 label is no class: 10,x; the classes are 10, 7, x, NA"]),
        ("label_list", ["10 x 10", "", "7 7"], ["2 rows have a label twice: rows 1, 3; write each once"]),
        ("label_list", ["nan"], ["1 label is no class: nan"]),
        ("probability", ["0", "1", "0.5", "1e-7", " 0.25"], []),
        ("probability", ["1.2", "-0.1", "yes"], ["3 answers are no number from 0 to 1: 1.2, -0.1, yes"]),
        ("probability", ["inf", "-inf", "1e999"], ["3 answers are no number from 0 to 1: inf, -inf, 1e999"]),
        ("probability", ["", "NaN"], ["2 rows have an empty cell: rows 1, 2; fill in the probability of yes"]),
        ("probability", ["0,5", "50%", "0x1"], ["3 answers are no number from 0 to 1: 0,5, 50%, 0x1"]),
        ("probability", ["", "2"], ["1 row has an empty cell: rows 1", "1 answer is no number from 0 to 1: 2"]),
        ("probabilities", [["0.3", "0.1", "0.4", "0.2"]], []),
        ("probabilities", [["0.3", "0.1", "0.4", "0.20002"]], []),  # 2e-5 off: rounding
        (
            "probabilities",
            [["0.3", "0.1", "0.4", "0.2"], ["0.3", "0.1", "0.4", "0.2002"]],  # 2e-4 off
            ["1 row has probabilities that don't sum to 1: rows 2; the first sums to 1.0002; divide each row by its"],
        ),
        ("probabilities", [["0", "0", "0", "0"]], ["1 row has probabilities that don't sum to 1: rows 1; the"]),
        ("probabilities", [["1", "", "0", "0"]], ["1 row has an empty cell: rows 1; fill in probabilities"]),
        ("probabilities", [["2", "-1", "0", "0"]], ["2 answers are no number from 0 to 1: 2, -1"]),
        ("several", [["1", "1", "1", "1"], ["0", "0", "0", "0"]], []),  # each by itself
        ("several", [["1", "1.5", "", "x"]], ["1 row has an empty cell: rows 1", "2 answers are no number"]),
        ("ranked", ["10 x NA", "7", "x 7"], []),
        ("ranked", ["", "nan"], ["2 answers are empty or NaN: rows 1, 2; answer each with labels, best first"]),
        ("ranked", ["10 z", "z y"], ["3 labels are no class: z, y; the classes are 10, 7, x, NA"]),
        ("ranked", ["10 x 7 NA"], ["1 row has more than 3 labels: rows 1"]),
        ("ranked", ["10 x 10", "7 x"], ["1 row has a label twice: rows 1"]),
    ],
)
def test_what_is_wrong_with_cells(name, rows, expected):
    found = problems(name, *rows)
    assert len(found) == len(expected), found
    for problem, part in zip(found, expected, strict=True):
        assert problem.startswith(f"s.csv: {part}"), problem


def header_problems(targets, columns, names=None, **task):
    return made_task(targets, names, columns, **task).form.header_problems(Path("sample.csv"))


PROBABILITIES = {"answer": "probabilities", "metric": "log_loss"}


@pytest.mark.parametrize(
    ("targets", "columns", "task", "expected"),
    [
        ("ab", ("target",), {}, []),
        (
            "ab",
            ("a", "b"),
            {},
            ["2 columns after the ID (a, b), but task.answer: label has one; set task.answer, or adopt"],
        ),
        ("ab", ("is_b",), {"answer": "probability", "metric": "roc_auc"}, []),
        (
            "abc",
            ("p",),
            {"answer": "probability", "metric": "roc_auc"},
            ["task.answer: probability asks for two classes, there are 3 (a, b, c); set task.answer: probabilities"],
        ),
        (
            "abc",
            ("p", "q"),
            {"answer": "probability", "metric": "roc_auc"},
            ["2 columns after the ID (p, q), but task.answer: probability has one", "task.answer: probability asks"],
        ),
        ("ab", ("b", "a"), PROBABILITIES, []),
        (
            "abc",
            ("a", "b", "z"),
            PROBABILITIES,
            [
                "1 column is no class: z; the classes are a, b, c",
                "1 class has no column: c; adopt the competition anew, or take them out",
            ],
        ),
        ("abc", ("a", "c", "b"), PROBABILITIES | {"labels": "multi"}, []),
        ("ab", ("labels",), {"labels": "multi", "answer": "label_list"}, []),
        ("ab", ("x", "y"), {"answer": "ranked", "metric": "map_at_5"}, ["2 columns after the ID (x, y), but task.ans"]),
        (
            ("a", "b c", "d e"),
            ("labels",),
            {"labels": "multi", "answer": "label_list"},
            ["2 classes hold task.separator ' ', so that a cell of them can't be read: b c, d e; set task.separator"],
        ),
        (("a,b", "c"), ("r",), {"answer": "ranked", "metric": "map_at_5"}, []),
        (
            ("a,b", "c"),
            ("r",),
            {"answer": "ranked", "metric": "map_at_5", "separator": ","},
            ["1 class holds task.separator ',', so that a cell of them can't be read: a,b; set task.separator"],
        ),
    ],
)
def test_what_is_wrong_with_the_sample_submissions_columns(targets, columns, task, expected):
    found = header_problems(targets, columns, **task)
    assert len(found) == len(expected), found
    for problem, part in zip(found, expected, strict=True):
        assert problem.startswith(f"sample.csv: {part}"), problem


def test_columns_may_be_called_by_name_and_no_class_has_two():
    assert header_problems("ab", ("bee", "ay"), ("ay", "bee"), **PROBABILITIES) == []
    (found,) = header_problems("ab", ("a", "ay", "b"), ("ay", "bee"), **PROBABILITIES)
    assert found == "sample.csv: 1 class has two columns: a (a, ay); expected one for each class"
    # a class called as another's target is: the target counts
    form = made_task("ab", ("b", "other"), ("a", "b"), **PROBABILITIES).form
    assert form.header_problems(FILE) == [] and [*form.cells(np.array([[0.2, 0.8]]))[0]] == ["0.2", "0.8"]
