"""The review of labels of which an image may have several: by hand, and with planted mistakes."""

import numpy as np
import pandas as pd
import pytest

from competition.data.label_sets import decode
from competition.data.predictions import Predictions
from competition.labels.review import review_labels

NAMES = {"7": "seven", "10": "ten", "x": "letter"}
TARGETS = tuple(NAMES)


def predictions(rows):
    return Predictions([f"{n:03d}" for n in range(len(rows))], rows, TARGETS, exclusive=False)


def test_by_hand():
    """Images 0-9 have a 7 and a ten, 10-19 an x; both members see them, of half of the first ten less surely.

    Image 2 was not given its ten (0.9 and 0.6 for it), image 12 was given an x (0.05 and 0.3). So the mean probability
    of a ten is (4 * 0.9 + 5 * 0.6) / 9 = 0.73 where there is one, of no x (5 * 0.9 + 5 * 0.6) / 10 = 0.75 where there
    is none: 0.75 and 0.825 reach them.
    """
    right = np.repeat([[0.9, 0.9, 0.1], [0.9, 0.6, 0.4], [0.1, 0.1, 0.9]], [5, 5, 10], axis=0)
    sure, weak = right.copy(), right.copy()
    weak[2, 1], sure[12, 2], weak[12, 2] = 0.6, 0.05, 0.3
    given = ["7|10"] * 10 + ["x"] * 10
    given[2] = "7"
    review = review_labels([predictions(sure), predictions(weak)], given, NAMES)
    # both name 58 of 60 labels, so they weigh the same: 1 - (0.05 + 0.3) / 2 and (0.9 + 0.6) / 2
    assert review.to_dict("records") == [
        {
            "ID": "012",
            "target": "x",
            "suggestion": "|",
            "confidence": pytest.approx(0.825),
            "label_probability": pytest.approx(0.175),
            "agreeing": 1.0,
            "class_name": "letter",
            "suggested_name": "no label",
        },
        {
            "ID": "002",
            "target": "7",
            "suggestion": "7|10",
            "confidence": pytest.approx(0.75),
            "label_probability": pytest.approx(0.25),
            "agreeing": 1.0,
            "class_name": "seven",
            "suggested_name": "seven|ten",
        },
    ]


def test_planted_mistakes_come_first_each_on_its_own():
    generator = np.random.default_rng(0)
    truth = (generator.random((300, 3)) < 0.4).astype(np.uint8)
    seen = np.clip(0.85 * truth + 0.07 + generator.normal(0, 0.05, truth.shape), 0, 1)
    planted = {(row, label) for row, label in zip(range(0, 300, 30), [0, 1, 2] * 4, strict=False)} | {(0, 1)}
    given = truth.copy()
    for row, label in planted:
        given[row, label] ^= 1
    review = review_labels([predictions(seen)], decode(given, TARGETS), NAMES)
    wanted = decode(truth, TARGETS)
    found = set()
    for row in review.itertuples():
        one, other = ({*text.split("|")} - {""} for text in (row.target, row.suggestion))
        (label,) = one ^ other
        found.add((int(row.ID), TARGETS.index(label)))
        assert row.ID == "000" or row.suggestion == (wanted[int(row.ID)] or "|")
    # how many is an estimate
    assert found <= planted and len(found) >= 9 and review["ID"].tolist().count("000") == 2


def test_a_label_that_all_or_none_have_is_no_doubt():
    rows = np.repeat([[0.2, 0.9, 0.9], [0.2, 0.9, 0.1]], 5, axis=0)
    review = review_labels([predictions(rows)], ["7|x"] * 5 + ["7"] * 5, NAMES)  # all have a 7, none a ten
    assert review.empty and isinstance(review, pd.DataFrame) and list(review)[:2] == ["ID", "target"]


def test_unknown_labels_are_refused():
    with pytest.raises(ValueError, match=r"labels: expected 1 out of .*found 1: \['7', 'z'\]"):
        review_labels([predictions([[0.2, 0.9, 0.9]])], ["7|z"], NAMES)
