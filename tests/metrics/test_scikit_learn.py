"""Each metric that scikit-learn has, against it: two classes, more, several labels; weights; many ties."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as sk
from makers.answers import made_up

from competition.metrics.scores import METRICS


def one_hot(y_true, y_pred):
    return (y_true, y_pred[:, 1]) if y_pred.shape[1] == 2 else (np.eye(y_pred.shape[1])[y_true], y_pred)


def fbeta(y_true, y_pred, beta, average, weights):
    return sk.fbeta_score(y_true, y_pred, beta=beta, average=average, sample_weight=weights, zero_division=0)


SINGLE = {
    "f1_macro": lambda y, p, w: fbeta(y, p, 1, "macro", w),
    "f1_micro": lambda y, p, w: fbeta(y, p, 1, "micro", w),
    "f1_weighted": lambda y, p, w: fbeta(y, p, 1, "weighted", w),
    "f1_samples": lambda y, p, w: sk.accuracy_score(y, p, sample_weight=w),
    "f2_samples": lambda y, p, w: sk.accuracy_score(y, p, sample_weight=w),
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p, sample_weight=w),
    "balanced_accuracy": lambda y, p, w: sk.balanced_accuracy_score(y, p, sample_weight=w),
    "quadratic_weighted_kappa": lambda y, p, w: sk.cohen_kappa_score(y, p, weights="quadratic", sample_weight=w),
    "roc_auc": lambda y, p, w: sk.roc_auc_score(*one_hot(y, p), sample_weight=w),
    "average_precision": lambda y, p, w: sk.average_precision_score(*one_hot(y, p), sample_weight=w),
}
SEVERAL = {
    "f1_macro": lambda y, p, w: sk.f1_score(y, p, average="macro", sample_weight=w, zero_division=np.nan),
    "f1_micro": SINGLE["f1_micro"],
    "f1_weighted": SINGLE["f1_weighted"],
    "f1_samples": lambda y, p, w: fbeta(y, p, 1, "samples", w),
    "f2_samples": lambda y, p, w: fbeta(y, p, 2, "samples", w),
    "accuracy": SINGLE["accuracy"],
    "roc_auc": lambda y, p, w: sk.roc_auc_score(y, p, average="macro", sample_weight=w),
    "average_precision": lambda y, p, w: sk.average_precision_score(y, p, average="macro", sample_weight=w),
}
CASES = [("ordinal", n_classes, *case) for n_classes in (2, 5) for case in SINGLE.items()]
CASES += [("multi", n_classes, *case) for n_classes in (2, 5) for case in SEVERAL.items()]


@pytest.mark.parametrize(("kind", "n_classes", "name", "reference"), CASES)
def test_scores_are_scikit_learns(kind, n_classes, name, reference):
    metric = METRICS[name]()
    for seed in range(10):
        y_true, y_pred, _ = made_up(metric, kind, 80, n_classes, seed)
        for weights in (None, np.random.default_rng(seed).random(80)):
            expected = reference(y_true, y_pred, weights)
            assert metric(y_true, y_pred, n_classes, weights) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_log_loss_is_scikit_learns(n_classes):
    metric, generator = METRICS["log_loss"](), np.random.default_rng(0)
    y_true, weights = generator.integers(n_classes, size=90), generator.random(90)
    probabilities = generator.dirichlet(np.full(n_classes, 0.3), 90)
    expected = sk.log_loss(y_true, probabilities, labels=range(n_classes), sample_weight=weights)
    assert metric(y_true, probabilities, n_classes, weights) == pytest.approx(expected, abs=1e-12)
    columns = (generator.random((90, n_classes)) < 0.3).astype(np.uint8)
    each = generator.random((90, n_classes))
    expected = np.mean([sk.log_loss(columns[:, c], each[:, c], sample_weight=weights) for c in range(n_classes)])
    assert metric(columns, each, n_classes, weights) == pytest.approx(expected, abs=1e-12)


def test_top_5_accuracy_is_scikit_learns_without_ties():
    metric, generator = METRICS["top_5_accuracy"](), np.random.default_rng(1)
    y_true, ranks, weights = generator.integers(9, size=90), generator.normal(size=(90, 9)), generator.random(90)
    expected = sk.top_k_accuracy_score(y_true, ranks, k=5, labels=range(9), sample_weight=weights)
    assert metric(y_true, ranks, 9, weights) == pytest.approx(expected, abs=1e-12)
    assert metric(y_true % 3, ranks[:, :3], 3) == 1  # fewer classes than places


def test_a_missing_class_is_left_out():
    """Class 2 of 4 doesn't occur, and no row has label 2."""
    generator = np.random.default_rng(2)
    y_true, probabilities = generator.choice([0, 1, 3], 60), generator.dirichlet(np.ones(4), 60)
    columns, there = np.eye(4, dtype=np.uint8)[y_true], [0, 1, 3]
    for name, reference in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        expected = np.mean([reference(columns[:, c], probabilities[:, c]) for c in there])
        assert METRICS[name]()(y_true, probabilities, 4) == pytest.approx(expected)
        assert METRICS[name]()(columns, probabilities, 4) == pytest.approx(expected)
    answers = probabilities.argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn says that class 2 is missing
        for name in ("f1_macro", "f1_weighted", "balanced_accuracy", "accuracy", "f1_micro"):
            assert METRICS[name]()(y_true, answers, 4) == pytest.approx(SINGLE[name](y_true, answers, None))
        expected = sk.f1_score(columns, columns, average="macro", zero_division=np.nan)
    assert METRICS["f1_macro"]()(columns, columns, 4) == expected == 1
    # every row has label 0: no negative row, so no AUC; its average precision is 1
    columns[:, 0] = 1
    expected = np.mean([sk.roc_auc_score(columns[:, c], probabilities[:, c]) for c in (1, 3)])
    assert METRICS["roc_auc"]()(columns, probabilities, 4) == pytest.approx(expected)
