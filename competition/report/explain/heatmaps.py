"""Heat maps of where in an image a network found its answer: Grad-CAM, by the library grad-cam.

The last feature map's channels, each weighed by how much it speaks for a class, summed up (Selvaraju et al. 2017,
https://arxiv.org/abs/1610.02391). Convolutional networks, and others whose last features still lie on a grid, are cut
behind that map, so that gradients run through the head alone; of vision transformers, whose answer comes from one
token, it is the map before the last block.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from competition.compute.device import device
from competition.data.image_store import ImageStore
from competition.inference.loader import stack
from competition.members.named import member_named
from competition.models.layers.googlenet import GoogLeNet
from competition.models.networks import Normalisation
from competition.settings.params import Settings

BATCH_SIZE = 16

Reshape = Callable[[torch.Tensor], torch.Tensor]


class NoFeatureMap(ValueError):
    """A network that no heat map can be had of; the message says why."""


class Cut(nn.Module):
    """Network of timm's kind, gradients running no further back than to `map`, its last features."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network, self.map = network, nn.Identity()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            features = self.network.forward_features(inputs)
        return self.network.forward_head(self.map(features.requires_grad_()))


def explain_member(
    name: str,
    settings: Settings,
    n_classes: int,
    store: ImageStore,
    rows: np.ndarray,
    folds: np.ndarray,
    classes: np.ndarray,
) -> tuple[np.ndarray | None, str]:
    """Return heat maps of N packed images, float32 (N, S, S) in 0..1 (see `heat_maps`); or None and why there are none.

    name: the member; S is its size. rows (N,): where the images stand in `store`; folds (N,): whose network is asked
    about each, out of fold the image's own; classes (N,): which class's heat. Raises FileNotFoundError or ValueError
    for weights that aren't there or fit.
    """
    member, asked = settings.described(name), member_named(name, settings)
    if reason := asked.why_no_heat_maps():
        return None, f"No heat maps: {reason}."
    maps = np.zeros((len(rows), member.size, member.size), np.float32)
    try:
        for fold in np.unique(folds).tolist():
            here = np.flatnonzero(folds == fold)
            network, normalise = asked.trained_network(fold, n_classes)
            images = stack(store, rows[here], member.size)
            maps[here] = heat_maps(network.to(device()), normalise, images, classes[here].tolist())
    except NoFeatureMap as reason:
        return None, f"No heat maps: {name}'s network, {member.network}, {reason}."
    return maps, ""


def heat_maps(network: nn.Module, normalise: Normalisation, images: torch.Tensor, classes: Sequence[int]) -> np.ndarray:
    """Return heat maps, float32 (N, S, S) in 0..1, of what speaks for `classes` (N,) in `images`, uint8 (N, S, S, 3).

    Each map's largest value is 1; a map in which nothing speaks for its class is 0 everywhere. `network` is put into
    evaluation mode. Raises NoFeatureMap.
    """
    model, layer, reshape = _looked_at(network.eval(), images.shape[1])
    maps = np.zeros(images.shape[:3], np.float32)
    with GradCAM(model, [layer], reshape) as camera:
        for start in range(0, len(images), BATCH_SIZE):
            part = slice(start, start + BATCH_SIZE)
            targets = [ClassifierOutputTarget(number) for number in classes[part]]
            maps[part] = camera(normalise(images[part]), targets)
    return maps


def _looked_at(network: nn.Module, size: int) -> tuple[nn.Module, nn.Module, Reshape | None]:
    """Return the model to ask, its layer to look at, and what makes that layer's output (B, C, H, W); None: nothing."""
    if isinstance(network, GoogLeNet):
        return network, network.inception5b, None
    if not hasattr(network, "forward_features"):
        raise NoFeatureMap("doesn't give its last features")
    with torch.no_grad():
        features = network.forward_features(torch.zeros(1, 3, size, size, device=next(network.parameters()).device))
    shape = tuple(features.shape) if isinstance(features, torch.Tensor) else ()
    if len(shape) == 4:
        channels_last = shape[1] == shape[2] != shape[3]
        if 1 in (shape[1:3] if channels_last else shape[2:]):
            raise NoFeatureMap(f"sees a page of {size} pixels as a single cell in the end")
        cut = Cut(network)
        return cut, cut.map, _channels_first if channels_last else None
    if len(shape) == 3 and hasattr(getattr(network, "blocks", [None])[-1], "norm1"):
        return network, network.blocks[-1].norm1, _grid_of_tokens(shape[1], getattr(network, "num_prefix_tokens", 0))
    raise NoFeatureMap("has no feature map")


def _channels_first(maps: torch.Tensor) -> torch.Tensor:
    return maps.permute(0, 3, 1, 2)


def _grid_of_tokens(tokens: int, prefixes: int) -> Reshape:
    """Return what lays tokens (B, T, C), without the first `prefixes`, on a square (B, C, side, side)."""
    side = round((tokens - prefixes) ** 0.5)
    if side * side != tokens - prefixes or side == 1:
        raise NoFeatureMap(f"has {tokens - prefixes} tokens, which make no square")
    return lambda found: found[:, prefixes:].transpose(1, 2).unflatten(2, (side, side))
