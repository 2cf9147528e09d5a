"""Parameter groups of an optimizer: decayed or not, and by depth where the learning rate falls with it."""

from contextlib import contextmanager

import torch
from torch import nn

from competition.settings.finetuned import FinetunedSettings
from competition.training.optimizers import OPTIMIZERS


def make_optimizer(network: nn.Module, settings: FinetunedSettings, everything: bool = False) -> torch.optim.Optimizer:
    """Return the optimizer that `settings` name; its groups' `lr` is the peak rate, the first group's is the highest.

    Frozen parameters (requires_grad False) are left out, unless `everything`: then those that are unfrozen later are
    there already, and are passed over as long as they have no gradient.

    Biases, norms, and what timm's network itself excepts (position embeddings) have no weight decay. `layer_decay`
    multiplies the rate once per layer from the head down, by timm's own grouping. Raises ValueError if `layer_decay` is
    asked of a network whose layers timm can't tell.
    """
    return OPTIMIZERS[settings.optimizer](parameter_groups(network, settings, everything), settings)


def parameter_groups(network: nn.Module, settings: FinetunedSettings, everything: bool = False) -> list[dict]:
    """Return groups with `params`, `weight_decay` and `lr`, highest `lr` first; see `make_optimizer`."""
    excepted = set(network.no_weight_decay()) if hasattr(network, "no_weight_decay") else set()
    if settings.layer_decay < 1:
        return _groups_by_layer(network, settings, excepted, everything)
    trained = [
        (name, parameter) for name, parameter in network.named_parameters() if everything or parameter.requires_grad
    ]
    plain = {name for name, parameter in trained if parameter.ndim <= 1 or name in excepted}
    groups = [
        {
            "params": [parameter for name, parameter in trained if name not in plain],
            "weight_decay": settings.weight_decay,
        },
        {"params": [parameter for name, parameter in trained if name in plain], "weight_decay": 0.0},
    ]
    return [group | {"lr": settings.learning_rate} for group in groups if group["params"]]


def _groups_by_layer(
    network: nn.Module, settings: FinetunedSettings, excepted: set[str], everything: bool
) -> list[dict]:
    if not hasattr(network, "group_matcher"):
        raise ValueError(
            f"layer_decay: {settings.layer_decay}, but the layers of {settings.network} ({type(network).__name__}) "
            "have no order that timm knows; set it to 1"
        )
    from timm.optim import param_groups_layer_decay  # takes seconds

    with _all_trained(network, everything):
        groups = param_groups_layer_decay(network, settings.weight_decay, excepted, layer_decay=settings.layer_decay)
    groups.sort(key=lambda group: -group["lr_scale"])
    return [
        {
            "params": group["params"],
            "weight_decay": group["weight_decay"],
            "lr": settings.learning_rate * group["lr_scale"],
        }
        for group in groups
    ]


@contextmanager
def _all_trained(network: nn.Module, everything: bool):
    """timm passes over frozen parameters: with `everything` none is frozen within."""
    frozen = [parameter for parameter in network.parameters() if everything and not parameter.requires_grad]
    for parameter in frozen:
        parameter.requires_grad_(True)
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)
