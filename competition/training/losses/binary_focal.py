"""Focal loss of several labels: binary cross-entropy that counts a label less the nearer it is to its target."""

import torch

from competition.training.losses import LOSSES
from competition.training.losses.binary_cross_entropy import BinaryCrossEntropy
from competition.training.losses.focal import far


@LOSSES.register
class BinaryFocal(BinaryCrossEntropy):
    """Focal loss of several labels: |t - p|^`focal_gamma` * binary cross-entropy of each label with the target t.

    Of hard targets it is that of Lin et al. 2017 (https://arxiv.org/abs/1708.02002), (1 - p)^`focal_gamma` * -log p
    where a label is there; of smoothed and mixed ones that of Li et al. 2020 (https://arxiv.org/abs/2006.04388).
    """

    kinds = ("multi",)

    def weighted(self, logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        terms = targets * self.present(logits) * weights + (1 - targets) * self.absent(logits)
        return (terms * far(targets, logits.sigmoid(), self.settings.focal_gamma)).mean(dim=1)
