"""Bootstrap resamples of rows, and the percentile interval (Efron and Tibshirani, An Introduction to the Bootstrap)."""

from collections.abc import Iterator

import numpy as np

CHUNK = 2_000_000  # rows drawn at once: bounds the memory, changes no number


def resampled_rows(n_rows: int, resamples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield arrays (r, N) of row numbers, drawn with replacement, `resamples` rows of them in all.

    The same generator gives the same rows to whatever is scored on them, so that two scores' differences are paired.
    """
    chunk = max(1, CHUNK // n_rows)
    for start in range(0, resamples, chunk):
        yield generator.integers(n_rows, size=(min(chunk, resamples - start), n_rows))


def interval(scores: np.ndarray, confidence: float) -> tuple[float, float]:
    """(low, high) of bootstrap `scores` (R,): their percentile interval at `confidence` in (0, 1); section 13.3."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence}; expected a number between 0 and 1")
    low, high = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
