"""Table of labels, row by row."""

import numpy as np
import pytest

from competition.data.predictions import Predictions
from competition.ensembling.fitted_votes import Voted
from competition.ensembling.precision_curve import PrecisionCurve, Threshold
from competition.serving.label_table import HEADER, label_rows

TARGETS = ("a", "b", "c")


def test_rows():
    found = Predictions(["x.png", "y,z.png"], [[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], TARGETS)
    rows = label_rows(Voted.likeliest(found), {"a": "letter", "b": "form", "c": "card"}, Threshold(0.45, 1, 1))
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
    assert counted.answers.tolist() == ["b", "b"] and counted.confidence.tolist() == pytest.approx([0.5, 0.2])
    curve = PrecisionCurve.of(counted.confidence, counted.answers == np.array(["b", "a"]))
    assert curve.threshold(1).value == pytest.approx(0.5)
    rows = label_rows(counted, {"a": "letter", "b": "form", "c": "card"}, Threshold(0.45, 1, 1))
    assert [row[1:] for row in rows] == [
        ("b", "form", "0.500000", "c", "0.400000", "no"),
        ("b", "form", "0.200000", "a", "0.500000", "yes"),
    ]
