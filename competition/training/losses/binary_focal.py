"""Focal loss of several labels: binary cross-entropy that counts a label less the surer it is."""

import torch

from competition.training.losses import LOSSES
from competition.training.losses.binary_cross_entropy import BinaryCrossEntropy


@LOSSES.register
class BinaryFocal(BinaryCrossEntropy):
    """Focal loss of several labels, Lin et al. 2017 (https://arxiv.org/abs/1708.02002).

    (1 - p)^`focal_gamma` * -log p where a label is there, p^`focal_gamma` * -log (1 - p) where it isn't.
    """

    kinds = ("multi",)

    def present(self, logits: torch.Tensor) -> torch.Tensor:
        return super().present(logits) * faded(-logits, self.settings.focal_gamma)

    def absent(self, logits: torch.Tensor) -> torch.Tensor:
        return super().absent(logits) * faded(logits, self.settings.focal_gamma)


def faded(logits: torch.Tensor, gamma: float) -> torch.Tensor | float:
    """Return sigmoid(logits)^gamma; the slope is finite for any gamma."""
    return torch.exp(gamma * torch.nn.functional.logsigmoid(logits)) if gamma else 1.0
