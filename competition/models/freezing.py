"""Freezing: which parts of a network are trained in an epoch, by the settings `tuning` and `frozen_stages`.

Networks define their layers in the order in which data passes them, so that a cut at a stage's first layer says
which parameters come before it.
"""

from torch import nn

from competition.models.classifier import classifier_names
from competition.settings.finetuned import FinetunedSettings


def frozen_modules(network: nn.Module, settings: FinetunedSettings, epoch: int) -> list[nn.Module]:
    """Set which parameters learn in `epoch` (from 0), and return the modules that don't, largest first.

    They are to be put in evaluation mode after `network.train()`, so that their batch-norm statistics stay as well. May
    be called before every epoch, in any order. Raises ValueError for a network whose stages can't be named, where they
    are asked for.
    """
    return _learn_from(network, _first_learning(network, settings, epoch))


def check_tuning(network: nn.Module, settings: FinetunedSettings) -> None:
    """Raise ValueError if any epoch's part of `network` can't be named; change nothing."""
    for epoch in {0, settings.epochs - 1}:
        _first_learning(network, settings, epoch)


def stage_starts(network: nn.Module) -> list[str]:
    """Return the name of the first module of each stage, from the input up; empty where there is nothing to go by."""
    if hasattr(network, "stage_starts"):
        return list(network.stage_starts)
    for container in ("blocks", "stages", "layers"):
        if isinstance(getattr(network, container, None), nn.Sequential | nn.ModuleList):
            return [f"{container}.{name}" for name, _ in getattr(network, container).named_children()]
    for prefix in ("layer", "s"):  # ResNets, RegNets
        if hasattr(network, f"{prefix}1"):
            return [f"{prefix}{n}" for n in range(1, 10) if hasattr(network, f"{prefix}{n}")]
    return _starts_of_features(getattr(network, "features", None))


def _starts_of_features(features: nn.Module | None) -> list[str]:
    layers = list(features.named_children()) if isinstance(features, nn.Sequential) else []
    blocks = [name for name, _ in layers if name.startswith("denseblock")]  # DenseNets
    # VGGs
    after_pooling = [
        name
        for (_, before), (name, _) in zip([("", nn.MaxPool2d(2)), *layers], layers, strict=False)
        if isinstance(before, nn.MaxPool2d)
    ]
    return [f"features.{name}" for name in blocks or after_pooling]


def _first_learning(network: nn.Module, settings: FinetunedSettings, epoch: int) -> int:
    """Return the position among the network's parameters from which on they learn."""
    if settings.tuning == "head" or (settings.tuning == "gradual" and epoch < settings.unfreeze_epoch):
        return len(list(network.parameters()))
    if settings.tuning == "last_block":
        starts = stage_starts(network)
        if len(starts) < 2:
            raise ValueError(
                f"tuning: last_block, but the last block of {type(network).__name__} can't be told; "
                "choose full, head or gradual"
            )
        return _start_of(network, len(starts) - 1)
    return _start_of(network, settings.frozen_stages)


def _start_of(network: nn.Module, stage: int) -> int:
    if stage == 0:
        return 0
    starts = stage_starts(network)
    if not starts:
        raise ValueError(f"frozen_stages: {type(network).__name__} has no numbered stages; set it to 0")
    if stage >= len(starts):
        raise ValueError(
            f"frozen_stages: {stage}, but {type(network).__name__} has {len(starts)} stages, of which one has to "
            f"learn; at most {len(starts) - 1}, or tuning: head"
        )
    names = [name for name, _ in network.named_parameters()]
    return next(place for place, name in enumerate(names) if name.startswith(f"{starts[stage]}."))


def _learn_from(network: nn.Module, first: int) -> list[nn.Module]:
    heads = tuple(f"{name}." for name in classifier_names(network))
    for place, (name, parameter) in enumerate(network.named_parameters()):
        parameter.requires_grad_(place >= first or name.startswith(heads))
    return _without_learning(network)


def _without_learning(module: nn.Module) -> list[nn.Module]:
    learning = [parameter.requires_grad for parameter in module.parameters()]
    if all(learning):
        return []
    if not any(learning):
        return [module]
    return [frozen for child in module.children() for frozen in _without_learning(child)]
