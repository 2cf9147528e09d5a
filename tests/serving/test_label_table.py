"""Table of labels, row by row."""

import numpy as np
import pytest

from competition.data.answers import ANSWERS
from competition.data.predictions import Predictions
from competition.data.task import Task
from competition.ensembling.fitted_votes import Voted
from competition.ensembling.out_of_distribution import Rejection
from competition.ensembling.precision_curve import PrecisionCurve, Threshold
from competition.serving.label_table import HEADER, answer_rows, label_rows, marked, submission_ids, with_unknown
from competition.settings.task import TaskSettings

TARGETS = ("a", "b", "c")
NAMES = {"a": "letter", "b": "form", "c": "card"}


def test_rows():
    found = Predictions(["x.png", "y,z.png"], [[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], TARGETS)
    voted = Voted(found, found.labels)
    rows = label_rows(voted, NAMES, Threshold(0.45, 1, 1).is_sure(voted.confidence))
    assert [dict(zip(HEADER, row, strict=True)) for row in rows] == [
        {
            "file": "x.png",
            "target": "b",
            "class_name": "form",
            "probability": "0.500000",
            "runner_up": "c",
            "runner_up_probability": "0.300000",
            "unsure": "no",
        },
        {
            "file": "y,z.png",
            "target": "a",
            "class_name": "letter",
            "probability": "0.400000",
            "runner_up": "c",
            "runner_up_probability": "0.400000",
            "unsure": "yes",
        },
    ]


def test_where_votes_are_counted_the_answers_own_probability_decides():
    # b was answered twice, by a hair and by 0.5; right, wrong: precision 1, then 1/2
    counted = Voted(Predictions(["x", "y"], [[0.1, 0.5, 0.4], [0.5, 0.2, 0.3]], TARGETS), np.array([1, 1]))
    assert counted.labels.tolist() == [1, 1] and counted.confidence.tolist() == pytest.approx([0.5, 0.2])
    curve = PrecisionCurve.of(counted.confidence, counted.labels == np.array([1, 0]))
    assert [step[0] for step in curve.steps] == pytest.approx([0.2, 0.5])
    rows = label_rows(counted, NAMES, Threshold(0.45, 1, 1).is_sure(counted.confidence))
    assert [row[1:] for row in rows] == [
        ("b", "form", "0.500000", "c", "0.400000", "no"),
        ("b", "form", "0.200000", "a", "0.500000", "yes"),
    ]


def test_several_labels_stand_in_one_cell_and_the_least_sure_one_decides():
    found = Predictions(["x", "y", "z"], [[0.9, 0.3, 0.6], [0.2, 0.1, 0.4], [1, 0.7, 0.7]], TARGETS, exclusive=False)
    voted = Voted(found, found.labels)
    assert voted.confidence.tolist() == pytest.approx([0.6, 0.6, 0.7])  # of c, which x has and y hasn't; of b
    assert label_rows(voted, NAMES, Threshold(0.65, 1, 1).is_sure(voted.confidence)) == [
        ("x", "a|c", "letter|card", "0.900000|0.600000", "b", "0.300000", "yes"),
        ("y", "", "", "", "c", "0.400000", "yes"),
        ("z", "a|b|c", "letter|form|card", "1.000000|0.700000|0.700000", "", "", "no"),
    ]


def test_of_probabilities_the_likeliest_labels_are_readable():
    found = Predictions(["x"], [[0.2, 0.5, 0.3]], TARGETS)
    decided = Voted(found, np.array([[0.25, 0.4, 0.35]]))  # calibrated, say
    assert label_rows(decided, NAMES, Threshold(None, 0.5, 0).is_sure(decided.confidence)) == [
        ("x", "b", "form", "0.500000", "c", "0.300000", "yes")
    ]


def task_of(columns=("answer",), **settings):
    asked = TaskSettings(**settings)
    return Task(asked, ANSWERS[asked.answer](TARGETS, list(NAMES.values()), columns, asked))


@pytest.mark.parametrize(
    ("task", "answers", "expected"),
    [
        (task_of(), np.array([1, 0]), [("x", "b"), ("y", "a")]),
        (
            task_of(labels="multi", answer="label_list", metric="f1_samples"),
            np.array([[1, 0, 1], [0, 0, 0]], np.uint8),
            [("x", "a c"), ("y", "")],
        ),
        (
            task_of(("form", "card", "letter"), answer="probabilities", metric="log_loss"),
            np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]]),
            [("x", "0.5", "0.3", "0.2"), ("y", "0.2", "0.4", "0.4")],
        ),
        (
            task_of(answer="ranked", metric="map_at_3", most=2),
            np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]]),
            [("x", "b c"), ("y", "a c")],
        ),
    ],
)
def test_answers_stand_as_the_site_takes_them(task, answers, expected):
    found = Predictions(["x.png", "y.png"], [[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], TARGETS, not task.several)
    rows = answer_rows(Voted(found, answers), task, submission_ids(found.ids.tolist(), with_extension=False))
    assert [tuple(row) for row in rows] == expected


def test_ids_have_an_extension_where_the_submissions_have():
    assert submission_ids(["a/1.JPG", "b.2", "c.png"], with_extension=False) == ["a/1", "b.2", "c"]
    assert submission_ids(["a/1.JPG", "b.2"], with_extension=True) == ["a/1.JPG", "b.2"]
    with pytest.raises(ValueError, match=r"no extension here, .*: c.jpg and c.png, d.bmp and d.tif and d.pdf; rename"):
        submission_ids(["c.jpg", "d.bmp", "c.png", "d.tif", "e.jpg", "d.pdf"], with_extension=False)


def test_unknown_images_are_marked_behind_the_other_columns():
    found = Predictions(["x", "y"], [[1, 0, 0], [0.5, 0.5, 0]], TARGETS)
    voted = Voted(found, found.labels)
    rows = label_rows(voted, NAMES, Threshold(0.6, 1, 1).is_sure(voted.confidence))
    header, marked_rows = with_unknown(rows, voted, Rejection(0.4, 0.95, 0.9))
    assert header == (*HEADER, "unknown_score", "unknown")
    assert [row[-3:] for row in marked_rows] == [("no", "0.000000", "no"), ("yes", "0.500000", "yes")]
    assert [row[:-2] for row in marked_rows] == rows
    assert marked(header, marked_rows, "unsure") == marked(header, marked_rows, "unknown") == 1
