"""Cross-entropy, as torch.nn.CrossEntropyLoss has it."""

import torch
from torch.nn import functional

from competition.training.criterion import ClassSum
from competition.training.losses import LOSSES


@LOSSES.register
class CrossEntropy(ClassSum):
    """Cross-entropy: -log p of each class, times its share of the target."""

    def per_class(self, logits: torch.Tensor) -> torch.Tensor:
        return -functional.log_softmax(logits, dim=1)
