"""The threshold of unsure answers, counted by hand and against a plain search."""

import numpy as np
import pytest
from competition.ensembling.combination import Voted
from competition.serving.confidence import HEADER, Threshold, choose_threshold, label_rows

from competition.data.predictions import Predictions

TARGETS = ("a", "b", "c")


def answers(highest):
    """A vote that always answers "a", with these probabilities."""
    return Voted.likeliest(
        Predictions([f"{n}" for n in range(len(highest))], [[p, 1 - p, 0] for p in highest], TARGETS)
    )


def test_counted_by_hand():
    # from the top: right, right, wrong, right, wrong: precision 1, 1, 2/3, 3/4, 3/5
    oof, true = answers([0.9, 0.8, 0.7, 0.6, 0.55]), ["a", "a", "b", "a", "c"]
    for precision, value, reached, share in (
        (1, 0.8, 1, 0.4),
        (0.75, 0.6, 0.75, 0.8),
        (0.7, 0.6, 0.75, 0.8),
        (0.6, 0.55, 0.6, 1),
    ):
        found = choose_threshold(oof, true, precision)
        assert (found.value, found.precision, found.share) == (
            pytest.approx(value),
            pytest.approx(reached),
            pytest.approx(share),
        )


def test_equal_probabilities_are_sure_together():
    found = choose_threshold(answers([0.9, 0.8, 0.8, 0.6]), ["a", "a", "b", "b"], 0.9)
    assert found.value == pytest.approx(0.9) and found.share == 0.25


def test_none_reaches_it():
    found = choose_threshold(answers([0.9, 0.8, 0.7]), ["b", "a", "a"], 0.95)
    assert found == Threshold(None, pytest.approx(2 / 3), 0.0) and not found.is_sure(np.ones(3)).any()


@pytest.mark.parametrize("precision", [0.5, 0.55, 0.8, 0.95, 1.0])
def test_against_a_plain_search(precision):
    random = np.random.default_rng(int(precision * 100))
    raw = random.dirichlet(np.ones(3), 200).round(2)  # with many ties
    oof = Predictions([f"{n}" for n in range(200)], raw / raw.sum(axis=1, keepdims=True), TARGETS)
    true = [TARGETS[random.choice(3, p=row / row.sum())] for row in oof.probabilities.astype(float)]
    highest, right = oof.probabilities.max(axis=1), oof.answers == np.array(true)
    good = [float(value) for value in np.unique(highest) if right[highest >= value].mean() >= precision - 1e-12]
    found = choose_threshold(Voted.likeliest(oof), true, precision)
    assert found.value == (min(good) if good else None)
    if good:
        sure = found.is_sure(highest)
        assert sure.mean() == pytest.approx(found.share) and right[sure].mean() == pytest.approx(found.precision)


@pytest.mark.parametrize("precision", [0, -1, 1.1, float("nan")])
def test_a_precision_that_is_none(precision):
    with pytest.raises(ValueError, match="precision"):
        choose_threshold(answers([0.9]), ["a"], precision)


def test_nothing_to_choose_by():
    with pytest.raises(ValueError, match="a target for each"):
        choose_threshold(answers([0.9, 0.8]), ["a"], 0.9)


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
    assert choose_threshold(counted, ["b", "a"], 1).value == pytest.approx(0.5)
    rows = label_rows(counted, {"a": "letter", "b": "form", "c": "card"}, Threshold(0.45, 1, 1))
    assert [row[1:] for row in rows] == [
        ("b", "form", "0.500000", "c", "0.400000", "no"),
        ("b", "form", "0.200000", "a", "0.500000", "yes"),
    ]
