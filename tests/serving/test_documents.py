"""Answers to files of several pages, by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from competition.data.predictions import Predictions
from competition.ensembling.fitted_votes import Voted
from competition.ensembling.precision_curve import Threshold
from competition.serving.documents import documents_of
from competition.serving.pages import Page

TARGETS = ("7", "10", "x")
PAGES = [Page("a.png"), *(Page("b.pdf", number, True) for number in (1, 2, 4)), Page("c.tif", 1, True), Page("d.png")]
ROWS = [[0.5, 0.3, 0.2], [0.4, 0.5, 0.1], [0.9, 0.0, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.0, 1.0, 0.0]]
OF_B = np.mean(ROWS[1:4], axis=0)
LIKELIEST = SimpleNamespace(decision=SimpleNamespace(answers=lambda probabilities: probabilities.argmax(axis=1)))
RARER = SimpleNamespace(decision=SimpleNamespace(answers=lambda probabilities: probabilities.argmin(axis=1)))
COUNTED = SimpleNamespace(decision=None)


def documents(answers, vote, how="mean", rows=ROWS, exclusive=True):
    found = Predictions([page.id for page in PAGES], rows, TARGETS, exclusive)
    return documents_of(Voted(found, np.array(answers)), {page.id: page for page in PAGES}, vote, how)


def test_each_file_has_a_row_and_below_it_its_pages():
    found = documents([0, 1, 0, 1, 2, 1], LIKELIEST)
    ids = ["a.png", "b.pdf", "b.pdf/1", "b.pdf/2", "b.pdf/4", "c.tif", "c.tif/1", "d.png"]
    assert found.voted.predictions.ids.tolist() == ids and found.pages == (None, None, 1, 2, 4, None, 1, None)
    assert found.files.predictions.ids.tolist() == ["a.png", "b.pdf", "c.tif", "d.png"]
    np.testing.assert_allclose(found.voted.predictions.probabilities[[0, 2, 3, 4, 6, 7]], ROWS, atol=1e-7)
    assert found.voted.answers[[0, 2, 3, 4, 6, 7]].tolist() == [0, 1, 0, 1, 2, 1]
    rows = [(name, "target") for name in ids]
    header, table = found.with_pages(("file", "target"), rows, {page.id: page for page in PAGES})
    assert header == ("file", "page", "target")
    assert [row[:2] for row in table] == [
        *(("a.png", ""), ("b.pdf", ""), ("b.pdf", "1"), ("b.pdf", "2"), ("b.pdf", "4")),
        *(("c.tif", ""), ("c.tif", "1"), ("d.png", "")),
    ]


@pytest.mark.parametrize(("vote", "answer"), [(LIKELIEST, 0), (RARER, 2), (COUNTED, 1)])
def test_the_mean_of_the_pages(vote, answer):
    """Pages say 1, 0, 1: most of them 1; their mean is surest of 0."""
    found = documents([0, 1, 0, 1, 2, 1], vote).files
    np.testing.assert_allclose(found.predictions.probabilities[1], OF_B, atol=1e-7)
    assert found.answers[1] == answer and found.answers.dtype.kind == "i"


def test_of_equal_votes_the_likelier_counts():
    rows = [*ROWS[:3], [0.0, 0.1, 0.9], *ROWS[4:]]
    assert documents([0, 1, 0, 2, 2, 1], COUNTED, rows=rows).files.answers[1] == 0  # means: 0.43, 0.2, 0.37


def test_the_surest_page():
    found = documents([0, 1, 0, 1, 2, 1], LIKELIEST, "most_certain").files
    np.testing.assert_allclose(found.predictions.probabilities[1], ROWS[2], atol=1e-7)
    assert found.answers.tolist() == [0, 0, 2, 1]


@pytest.mark.parametrize(
    ("pages_of_b", "how", "sure"),
    [
        ([[0.4, 0.6, 0], [0.1, 0.9, 0], [0.2, 0.5, 0.3]], "mean", True),  # of one class
        ([[0.1, 0.9, 0], [0.3, 0.4, 0.3], [0.4, 0.3, 0.3]], "mean", True),  # the others aren't sure
        ([[0, 1, 0], [0, 1, 0], [0.6, 0.4, 0]], "mean", False),  # a sure page of another class
        ([[0, 1, 0], [0, 1, 0], [0.6, 0.4, 0]], "most_certain", True),  # the surest page's answer was asked for
        ([[0.3, 0.4, 0.3]] * 3, "mean", False),
    ],
)
def test_a_file_whose_sure_pages_are_of_different_classes_is_unsure(pages_of_b, how, sure):
    rows = [ROWS[0], *pages_of_b, *ROWS[4:]]
    found = documents(np.argmax(rows, axis=1), LIKELIEST, how, rows)
    assert found.is_sure(Threshold(0.5, 1, 1)).tolist() == [
        *(True, sure, *(max(page) >= 0.5 for page in pages_of_b)),
        *(True, True, True),
    ]
    mixed = how == "mean" and pages_of_b[0] == [0, 1, 0]
    assert np.flatnonzero(found.is_mixed(Threshold(0.5, 1, 1))).tolist() == [1] * mixed
    assert not found.is_sure(Threshold(None, 1, 1)).any()


def test_answers_that_are_probabilities_are_averaged():
    answers = np.array(ROWS) * 0.9 + 0.1 / 3
    found = documents(answers, LIKELIEST).files
    np.testing.assert_allclose(found.answers[1], answers[1:4].mean(axis=0), atol=1e-7)


def test_sets_of_labels():
    rows = [[0.9, 0.8, 0.1], [0.9, 0.2, 0.1], [0.7, 0.9, 0.3], [0.2, 0.9, 0.1], [0.1, 0.1, 0.8], [0, 0, 0]]
    labels = (np.array(rows) >= 0.5).astype(np.uint8)
    both = SimpleNamespace(
        decision=SimpleNamespace(answers=lambda probabilities: (probabilities >= 0.5).astype(np.uint8))
    )
    for vote in (both, COUNTED):
        found = documents(labels, vote, rows=rows, exclusive=False).files
        assert found.answers.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]]
    # the first page is surest of its least sure label: min(0.9, 0.8, 0.9)
    surest = documents(labels, both, "most_certain", rows, False).files
    assert surest.answers[1].tolist() == [1, 0, 0]
    rows = [[0.9, 0.8, 0.1], [0.9, 0.0, 0.1], [0.0, 0.9, 0.0], *rows[3:]]  # labels may differ from page to page
    labels = (np.array(rows) >= 0.5).astype(np.uint8)
    assert documents(labels, COUNTED, rows=rows, exclusive=False).is_sure(Threshold(0.0, 1, 1)).all()
