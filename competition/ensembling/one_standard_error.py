"""One-standard-error rule: the simplest of several answers that is within one standard error of the best.

Breiman et al., Classification and Regression Trees, 1984, 3.4.3; the error is that of the difference to the best, over
bootstrap resamples that all share (paired bootstrap).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from competition.common.seeds import generator
from competition.metrics.metric import Metric
from competition.metrics.paired import PairedDifference, paired_differences
from competition.settings.ensemble import EnsembleSettings

ROUNDING = 1e-9  # of sums and differences of scores


def paired_bootstrap(
    answers: Sequence[np.ndarray],
    names: Sequence[str],
    y_true: np.ndarray,
    n_classes: int,
    metric: Metric,
    settings: EnsembleSettings,
    groups: np.ndarray | None = None,
    added: np.ndarray | float = 0.0,
) -> tuple[PairedDifference, ...]:
    """Each of `answers` (n, ...) held against the best of them, the first of equals; on the leaderboard's resamples.

    groups: (n,), drawn whole; see `times_drawn`. added: to the scores, one for each of `answers`: what it makes of a
    difference counts as an error of that size, so that it never decides alone.
    """
    scores = np.array([metric(y_true, answer, n_classes) for answer in answers]) + added
    draws = generator(settings.seed, "bootstrap")
    resampled = metric.bootstrap(y_true, answers, n_classes, settings.resamples, draws, groups=groups) + added
    found = paired_differences(names, scores, resampled, settings.confidence, metric.sign)
    each = np.broadcast_to(added, len(names))
    apart = each - each[np.argmax(metric.sign * scores)]
    errors = np.hypot([one.standard_error for one in found], apart) + ROUNDING * (apart != 0)
    return tuple(replace(one, standard_error=float(error)) for one, error in zip(found, errors, strict=True))


def best_of(compared: Sequence[PairedDifference]) -> PairedDifference:
    """Return the one with the best score, the first of equals."""
    return max(compared, key=lambda one: one.sign * one.score)


def simplest(compared: Sequence[PairedDifference], levels: Sequence[int]) -> PairedDifference:
    """Return the best on the lowest of `levels` within one standard error of the best; of equals the first."""
    return best_of(simplest_within(compared, levels))


def simplest_within(compared: Sequence[PairedDifference], levels: Sequence[int]) -> list[PairedDifference]:
    """Return those on the lowest of `levels` within one standard error of the best, in their order."""
    within = [(one, level) for one, level in zip(compared, levels, strict=True) if one.is_within]
    lowest = min(level for _, level in within)
    return [one for one, level in within if level == lowest]
