"""Cumulative loss of grades: cross-entropy of "this grade or a lower one", so that far mistakes cost more."""

import torch
from torch.nn import functional

from competition.training.criterion import Loss
from competition.training.losses import LOSSES


@LOSSES.register
class Cumulative(Loss):
    """Mean over the C - 1 borders between grades of the binary cross-entropy of the grades up to there.

    The probability of a border is the cumulative sum of the softmax, the target that of the target distribution: the
    ranked probability score with logs in place of squares.
    """

    kinds = ("ordinal",)

    def __call__(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        log_p = functional.log_softmax(logits, dim=1)
        lower = log_p.logcumsumexp(dim=1)[:, :-1]
        higher = log_p.flip(1).logcumsumexp(dim=1).flip(1)[:, 1:]
        share = targets.cumsum(dim=1)[:, :-1]
        return -(share * lower + (targets.sum(dim=1, keepdim=True) - share) * higher).mean(dim=1)
