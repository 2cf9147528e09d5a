"""ArcFace: angles with a margin."""

import math

import torch
from torch import nn
from torch.nn import functional

from competition.models.heads import HEADS


@HEADS.register
class ArcFace(nn.Module):
    """Cosines of the angles between the features (B, F) and each class's direction, times `scale`: (B, C).

    The margin is added by the training loss: see `with_margin`. Deng et al. 2019, https://arxiv.org/abs/1801.07698.
    """

    kinds = ("single", "ordinal")  # angles against each other
    own_dropout = False

    def __init__(
        self, in_features: int, n_classes: int, drop_rate: float = 0.0, scale: float = 30.0, margin: float = 0.3
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_classes, in_features) / math.sqrt(in_features))
        self.scale, self.margin = scale, margin

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        with torch.autocast(inputs.device.type, enabled=False):  # 8 bits of mantissa are coarser than the margin
            return self.scale * functional.linear(
                functional.normalize(inputs.float()), functional.normalize(self.weight.float())
            )

    def with_margin(self, logits: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
        """Return (B, C) logits whose angles are widened by the margin times the class's share in `soft` (B, C).

        With one-hot rows that is the paper's; with mixed ones each class gets its share of the margin. Where the
        widened angle would pass pi, cosine - margin * sin(margin) goes on falling in its place, as in the authors'
        code.
        """
        cosine, margin = logits / self.scale, self.margin * soft
        sine = (1 - cosine.square()).clamp_min(1e-6).sqrt()
        widened = cosine * margin.cos() - sine * margin.sin()
        return self.scale * torch.where(cosine > -margin.cos(), widened, cosine - margin * margin.sin())
