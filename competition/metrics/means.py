"""Means over the classes for which there is a value."""

import numpy as np


def mean_of_defined(values: np.ndarray) -> np.ndarray:
    """(...,) float64: mean over the last axis of values (..., C), those that are NaN left out; NaN where all are."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    return ratio(np.where(defined, values, 0).sum(axis=-1), count)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, float64, NaN where below is 0; the two broadcast."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, np.divide(above, below, dtype=np.float64), np.nan)
