"""Drawn rows as a matrix, whole groups, weights; paired differences without undefined resamples."""

import numpy as np
import pytest
from makers.metrics import F1

import competition.metrics.bootstrap as module
from competition.metrics.bootstrap import interval, resampled_rows, times_drawn
from competition.metrics.paired import paired_differences
from competition.metrics.scores import METRICS

ACCURACY = METRICS["accuracy"]()


def test_the_matrix_counts_the_rows_that_are_drawn():
    (rows,) = resampled_rows(20, 15, np.random.default_rng(0))
    (times,) = times_drawn(20, 15, np.random.default_rng(0))
    assert times.dtype == np.float32
    assert times.tolist() == [[drawn.tolist().count(row) for row in range(20)] for drawn in rows]


def test_groups_are_drawn_whole(monkeypatch):
    groups = np.array([7, 7, 7, 3, 3, 9])
    (times,) = times_drawn(6, 400, np.random.default_rng(1), groups)
    of_group = times[:, [0, 3, 5]]
    assert (times == of_group[:, [0, 0, 0, 1, 1, 2]]).all() and (of_group.sum(axis=1) == 3).all()
    assert of_group.mean(axis=0) == pytest.approx([1, 1, 1], abs=0.1)
    monkeypatch.setattr(module, "CHUNK", 60)  # ten resamples at once: the same
    assert (np.concatenate([*times_drawn(6, 400, np.random.default_rng(1), groups)]) == times).all()
    with pytest.raises(ValueError, match="groups: expected one for each of 6 rows"):
        next(times_drawn(6, 4, np.random.default_rng(1), groups[:5]))
    alone = np.concatenate([*times_drawn(6, 9, np.random.default_rng(2), np.arange(6))])
    assert (alone == np.concatenate([*times_drawn(6, 9, np.random.default_rng(2))])).all()


def test_rows_that_say_the_same_make_a_wider_interval_as_groups():
    """40 images, each of them ten times: their interval is that of 40, not that of 400."""
    generator = np.random.default_rng(3)
    y_true = generator.integers(4, size=40)
    y_pred = np.where(generator.random(40) < 0.7, y_true, (y_true + 1) % 4)
    tenfold, answers, groups = (np.repeat(values, 10) for values in (y_true, y_pred, np.arange(40)))
    for metric in (F1, ACCURACY):
        width = {}
        for name, labels, answer, of_rows in (
            ("rows", tenfold, answers, None),
            ("groups", tenfold, answers, groups),
            ("forty", y_true, y_pred, None),
        ):
            value, low, high = metric.with_interval(labels, answer, 4, 2000, 0.9, np.random.default_rng(4), of_rows)
            width[name] = high - low
        assert width["groups"] == pytest.approx(width["forty"], rel=1e-6)  # the very same draws
        assert width["groups"] > 2.5 * width["rows"]  # sqrt(10)


def test_the_interval_of_groups_covers_the_true_score_as_often_as_it_says():
    """Accuracy 0.7 of groups, right or wrong as a whole: 9 of 10 intervals hold it; of those of rows, far fewer."""
    generator, held = np.random.default_rng(5), {"rows": 0, "groups": 0}
    groups = np.repeat(np.arange(60), 5)
    for _ in range(150):
        y_pred = (generator.random(60) >= 0.7).astype(int)[groups]
        for name, of_rows in (("rows", None), ("groups", groups)):
            _, low, high = ACCURACY.with_interval(np.zeros(300, int), y_pred, 2, 200, 0.9, generator, of_rows)
            held[name] += low <= 0.7 <= high
    assert 0.83 <= held["groups"] / 150 <= 0.97 and held["rows"] / 150 < 0.7


def group_world(generator, n_groups, accuracy, share):
    """Labels, answers and groups of 1 to 3 images, which are mostly right or wrong together; the last two are rare."""
    classes, sizes = generator.choice(len(share), n_groups, p=share), generator.integers(1, 4, n_groups)
    groups = np.repeat(np.arange(n_groups), sizes)
    y_true = classes[groups]
    together = (generator.random(n_groups) < accuracy[classes])[groups]
    alone = generator.random(len(groups)) < accuracy[y_true]
    right = np.where(generator.random(len(groups)) < 0.8, together, alone)
    wrong = (y_true + 1 + generator.integers(len(share) - 1, size=len(groups))) % len(share)
    return y_true, np.where(right, y_true, wrong), groups


def test_95_of_100_intervals_hold_what_such_sets_score_on_average():
    """Macro F1 and accuracy of 150 groups of six classes, two of them a third as frequent."""
    generator, share, accuracy = np.random.default_rng(8), np.array([3, 3, 3, 3, 1, 1]) / 14, np.linspace(0.95, 0.75, 6)
    worlds = [group_world(generator, 150, accuracy, share) for _ in range(400)]
    for metric in (F1, ACCURACY):
        mean, held = np.mean([metric(y_true, y_pred, 6) for y_true, y_pred, _ in worlds]), 0
        for y_true, y_pred, groups in worlds:
            _, low, high = metric.with_interval(y_true, y_pred, 6, 300, 0.95, generator, groups)
            held += low <= mean <= high
        assert 0.92 <= held / len(worlds) <= 0.97, (metric.name, held)


def test_weights_multiply_how_often_rows_are_drawn():
    generator = np.random.default_rng(6)
    y_true, y_pred, weights = *generator.integers(3, size=(2, 30)), generator.random(30)
    groups = generator.integers(8, size=30)
    for metric in (F1, ACCURACY):
        found = metric.bootstrap(y_true, [y_pred], 3, 25, np.random.default_rng(7), weights, groups)[:, 0]
        (times,) = times_drawn(30, 25, np.random.default_rng(7), groups)
        expected = [metric.score(y_true, y_pred, 3, row * weights) for row in times]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_what_a_row_is_worth_is_looked_at_once(monkeypatch):
    metric, looked = METRICS["map_at_5"](), []
    plain = type(metric).of_rows
    monkeypatch.setattr(type(metric), "of_rows", lambda *args: looked.append(1) or plain(*args))
    monkeypatch.setattr("competition.metrics.bootstrap.CHUNK", 90)  # three resamples at once
    y_true, ranks = np.arange(30) % 7, np.random.default_rng(0).random((30, 7))
    found = metric.bootstrap(y_true, [ranks, ranks**2], 7, 50, np.random.default_rng(1))
    assert found.shape == (50, 2) and len(looked) == 2
    rows = np.concatenate(list(resampled_rows(30, 50, np.random.default_rng(1))))
    np.testing.assert_allclose(found[:, 0], [metric(y_true[one], ranks[one], 7) for one in rows], atol=1e-6)


def test_undefined_resamples_are_left_out_of_intervals_and_differences():
    assert interval(np.array([np.nan, 0.0, 1.0, np.nan]), 0.5) == (0.25, 0.75)
    with pytest.raises(ValueError, match="none of 3 resamples has a score"):
        interval(np.full(3, np.nan), 0.5)
    resampled = np.array([[0.5, 0.9], [np.nan, np.nan], [0.6, 0.8]])
    worse, best = paired_differences("ab", [0.5, 0.9], resampled, 0.5)
    assert worse.standard_error == pytest.approx(np.std([-0.4, -0.2], ddof=1)) and best.difference == 0
    assert (worse.low, worse.high) == pytest.approx((-0.35, -0.25))
