"""MAP at k against a plain loop and hand counts; the order of equals."""

import numpy as np
import pytest

import competition.metrics.top_classes as module
from competition.metrics.scores import METRICS
from competition.metrics.top_classes import top_classes


def plain_map(y_true, ranks, most):
    """Mean average precision at `most`, by the published definition: min(m, k) in the denominator."""
    values = []
    for labels, row in zip(y_true, ranks, strict=True):
        actual = set(np.flatnonzero(labels)) if np.ndim(labels) else {labels}
        hits = score = 0
        for place, one in enumerate(sorted(range(len(row)), key=lambda c: (-row[c], c))[:most], 1):
            if one in actual:
                hits += 1
                score += hits / place
        values.append(score / min(len(actual), most) if actual else 0)
    return np.mean(values)


@pytest.mark.parametrize("name", ["map_at_3", "map_at_5"])
@pytest.mark.parametrize("n_classes", [2, 4, 9])
def test_it_is_the_plain_loop(name, n_classes):
    metric, generator = METRICS[name](), np.random.default_rng(n_classes)
    ranks = generator.integers(5, size=(70, n_classes)) / 5  # many are equal
    for y_true in (generator.integers(n_classes, size=70), (generator.random((70, n_classes)) < 0.3).astype(int)):
        assert metric(y_true, ranks, n_classes) == pytest.approx(plain_map(y_true, ranks, metric.most))


def test_hand_counts():
    metric, ranks = METRICS["map_at_3"](), np.array([[4, 3, 2, 1]] * 4)
    assert metric([0, 1, 2, 3], ranks, 4) == pytest.approx((1 + 1 / 2 + 1 / 3 + 0) / 4)
    # labels 1 and 2: precision 1/2 at place 2, 2/3 at place 3, of 2. Labels 0 and 3: 1 of 2. All four: 3 of 3. None: 0.
    several = [[0, 1, 1, 0], [1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0]]
    assert metric(several, ranks, 4) == pytest.approx(((1 / 2 + 2 / 3) / 2 + 1 / 2 + 1 + 0) / 4)
    assert METRICS["top_5_accuracy"]()([0, 5, 6, 6], np.array([[7, 6, 5, 4, 3, 2, 1]] * 4), 7) == 1 / 4


def test_equals_go_by_the_class_index_whatever_is_looked_at_at_once(monkeypatch):
    ranks = np.array([[1, 3, 3, 2], [0, 0, 0, 0], [-5, -1, -1, -7]])
    expected = [[1, 2, 3], [0, 1, 2], [1, 2, 0]]
    assert top_classes(ranks, 3).tolist() == expected
    monkeypatch.setattr(module, "BLOCK", 5)
    assert top_classes(ranks, 3).tolist() == expected
    assert top_classes(ranks, 9).shape == (3, 4) and ranks.max() == 3  # nothing is written into it
