"""One-standard-error rule: the simplest of several answers that is within one standard error of the best.

Breiman et al., Classification and Regression Trees, 1984, 3.4.3; the error is that of the difference to the best, over
bootstrap resamples that all share (paired bootstrap).
"""

from collections.abc import Sequence

import numpy as np

from competition.common.seeds import generator
from competition.metrics.metric import Metric
from competition.metrics.paired import PairedDifference, paired_differences
from competition.settings.ensemble import EnsembleSettings


def paired_bootstrap(
    answers: Sequence[np.ndarray],
    names: Sequence[str],
    y_true: np.ndarray,
    n_classes: int,
    metric: Metric,
    settings: EnsembleSettings,
    groups: np.ndarray | None = None,
) -> tuple[PairedDifference, ...]:
    """Each of `answers` (n, ...) held against the best of them, the first of equals; on the leaderboard's resamples.

    groups: (n,), drawn whole; see `times_drawn`.
    """
    scores = [metric(y_true, answer, n_classes) for answer in answers]
    draws = generator(settings.seed, "bootstrap")
    resampled = metric.bootstrap(y_true, answers, n_classes, settings.resamples, draws, groups=groups)
    return paired_differences(names, scores, resampled, settings.confidence, metric.sign)


def best_of(compared: Sequence[PairedDifference]) -> PairedDifference:
    """Return the one with the best score, the first of equals."""
    return max(compared, key=lambda one: one.sign * one.score)


def simplest(compared: Sequence[PairedDifference], levels: Sequence[int]) -> PairedDifference:
    """Return the best on the lowest of `levels` within one standard error of the best; of equals the first."""
    within = [(one, level) for one, level in zip(compared, levels, strict=True) if one.is_within]
    lowest = min(level for _, level in within)
    return best_of([one for one, level in within if level == lowest])
