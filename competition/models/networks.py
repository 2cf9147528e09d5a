"""A network by name, ready to be fine-tuned: its weights, its input's mean and deviation, what is frozen."""

from dataclasses import dataclass

import timm
import torch
from torch import nn

from competition.models.depthwise import with_fast_depthwise
from competition.models.shipped import MEAN_STD, load_shipped, refuse_untouched_statistics
from competition.settings import FeaturesSettings, FinetunedSettings


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each RGB channel, of pixels in 0..1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return uint8 (B, H, W, 3) as normalised float32 (B, 3, H, W), channels-last in memory."""
        scale = 1 / (255 * torch.tensor(self.std))
        shift = torch.tensor(self.mean) / torch.tensor(self.std)
        return torch.addcmul(-shift, pixels.float(), scale).permute(0, 3, 1, 2)


def create_network(settings: FinetunedSettings | FeaturesSettings, n_classes: int, seed: int = 0) -> tuple[nn.Module, Normalisation]:
    """Return a timm network with `n_classes` outputs and its normalisation; the new classifier comes from `seed`.

    Raises ValueError for a name that timm doesn't know and for weights that can't be had, before any work is done.
    """
    name = settings.network
    if not timm.is_model(name):
        near = timm.list_models(f"*{name.split('.')[0][-12:]}*")[:5]
        raise ValueError(f"network {name!r}: timm doesn't know it{'; perhaps ' + ', '.join(near) if near else ''}")
    extra = {key: getattr(settings, key) for key in ("drop_rate", "drop_path_rate") if getattr(settings, key, 0)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _with_weights(name, settings.weights, extra)
        network.reset_classifier(n_classes)
    config = network.pretrained_cfg
    mean, std = MEAN_STD.get(name, (config["mean"], config["std"])) if settings.weights == "shipped" else (config["mean"], config["std"])
    for module in network.modules():
        if hasattr(module, "inplace"):
            module.inplace = False  # on this processor, activations in place are the slower ones (docs/log.md)
    return with_fast_depthwise(network).to(memory_format=torch.channels_last), Normalisation(tuple(mean), tuple(std))


def _with_weights(name: str, weights: str, extra: dict) -> nn.Module:
    if weights == "hub":
        try:
            network = timm.create_model(name, pretrained=True, **extra)
        except Exception as error:  # whatever the hub client raises: it has no base class of its own
            raise ValueError(f"network {name}: the hub's weights can't be had ({type(error).__name__}: {error}); "
                             "set `weights: shipped` or `weights: none`") from error
        refuse_untouched_statistics(network, name)
        return network
    network = timm.create_model(name, pretrained=False, **extra)
    if weights == "shipped":
        load_shipped(network, name)
    return network


def freeze_first_stages(network: nn.Module, stages: int) -> list[nn.Module]:
    """Freeze the stem and the first `stages` stages of a timm network and return them; 0 freezes nothing.

    Their weights get no gradient; keep them in evaluation mode, so that their batch-norm statistics stay too.
    Raises ValueError for a network without stages that timm can name.
    """
    if stages == 0:
        return []
    if not hasattr(network, "blocks") or not hasattr(network, "conv_stem"):
        raise ValueError(f"frozen_stages: {type(network).__name__} has no numbered stages; set it to 0")
    frozen = [network.conv_stem, network.bn1, *network.blocks[:stages]]
    for module in frozen:
        module.requires_grad_(False)
        module.eval()
    return frozen
