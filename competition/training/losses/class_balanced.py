"""Class-balanced cross-entropy: weighted by the effective number of images."""

import numpy as np

from competition.training.losses import LOSSES
from competition.training.losses.cross_entropy import CrossEntropy


@LOSSES.register
class ClassBalanced(CrossEntropy):
    """Cross-entropy weighted by the effective number of images, Cui et al. 2019 (https://arxiv.org/abs/1901.05555)."""

    def class_weights(self) -> np.ndarray:
        return effective_number_weights(self.counts, self.settings.balanced_beta)


def effective_number_weights(counts: np.ndarray, beta: float) -> np.ndarray:
    """Return (C,) float64: (1 - beta) / (1 - beta^n), scaled to a mean of 1 over the classes with images; else 1.

    beta 0 weighs all classes alike, beta near 1 by inverse frequency.
    """
    weights = (1 - beta) / (1 - beta ** np.maximum(counts, 1).astype(np.float64))
    return np.where(counts > 0, weights / weights[counts > 0].mean(), 1.0)
