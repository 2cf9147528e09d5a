"""Scores with one label's column changed: what the whole, scored anew, gives."""

import numpy as np
import pytest

from competition.metrics.scores import METRICS

OF_SETS = [name for name, metric in METRICS.items() if metric.takes == "labels" and "multi" in metric.kinds]


@pytest.mark.parametrize("name", OF_SETS)
def test_it_is_the_score_of_the_whole(name):
    random, metric = np.random.default_rng(0), METRICS[name]()
    y_true, y_pred = (random.random((2, 50, 4)) < 0.4).astype(np.uint8)
    score = metric.label_scorer(y_true, y_pred, 4)
    for label in (0, 3, 0):
        for column in (random.random((3, 50)) < [[0.3], [1], [0]]).astype(np.uint8):
            whole = y_pred.copy()
            whole[:, label] = column
            assert score(label, column) == metric(y_true, whole, 4)
    assert score(2, y_pred[:, 2]) == metric(y_true, y_pred, 4)


def test_without_a_short_cut_all_is_scored_anew():
    metric, random = METRICS["accuracy"](), np.random.default_rng(1)
    y_true, y_pred = (random.random((2, 50, 2)) < 0.4).astype(np.uint8)
    plain = super(type(metric), metric).label_scorer(y_true, y_pred, 2)
    for column in (np.ones(50, np.uint8), y_true[:, 0], y_pred[:, 0]):
        assert plain(0, column) == metric.label_scorer(y_true, y_pred, 2)(0, column)
