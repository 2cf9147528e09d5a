"""Criterion of fine-tuning: a loss with label smoothing, class weights, logit adjustment and the mean over a step.

All on target distributions (of several labels: shares in [0, 1], each by itself), so that mixed and smoothed labels
need no code of their own. A loss (see `training.losses`) is a subclass of `Loss`: anything from logits and targets to a
value per image.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch

from competition.settings.finetuned import FinetunedSettings
from competition.training.losses import AUTO, LOSSES
from competition.training.sampling import by_target

MOST_WEIGHT = 100.0  # of a rare label: a step of few images is not to be all about one of them


class Loss(ABC):
    """Loss per image of logits (B, C), float32, and target distributions (B, C), whose rows sum to 1.

    settings: the member's; counts: (C,) training images of each class, whose labels are `targets`. kinds: of labels
    that it is for, written in the class itself where they are others than these.
    """

    kinds: ClassVar[tuple[str, ...]] = ("single", "ordinal")

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


class LabelMean(Loss):
    """A loss of several labels: the mean over them of what each costs where it is there, and where it isn't.

    Its targets are shares in [0, 1], each by itself.
    """

    @abstractmethod
    def present(self, logits: torch.Tensor) -> torch.Tensor:
        """Return (B, C): the loss of each label if the image has it."""

    @abstractmethod
    def absent(self, logits: torch.Tensor) -> torch.Tensor:
        """Return (B, C): the loss of each label if the image doesn't have it."""

    def __call__(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return self.weighted(logits, targets, torch.ones(()))

    def weighted(self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return (B,): each image's loss; `weights` (C,) are of labels that are there, 1 of those that aren't."""
        return (targets * self.present(logits) * weights + (1 - targets) * self.absent(logits)).mean(dim=1)


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
        return self.loss.weighted(logits, self._smoothed(soft), self.weights.to(logits.device)).sum() / self.mass(soft)

    def mass(self, soft: torch.Tensor) -> torch.Tensor:
        """Return the weight of targets `soft` (B, C): B where all classes weigh 1.

        The gradients of a batch's parts, each times mass(part) / mass(batch), add up to the whole batch's.
        """
        return (soft * self.weights.to(soft.device)).sum()

    def _smoothed(self, soft: torch.Tensor) -> torch.Tensor:
        return soft * (1 - self.smoothing) + self.smoothing / soft.shape[1]


@dataclass(frozen=True)
class LabelsCriterion(Criterion):
    """Criterion of several labels: the mean over images, each of mass 1; smoothing goes towards each label's `shares`.

    weights: of labels that are there. shares: (C,) of the training images that have a label, so that smoothing leaves
    the mean of the targets as it is, where a half would make rare labels frequent.
    """

    shares: torch.Tensor = field(kw_only=True)

    def mass(self, soft: torch.Tensor) -> torch.Tensor:
        return torch.full((), float(len(soft)), device=soft.device)

    def _smoothed(self, soft: torch.Tensor) -> torch.Tensor:
        return soft * (1 - self.smoothing) + self.smoothing * self.shares.to(soft.device)


def make_criterion(
    settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str], images: float | None = None
) -> Criterion:
    """Return the criterion that `settings` name; images: how many an epoch shows, of several labels, else None.

    counts: (C,) images of each of `targets` that an epoch shows. With class weights w it is sum(w * loss) / sum(w), as
    torch.nn.CrossEntropyLoss has it. `class_weights` multiply the loss's own. `logit_adjustment` adds its multiple of
    the log class frequency to the logits in training, so that rare classes have to win by more: Menon et al. 2021
    (https://arxiv.org/abs/2007.07314). A class without images weighs 1 and counts as one image in the frequencies.

    Of several labels the weights are of labels that are there ("balanced": images without it over images with it, at
    most MOST_WEIGHT), and the adjustment adds the log odds of each label.
    Raises ValueError for a weight of a target that isn't there, and for a loss of other labels.
    """
    several = images is not None
    assert len(counts) == len(targets) and (several or counts.sum() > 0)
    name = AUTO[several] if settings.loss == "auto" else settings.loss
    if not ({*LOSSES[name].kinds} & ({"multi"} if several else {"single", "ordinal"})):
        raise ValueError(f"loss: {name} is for labels {' and '.join(LOSSES[name].kinds)}; take auto, or another")
    loss = LOSSES[name](settings, counts, targets)
    own = loss.class_weights()
    if several:
        return _labels_criterion(loss, _label_weights(settings, counts, targets, images) * own, counts, images)
    weights = _class_weights(settings, counts, targets) * own
    shift = settings.logit_adjustment * np.log(np.maximum(counts, 1) / counts.sum())
    return Criterion(loss, torch.from_numpy(weights).float(), torch.from_numpy(shift).float(), settings.label_smoothing)


def _labels_criterion(loss: Loss, weights: np.ndarray, counts: np.ndarray, images: float) -> LabelsCriterion:
    settings, odds = loss.settings, (counts + 0.5) / (images - counts + 0.5)
    tensors = [torch.from_numpy(values).float() for values in (weights, settings.logit_adjustment * np.log(odds))]
    shares = torch.from_numpy(counts / images).float()
    return LabelsCriterion(loss, *tensors, settings.label_smoothing, shares=shares)


def _label_weights(
    settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str], images: float
) -> np.ndarray:
    if settings.class_weights != "balanced":
        return _class_weights(settings, counts, targets)
    return np.where(counts > 0, np.minimum((images - counts) / np.maximum(counts, 1), MOST_WEIGHT), 1.0)


def _class_weights(settings: FinetunedSettings, counts: np.ndarray, targets: Sequence[str]) -> np.ndarray:
    if settings.class_weights == "none":
        return np.ones(len(counts))
    if settings.class_weights == "balanced":  # scikit-learn's compute_class_weight
        return np.where(counts > 0, counts.sum() / ((counts > 0).sum() * np.maximum(counts, 1)), 1.0)
    return by_target(settings.class_weights, targets, "class_weights")
