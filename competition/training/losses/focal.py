"""Focal loss: cross-entropy that counts images less the better they are classified."""

import torch

from competition.training.losses import LOSSES
from competition.training.losses.cross_entropy import CrossEntropy

_LEAST_DOUBT = 1e-7  # of 1 - p: the slope of its power below 1 is infinite at 0


@LOSSES.register
class Focal(CrossEntropy):
    """Focal loss: (1 - p)^`focal_gamma` * -log p of each class, Lin et al. 2017 (https://arxiv.org/abs/1708.02002)."""

    def per_class(self, logits: torch.Tensor) -> torch.Tensor:
        surprise, gamma = super().per_class(logits), self.settings.focal_gamma
        if not gamma:
            return surprise
        doubt = -torch.expm1(-surprise)  # 1 - p
        return surprise * doubt.clamp(min=_LEAST_DOUBT) ** gamma
