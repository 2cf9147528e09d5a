"""Expected grades: what probabilities of ordered classes amount to."""

import numpy as np


def expected_grades(probabilities: np.ndarray) -> np.ndarray:
    """Return (n,) float64: the mean class index by probabilities (n, C)."""
    return probabilities.astype(np.float64) @ np.arange(probabilities.shape[1], dtype=np.float64)
