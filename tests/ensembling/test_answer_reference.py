"""Reference of a vote's answers: what is kept of their certainty and counts."""

import json

import numpy as np
import pytest

from competition.ensembling.answer_reference import QUANTILES, AnswerReference


def test_of_few_answers_all_are_kept():
    found = AnswerReference.of(np.float32([0.9, 0.5, 0.7, 0.5]), np.array([0, 2, 2, 0]), 3)
    assert found.confidence.tolist() == np.sort(np.float32([0.9, 0.5, 0.7, 0.5])).tolist()
    assert found.answers.tolist() == [2, 0, 2] and found.images == 4


def test_of_many_answers_quantiles_are_kept_that_stand_for_as_many_each():
    values = np.random.default_rng(0).beta(5, 1, 3000).astype(np.float32)
    found = AnswerReference.of(values, np.zeros(3000, np.int64), 2)
    assert len(found.confidence) == QUANTILES and set(found.confidence) <= set(values.astype(np.float64))
    assert (np.diff(found.confidence) >= 0).all() and found.confidence.mean() == pytest.approx(values.mean(), abs=2e-3)
    for share in (0.1, 0.5, 0.9):
        assert np.mean(found.confidence <= np.quantile(values, share)) == pytest.approx(share, abs=1 / QUANTILES)


@pytest.mark.parametrize("labels", [np.array([0, 1, 1]), np.array([[0, 1], [1, 1], [0, 0]], np.uint8)])
def test_saved_and_loaded_it_is_the_same(labels):
    found = AnswerReference.of(np.float32([0.9, 0.3, 0.6]), labels, 2)
    again = AnswerReference.from_json(json.loads(json.dumps(found.to_json())))
    assert again.confidence.tolist() == found.confidence.tolist() and again.images == 3
    assert (found.answers is None) == (labels.ndim == 2)
    assert again.answers is None if found.answers is None else again.answers.tolist() == [1, 2]
