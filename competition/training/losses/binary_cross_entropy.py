"""Binary cross-entropy of several labels, as torch.nn.BCEWithLogitsLoss has it."""

import torch
from torch.nn import functional

from competition.training.criterion import LabelMean
from competition.training.losses import LOSSES


@LOSSES.register
class BinaryCrossEntropy(LabelMean):
    """Binary cross-entropy: the mean over the labels of -log p, or -log (1 - p) where the label isn't there."""

    kinds = ("multi",)

    def present(self, logits: torch.Tensor) -> torch.Tensor:
        return functional.softplus(-logits)

    def absent(self, logits: torch.Tensor) -> torch.Tensor:
        return functional.softplus(logits)
