"""Made-up labels and answers for any metric: fairly right, with ties."""

import numpy as np

from competition.metrics.metric import Metric


def made_up(metric: Metric, kind: str, rows: int = 60, n_classes: int = 4, seed: int = 0, decimals: int = 1):
    """(y_true, y_pred, n_classes) of a kind of labels; probabilities are rounded, so that many are equal."""
    generator = np.random.default_rng(seed)
    if kind == "multi":
        y_true = (generator.random((rows, n_classes)) < generator.uniform(0.1, 0.6, n_classes)).astype(np.uint8)
        probabilities = np.clip(0.7 * generator.random((rows, n_classes)) + 0.3 * y_true, 0, 1).round(decimals)
    else:
        y_true = generator.integers(n_classes, size=rows)
        probabilities = generator.dirichlet(np.ones(n_classes), rows) + 0.4 * np.eye(n_classes)[y_true]
        probabilities = (probabilities / probabilities.sum(axis=1, keepdims=True)).round(decimals)
    return y_true, metric.plain(probabilities, kind == "multi"), n_classes


def kinds_of(metric: Metric) -> list[str]:
    """The kinds of labels that are scored differently."""
    return [kind for kind in ("ordinal", "multi") if kind in metric.kinds]
