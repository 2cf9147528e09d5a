"""The losses of fine-tuning, all on target distributions, so that mixed and smoothed labels need no second code."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from competition.settings.finetuned import FinetunedSettings
from competition.training.sampling import by_target

_LEAST_DOUBT = 1e-7  # of 1 - p: the slope of its power below 1 is infinite at 0


@dataclass(frozen=True)
class Loss:
    """A loss of logits (B, C) and target distributions (B, C); see `make_loss`.

    weights: (C,); shift: (C,), added to the logits; gamma: focal's exponent, 0 for cross-entropy; smoothing: 0..1.
    """

    weights: torch.Tensor
    shift: torch.Tensor
    gamma: float
    smoothing: float

    def __call__(self, logits: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
        """Return the scalar loss, float32: the weighted mean over the batch."""
        surprise = -functional.log_softmax(logits.float() + self.shift.to(logits.device), dim=1)
        if self.gamma:
            doubt = -torch.expm1(-surprise)  # 1 - p
            surprise = surprise * doubt.clamp(min=_LEAST_DOUBT) ** self.gamma
        smoothed = soft * (1 - self.smoothing) + self.smoothing / soft.shape[1]
        return (smoothed * surprise * self.weights.to(logits.device)).sum() / self.mass(soft)

    def mass(self, soft: torch.Tensor) -> torch.Tensor:
        """Return the weight of `soft` (B, C): B where all classes weigh 1.

        The gradients of a batch's parts, each times mass(part) / mass(batch), add up to the whole batch's.
        """
        return (soft * self.weights.to(soft.device)).sum()


def make_loss(settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str]) -> Loss:
    """Return the loss that `settings` name: a function of logits (B, C) and target distributions (B, C) to a scalar.

    counts: (C,) training images of each of `targets`. The distributions are one-hot or mixed, not yet smoothed. With
    weights w it is sum(w * loss) / sum(w), as torch.nn.CrossEntropyLoss has it.

    cross_entropy: torch's, with label smoothing. focal: sum of target * (1 - p)^gamma * -log p over the classes, Lin et
    al. 2017 (https://arxiv.org/abs/1708.02002), for any target distribution. class_balanced: cross-entropy weighted by
    the effective number of images, Cui et al. 2019 (https://arxiv.org/abs/1901.05555). `class_weights` multiply any of
    them. `logit_adjustment` adds its multiple of the log class frequency to the logits, Menon et al. 2021
    (https://arxiv.org/abs/2007.07314): in training only, so that rare classes have to win by more.
    A class without images weighs 1 and counts as one image in the frequencies: everything stays finite.
    Raises ValueError for a weight of a target that isn't there.
    """
    assert len(counts) == len(targets) and counts.sum() > 0
    weights = _class_weights(settings, counts, targets)
    if settings.loss == "class_balanced":
        weights = weights * effective_number_weights(counts, settings.balanced_beta)
    shift = settings.logit_adjustment * np.log(np.maximum(counts, 1) / counts.sum())
    return Loss(
        torch.from_numpy(weights).float(),
        torch.from_numpy(shift).float(),
        settings.focal_gamma if settings.loss == "focal" else 0.0,
        settings.label_smoothing,
    )


def effective_number_weights(counts: np.ndarray, beta: float) -> np.ndarray:
    """Return (C,) float64: (1 - beta) / (1 - beta^n), scaled to a mean of 1 over the classes with images; 1 for the
    others.

    beta 0 weighs all classes alike, beta near 1 by inverse frequency (https://arxiv.org/abs/1901.05555).
    """
    weights = (1 - beta) / (1 - beta ** np.maximum(counts, 1).astype(np.float64))
    return np.where(counts > 0, weights / weights[counts > 0].mean(), 1.0)


def _class_weights(settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str]) -> np.ndarray:
    if settings.class_weights == "none":
        return np.ones(len(counts))
    if settings.class_weights == "balanced":  # scikit-learn's compute_class_weight
        return np.where(counts > 0, counts.sum() / ((counts > 0).sum() * np.maximum(counts, 1)), 1.0)
    return by_target(settings.class_weights, targets, "class_weights")
