"""Focal loss: cross-entropy that counts images less the better they are classified."""

import torch

from competition.training.losses import LOSSES
from competition.training.losses.cross_entropy import CrossEntropy

_LEAST = 1e-7  # of a distance: the slope of its power below 1 is infinite at 0


@LOSSES.register
class Focal(CrossEntropy):
    """Focal loss: |t - p|^`focal_gamma` * t * -log p of each class with the share t of the target.

    Of hard targets it is (1 - p)^`focal_gamma` * -log p, Lin et al. 2017 (https://arxiv.org/abs/1708.02002). Of
    smoothed and mixed ones the distance to the target is what Li et al. 2020 (https://arxiv.org/abs/2006.04388) put in
    the place of 1 - p, so that the least loss is where p is the target.
    """

    def __call__(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return self.weighted(logits, targets, torch.ones((), device=logits.device)).sum(dim=1)

    def weighted(self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        terms = super().weighted(logits, targets, weights)
        return terms * far(targets, logits.softmax(dim=1), self.settings.focal_gamma)


def far(targets: torch.Tensor, probabilities: torch.Tensor, gamma: float) -> torch.Tensor | float:
    """Return |targets - probabilities|^gamma; the slope is finite for any gamma."""
    return (targets - probabilities).abs().clamp(min=_LEAST) ** gamma if gamma else 1.0
