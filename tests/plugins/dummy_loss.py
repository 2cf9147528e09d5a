"""Brier score as a loss: `plugins: [tests/plugins/dummy_loss.py]`, `loss: dummy_loss`."""

import torch

from competition.training.criterion import Loss
from competition.training.losses import LOSSES


@LOSSES.register
class Brier(Loss):
    """Squared distance of the probabilities from the target distribution."""

    def __call__(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return (logits.softmax(dim=1) - targets).square().sum(dim=1)
