"""Asymmetric loss of several labels: labels that aren't there, which are most, count less the surer they are."""

import torch
from torch.nn import functional

from competition.training.losses import LOSSES
from competition.training.losses.binary_cross_entropy import BinaryCrossEntropy

_LEAST = 1e-8  # of 1 - p: where p is 1 in float32, its log is infinite


@LOSSES.register
class Asymmetric(BinaryCrossEntropy):
    """Asymmetric loss, Ridnik et al. 2021 (https://arxiv.org/abs/2009.14119), equations 4 to 7.

    (1 - p)^`asymmetric_gamma_present` * -log p where a label is there. Where it isn't, p is moved down first, m =
    max(p - `asymmetric_margin`, 0), and it costs m^`asymmetric_gamma_absent` * -log (1 - m): nothing below the margin.
    Its probabilities are too high for that; a threshold or a calibration has to make up for it.
    """

    kinds = ("multi",)

    def present(self, logits: torch.Tensor) -> torch.Tensor:
        return super().present(logits) * faded(-logits, self.settings.asymmetric_gamma_present)

    def absent(self, logits: torch.Tensor) -> torch.Tensor:
        margin, gamma = self.settings.asymmetric_margin, self.settings.asymmetric_gamma_absent
        if not margin:
            return super().absent(logits) * faded(logits, gamma)
        moved = functional.relu(logits.sigmoid() - margin)
        return -torch.log((1 - moved).clamp(min=_LEAST)) * (moved.clamp(min=_LEAST) ** gamma if gamma else 1.0)


def faded(logits: torch.Tensor, gamma: float) -> torch.Tensor | float:
    """Return sigmoid(logits)^gamma; the slope is finite for any gamma."""
    return torch.exp(gamma * functional.logsigmoid(logits)) if gamma else 1.0
