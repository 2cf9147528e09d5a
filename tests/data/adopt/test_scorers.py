"""The independent scorers of the tiny competitions, against scikit-learn and by hand."""

import numpy as np
import pytest
from makers.competitions import scorers
from sklearn import metrics


def test_against_scikit_learn():
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, 40).tolist()
    values = np.round(generator.random(40), 1)
    cells = [[repr(float(value))] for value in values]
    assert scorers.auc(truth, cells) == pytest.approx(metrics.roc_auc_score(truth, values))
    assert scorers.binary_log_loss(truth, cells) == pytest.approx(
        metrics.log_loss(truth, np.clip(values, 1e-15, 1 - 1e-15))
    )
    rows = generator.dirichlet(np.ones(4), 40)
    kinds = generator.integers(0, 4, 40).tolist()
    texts = [[repr(float(cell)) for cell in row] for row in rows]
    assert scorers.log_loss(kinds, texts) == pytest.approx(metrics.log_loss(kinds, rows, labels=range(4)))
    one_hot = np.eye(4, dtype=int)[kinds]
    assert scorers.mean_column_auc(one_hot.tolist(), texts) == pytest.approx(metrics.roc_auc_score(one_hot, rows))
    answers = generator.integers(0, 4, 40)
    labels, given = list(map(str, kinds)), [[str(answer)] for answer in answers]
    assert scorers.accuracy(labels, given) == metrics.accuracy_score(kinds, answers)
    assert scorers.macro_f1(labels, given) == pytest.approx(metrics.f1_score(kinds, answers, average="macro"))
    kappa = metrics.cohen_kappa_score(kinds, answers, weights="quadratic")
    assert scorers.quadratic_weighted_kappa(labels, given) == pytest.approx(kappa)
    right, found = generator.integers(0, 2, (2, 40, 5))
    sets = [{f"k{column}" for column in np.flatnonzero(row)} for row in right]
    lists = [[" ".join(f"k{column}" for column in np.flatnonzero(row))] for row in found]
    assert scorers.micro_f1(sets, lists) == pytest.approx(metrics.f1_score(right, found, average="micro"))
    for beta, score in ((1, scorers.mean_f), (2, scorers.mean_f2)):
        expected = metrics.fbeta_score(right, found, beta=beta, average="samples", zero_division=1)
        assert score(sets, lists) == pytest.approx(expected)


def test_ranks_by_hand():
    answers = [["a b c"], ["b a c"], ["b c a"], ["b c d e f a"]]
    assert scorers.map_at_5(["a"] * 4, answers) == pytest.approx((1 + 1 / 2 + 1 / 3 + 0) / 4)


def test_what_a_site_refuses(tmp_path):
    path = tmp_path / "submission.csv"
    header, ids = ("id", "a", "b"), ["x", "y"]

    def problems(text: str, rule: str = "distribution") -> int:
        path.write_text(text)
        return len(scorers.problems(path, header, ids, rule, ("a", "b")))

    assert not problems("id,a,b\nx,0.4,0.6\ny,1,0\n")
    assert problems("id,a,b\nx,0.4,0.61\ny,1,0\n") == 1 and not problems("id,a,b\nx,0.4,0.61\ny,1,0\n", "probabilities")
    assert problems("id,b,a\nx,0.4,0.6\ny,1,0\n") == 1 and problems("id,a,b\nx,0.4,0.6\n") == 1
    assert problems("id,a,b\nx,,0.6\ny,1,0\n") == 1 and problems("id,a,b\nx,0.4,0.6\nx,0.4,0.6\n") == 2


def test_the_best_constant_is_no_worse_than_any_other():
    truth = dict(zip("vwxyz", ["a", "a", "b", "a", "c"], strict=True))
    assert scorers.best_constant("accuracy", truth, "abc") == pytest.approx(0.6)
    assert scorers.best_constant("map_at_5", truth, "abc") == pytest.approx((3 + 1 / 2 + 1 / 3) / 5)
    assert scorers.best_constant("binary_log_loss", dict(zip("wxyz", [1, 0, 1, 1], strict=True)), "") == pytest.approx(
        0.5623, abs=1e-4
    )
    assert scorers.best_constant("quadratic_weighted_kappa", dict(zip("xyz", "012", strict=True)), "012") == 0
