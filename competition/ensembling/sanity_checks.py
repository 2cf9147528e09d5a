"""Sanity checks of a final submission: class shares against training's, agreement with the best member."""

from collections.abc import Sequence

import numpy as np

from competition.data.label_sets import label_counts

SIGMAS = 3.0
FACTOR = 1.5


def class_shares(
    final: np.ndarray, training: np.ndarray, targets: Sequence[str], class_names: Sequence[str]
) -> list[dict]:
    """Return one row for each class: target, class_name, rows, share, training_share, differs.

    final: (T, ...), training: (N, ...) labels. differs: the shares are more than SIGMAS standard errors apart (two
    proportions, pooled) and one is over FACTOR times the other. The first alone would be true of harmless differences
    in a large test set, the second alone of chance in a small one. A test set may well have other shares: it is a
    reason to look.
    """
    counts, shares = (
        np.stack(pair) for pair in zip(*(_shares(part, len(targets)) for part in (final, training)), strict=True)
    )
    pooled = counts.sum(axis=0) / max(1, len(final) + len(training))
    error = np.sqrt(pooled * (1 - pooled) * (1 / max(len(final), 1) + 1 / max(len(training), 1)))
    differs = (np.abs(shares[0] - shares[1]) > SIGMAS * error) & (shares.max(axis=0) > FACTOR * shares.min(axis=0))
    return [
        {
            "target": target,
            "class_name": name,
            "rows": int(counts[0, index]),
            "share": round(float(shares[0, index]), 6),
            "training_share": round(float(shares[1, index]), 6),
            "differs": bool(differs[index]),
        }
        for index, (target, name) in enumerate(zip(targets, class_names, strict=True))
    ]


def agreement(answers: np.ndarray, others: np.ndarray) -> float:
    """In [0, 1]: the share of rows that have the same labels; both (T, ...)."""
    alike = answers == others
    return float(np.mean(alike if alike.ndim == 1 else alike.all(axis=1)))


def _shares(answers: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    counts = label_counts(answers, n_classes)
    return counts, counts / max(len(answers), 1)
