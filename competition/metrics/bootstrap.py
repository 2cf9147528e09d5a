"""Bootstrap resamples of rows or groups, and the percentile interval.

Efron and Tibshirani, An Introduction to the Bootstrap.
"""

from collections.abc import Callable, Iterator

import numpy as np

DrawnScorer = Callable[[np.ndarray], np.ndarray]  # how often rows are drawn (r, N) -> (r,) scores
CHUNK = 2_000_000  # rows drawn at once: bounds the memory, changes no number


def resampled_rows(n_rows: int, resamples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield arrays (r, N) of row numbers, drawn with replacement, `resamples` rows of them in all.

    The same generator gives the same rows to whatever is scored on them, so that two scores' differences are paired.
    """
    yield from _draws(n_rows, resamples, generator, max(1, CHUNK // n_rows))


def times_drawn(
    n_rows: int, resamples: int, generator: np.random.Generator, groups: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Yield matrices (r, N) float32: how often each row was drawn, `resamples` rows of them in all.

    groups: (N,), equal for rows that belong together: as many groups as there are, drawn whole, with replacement
    (the cluster bootstrap), so that rows which say the same don't pass for independent ones. None, or each row in a
    group of its own: `resampled_rows`.
    """
    names, group_of_row = (None, None) if groups is None else np.unique(groups, return_inverse=True)
    if groups is not None and group_of_row.shape != (n_rows,):
        raise ValueError(f"groups: expected one for each of {n_rows} rows, found shape {np.shape(groups)}")
    if groups is None or len(names) == n_rows:
        yield from map(_counted, resampled_rows(n_rows, resamples, generator))
        return
    for drawn in _draws(len(names), resamples, generator, max(1, CHUNK // n_rows)):
        yield _counted(drawn)[:, group_of_row]


def interval(scores: np.ndarray, confidence: float) -> tuple[float, float]:
    """(low, high) of bootstrap `scores` (R,): their percentile interval at `confidence` in (0, 1); section 13.3.

    A resample without a score, NaN, since no class that it needs was drawn, is left out.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence}; expected a number between 0 and 1")
    scored = scores[~np.isnan(scores)]
    if not len(scored):
        raise ValueError(f"bootstrap: none of {len(scores)} resamples has a score; there are too few rows of a class")
    low, high = np.quantile(scored, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _draws(n: int, resamples: int, generator: np.random.Generator, chunk: int) -> Iterator[np.ndarray]:
    for start in range(0, resamples, chunk):
        yield generator.integers(n, size=(min(chunk, resamples - start), n))


def _counted(drawn: np.ndarray) -> np.ndarray:
    """Return (r, n) float32: how often each of n was drawn, of numbers (r, n)."""
    cells = drawn + np.arange(len(drawn))[:, None] * drawn.shape[1]
    return np.bincount(cells.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float32)
