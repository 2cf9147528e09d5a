"""Criterion of fine-tuning: a loss with label smoothing, class weights, logit adjustment and the mean over a step.

All on target distributions, so that mixed and smoothed labels need no code of their own. A loss (see
`training.losses`) is a subclass of `Loss`: anything from logits and target distributions to a value per image.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from competition.settings.finetuned import FinetunedSettings
from competition.training.losses import LOSSES
from competition.training.sampling import by_target


class Loss(ABC):
    """Loss per image of logits (B, C), float32, and target distributions (B, C), whose rows sum to 1.

    settings: the member's; counts: (C,) training images of each class, whose labels are `targets`.
    """

    def __init__(self, settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str]):
        self.settings, self.counts, self.targets = settings, counts, targets

    @abstractmethod
    def __call__(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return (B,): each image's loss, unweighted."""

    def class_weights(self) -> np.ndarray:
        """Return (C,) float64: the loss's own class weights, which those of the settings multiply."""
        return np.ones(len(self.counts))

    def weighted(self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return (B,): each image's loss times the mean of `weights` (C,) over its target distribution."""
        return self(logits, targets) * (targets * weights).sum(dim=1)


class ClassSum(Loss):
    """A loss that is a sum over the classes, as cross-entropy is: target share * loss of the class * class weight."""

    @abstractmethod
    def per_class(self, logits: torch.Tensor) -> torch.Tensor:
        """Return (B, C): the loss of an image if it were of that class."""

    def __call__(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return (targets * self.per_class(logits)).sum(dim=1)

    def weighted(self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return (B, C): the terms of each image's weighted loss."""
        return targets * self.per_class(logits) * weights


@dataclass(frozen=True)
class Criterion:
    """Scalar loss of logits and target distributions, see `make_criterion`.

    weights: (C,) of the classes; shift: (C,), added to the logits; smoothing: 0..1.
    """

    loss: Loss
    weights: torch.Tensor
    shift: torch.Tensor
    smoothing: float

    def __call__(self, logits: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
        """Return the scalar loss, float32, of logits (B, C) and targets `soft` (B, C): the weighted mean over images.

        `soft`: one-hot or mixed, not yet smoothed.
        """
        logits = logits.float() + self.shift.to(logits.device)
        smoothed = soft * (1 - self.smoothing) + self.smoothing / soft.shape[1]
        return self.loss.weighted(logits, smoothed, self.weights.to(logits.device)).sum() / self.mass(soft)

    def mass(self, soft: torch.Tensor) -> torch.Tensor:
        """Return the weight of targets `soft` (B, C): B where all classes weigh 1.

        The gradients of a batch's parts, each times mass(part) / mass(batch), add up to the whole batch's.
        """
        return (soft * self.weights.to(soft.device)).sum()


def make_criterion(settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str]) -> Criterion:
    """Return the criterion that `settings` name.

    counts: (C,) training images of each of `targets`. With class weights w it is sum(w * loss) / sum(w), as
    torch.nn.CrossEntropyLoss has it. `class_weights` multiply the loss's own. `logit_adjustment` adds its multiple of
    the log class frequency to the logits in training, so that rare classes have to win by more: Menon et al. 2021
    (https://arxiv.org/abs/2007.07314). A class without images weighs 1 and counts as one image in the frequencies.
    Raises ValueError for a weight of a target that isn't there.
    """
    assert len(counts) == len(targets) and counts.sum() > 0
    loss = LOSSES[settings.loss](settings, counts, targets)
    weights = _class_weights(settings, counts, targets) * loss.class_weights()
    shift = settings.logit_adjustment * np.log(np.maximum(counts, 1) / counts.sum())
    return Criterion(loss, torch.from_numpy(weights).float(), torch.from_numpy(shift).float(), settings.label_smoothing)


def _class_weights(settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str]) -> np.ndarray:
    if settings.class_weights == "none":
        return np.ones(len(counts))
    if settings.class_weights == "balanced":  # scikit-learn's compute_class_weight
        return np.where(counts > 0, counts.sum() / ((counts > 0).sum() * np.maximum(counts, 1)), 1.0)
    return by_target(settings.class_weights, targets, "class_weights")
