"""Sampling: how often an epoch shows each image, an exact number per class."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

ByTarget = Literal["none", "balanced"] | Mapping[str, float]


def times_shown(copies: Sequence[np.ndarray]) -> np.ndarray:
    """Return (N,) float64: how often an epoch shows each image, 1 of those with the fewest `copies`.

    See `epoch_rows`.
    """
    counts = np.array([len(rows) for rows in copies], np.float64)
    return counts / counts.min()


def shown_counts(labels: np.ndarray, times: np.ndarray, n_classes: int) -> np.ndarray:
    """Return (C,) float64: how many images of each class, or with each label, an epoch shows.

    labels: (N,) class indices, or (N, C) of 0 and 1; times: (N,), see `times_shown`. So what `augment.balance` has made
    up for isn't made up for once more.
    """
    return times @ labels if labels.ndim == 2 else np.bincount(labels, times, n_classes)


def by_target(given: Mapping[str, float], targets: Sequence[str], key: str) -> np.ndarray:
    """Return (C,) float64: the number `given` for each of `targets`, 1 for those that aren't named.

    Raises ValueError, with the setting's name `key`, for a target that isn't there.
    """
    unknown = [target for target in given if target not in targets]
    if unknown:
        raise ValueError(f"{key}: no such class: {unknown}; there are {list(targets)}")
    return np.array([given.get(target, 1.0) for target in targets], np.float64)


def class_factors(counts: np.ndarray, targets: Sequence[str], sampling: ByTarget) -> np.ndarray:
    """Return (C,) float64: how many times as often as otherwise an image of each class is shown.

    counts: (C,) training images per class, as shown. "none": 1; "balanced": the largest class's images over the own, so
    that each class is shown as often as the largest; a mapping: as given, 1 for the others. A class without images has
    1. Raises ValueError for a target that isn't there.
    """
    assert len(counts) == len(targets)
    if sampling == "none":
        return np.ones(len(counts))
    if sampling == "balanced":
        return np.where(counts > 0, counts.max() / np.maximum(counts, 1), 1.0)
    return by_target(sampling, targets, "sampling")


def draws(labels: np.ndarray, factors: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return (N,) int64: how often each image is shown in an epoch.

    labels: (N,) class indices, or (N, C) of 0 and 1; factors: (C,), see `class_factors`. Of several labels an image has
    the largest factor of its own, 1 without any; images of one factor are what a class is else. Class c with n images
    gets round(factor * n) draws (at least one), spread as evenly as can be: each image gets that number over n, rounded
    up or down. Who gets one more is random and without replacement, so the classes' numbers don't vary as they do when
    each draw is independent.
    """
    if labels.ndim == 2:
        largest = np.where(labels, factors, 0).max(axis=1)
        factors, labels = np.unique(np.where(largest > 0, largest, 1.0), return_inverse=True)
    counts = np.bincount(labels, minlength=len(factors))
    result = np.zeros(len(labels), np.int64)
    for label, total in enumerate(_draws_per_class(counts, factors)):
        own = np.flatnonzero(labels == label)
        if len(own):
            result[own] = total // len(own)
            result[generator.permutation(own)[: total % len(own)]] += 1
    return result


def _draws_per_class(counts: np.ndarray, factors: np.ndarray) -> np.ndarray:
    return np.where(counts > 0, np.maximum(1, np.rint(counts * factors)), 0).astype(np.int64)
