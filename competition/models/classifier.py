"""Classifier of a network: its head, replaced by the one that the settings name, and the names of its modules."""

import torch
from torch import nn

from competition.models.heads import HEADS
from competition.models.heads.arcface import ArcFace
from competition.settings.member import NetworkSettings


def set_head(network: nn.Module, settings: NetworkSettings, n_classes: int) -> None:
    """Give `network` (timm's, or with timm's reset_classifier and get_classifier) a new head with `n_classes` outputs.

    Raises ValueError for a head other than linear where the network has no single linear classifier that it could
    replace.
    """
    network.reset_classifier(n_classes)
    head = HEADS[settings.head_name]
    if issubclass(head, nn.Linear):
        return  # the network's own
    linear = network.get_classifier()
    if not isinstance(linear, nn.Linear):
        raise ValueError(
            f"head: {settings.head_name}, but {settings.network} ({type(network).__name__}) has no single linear "
            "classifier that it could replace; set it to linear"
        )
    new = head(linear.in_features, n_classes, settings.drop_rates["drop_rate"])
    network.set_submodule(_name_of(network, linear), new)


def margin_logits(network: nn.Module, logits: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Return the logits (B, C) for the training loss of targets `soft` (B, C), with a margin head's margin."""
    head = network.get_classifier()
    return head.with_margin(logits, soft) if isinstance(head, ArcFace) else logits


def classifier_names(network: nn.Module) -> tuple[str, ...]:
    """Return the names of the modules that output logits: the head, distilled and auxiliary ones too."""
    found = network.get_classifier()
    heads = found if isinstance(found, tuple | list) else (found,)
    return (*(_name_of(network, head) for head in heads), *getattr(network, "auxiliary_names", ()))


def _name_of(network: nn.Module, part: nn.Module) -> str:
    return next(name for name, module in network.named_modules() if module is part)
