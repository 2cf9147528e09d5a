"""What stands behind a network's pooled features: linear, dense, deep, or angles with a margin (ArcFace)."""

import math

import torch
from torch import nn
from torch.nn import functional

from competition.settings.member import NetworkSettings

HIDDEN = (512, 256)  # units of the deep head's layers


class RowNorm(nn.BatchNorm1d):
    """Batch-norm of (B, F) in float32; a batch of one row, which has no variance, is normalised by the running
    statistics.
    """

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        inputs = inputs.float()
        if self.training and len(inputs) == 1:
            return functional.batch_norm(
                inputs, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(inputs)


class ArcFace(nn.Module):
    """Cosines of the angles between the features (B, F) and each class's direction, times `scale`: (B, C).

    The margin is the training loss's business: `with_margin`. Deng et al. 2019, https://arxiv.org/abs/1801.07698.
    """

    def __init__(self, in_features: int, n_classes: int, scale: float = 30.0, margin: float = 0.3):
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


def margin_logits(network: nn.Module, logits: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Return the logits (B, C) that the training loss of targets `soft` (B, C) sees; without a margin, the very
    same.
    """
    head = network.get_classifier()
    return head.with_margin(logits, soft) if isinstance(head, ArcFace) else logits


def set_head(network: nn.Module, settings: NetworkSettings, n_classes: int) -> None:
    """Give `network` (timm's, or with timm's reset_classifier and get_classifier) a new head with `n_classes` outputs.

    Raises ValueError for a head other than linear where the network has no single linear classifier that it could
    replace.
    """
    network.reset_classifier(n_classes)
    head = settings.head_name
    if head == "linear":
        return
    linear = network.get_classifier()
    if not isinstance(linear, nn.Linear):
        raise ValueError(
            f"head: {head}, but {settings.network} ({type(network).__name__}) has no single linear classifier that it "
            "could replace; set it to linear"
        )
    network.set_submodule(_name_of(network, linear), _make(head, linear.in_features, n_classes, settings.drop_rate))


def _make(head: str, width: int, n_classes: int, drop_rate: float) -> nn.Module:
    if head == "arcface":
        return ArcFace(width, n_classes)
    if head == "dense":
        return nn.Sequential(RowNorm(width), nn.Dropout(drop_rate), nn.Linear(width, n_classes))
    layers = []
    for units in HIDDEN:
        layers += [nn.Linear(width, units, bias=False), RowNorm(units), nn.ReLU(), nn.Dropout(drop_rate)]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, n_classes))


def has_own_dropout(settings: NetworkSettings) -> bool:
    """Return whether the head drops units itself, so that the network's dropout before it has to stay out."""
    return settings.head_name in ("dense", "deep")


def classifier_names(network: nn.Module) -> tuple[str, ...]:
    """Return the names of the modules that answer with classes: the head, distilled and auxiliary ones too."""
    found = network.get_classifier()
    heads = found if isinstance(found, tuple | list) else (found,)
    return (*(_name_of(network, head) for head in heads), *getattr(network, "auxiliary_names", ()))


def _name_of(network: nn.Module, part: nn.Module) -> str:
    return next(name for name, module in network.named_modules() if module is part)
