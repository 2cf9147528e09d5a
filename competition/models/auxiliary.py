"""Auxiliary classifiers: their logits in a network's output, and the training loss with theirs and a head's margin."""

from collections.abc import Callable

import torch
from torch import nn

from competition.models.classifier import margin_logits

# of each auxiliary classifier's loss: Szegedy et al. 2014, https://arxiv.org/abs/1409.4842, section 5
AUXILIARY_WEIGHT = 0.3

Output = torch.Tensor | tuple[torch.Tensor, list[torch.Tensor]]


def split(output: Output) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return (logits (B, C), the auxiliary classifiers' logits, a list of (B, C), mostly empty)."""
    return (output, []) if isinstance(output, torch.Tensor) else (output[0], list(output[1]))


def training_loss(
    network: nn.Module,
    output: Output,
    soft: torch.Tensor,
    criterion: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> torch.Tensor:
    """Return the scalar training loss: `criterion` of the logits, plus 0.3 times that of each auxiliary classifier.

    output: the output of `network` (bare, not wrapped for several devices) in training mode; soft: (B, C) target
    distributions, rows sum to 1; criterion: (logits, soft) -> scalar. A head with a margin gets its margin here.
    """
    logits, auxiliary = split(output)
    loss = criterion(margin_logits(network, logits.float(), soft), soft)
    return loss + AUXILIARY_WEIGHT * sum(criterion(other.float(), soft) for other in auxiliary)
