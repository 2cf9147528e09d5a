"""The two networks that find a page: one its corners in a picture, one which way up the straight page is.

Corners of a page whose orientation isn't known have no first one: wherever counting starts, the first jumps to another
corner at some angle. So they are given twice, counted from two directions that jump at different angles, beside the
angle of the page's axes, which says which of the two is far from its jump.

The second network sees the straight page and some of what is around it, larger than the first one did, and says too by
how much the corners are off.
"""

import numpy as np
import torch
from torch import nn

from competition.data.orientations import ORIENTATIONS
from competition.models.networks import Normalisation, create_network, network_to_load
from competition.settings.finetuned import FinetunedSettings
from competition.settings.upright import UprightSettings
from competition.upright.geometry import TOP, UPPER_LEFT, axes_angle, quad_of

CORNERS, ORIENTATION = "corners", "orientation"  # before a tensor's name in a fold's weights
CHANNELS, HIDDEN = 64, 192  # between the network's last map and what says where things lie
MARGIN = 0.06  # of the straight page's square, left free on each side


class PageNetwork(nn.Module):
    """A network of timm's, (B, 3, S, S) -> (B, classes + places): what the whole looks like, and where things lie."""

    def __init__(self, trunk: nn.Module, size: int, classes: int, places: int):
        super().__init__()
        self.trunk = trunk
        trunk.reset_classifier(0)
        with torch.no_grad():
            found = trunk.eval().forward_features(torch.zeros(1, 3, size, size))
            if found.ndim != 4 or found.shape[1] != trunk.num_features:
                raise ValueError(
                    f"upright.network: {type(trunk).__name__} doesn't give maps (channels, height, width); take a "
                    "convolutional network"
                )
            width = trunk.forward_head(found, pre_logits=True).shape[1]
        self.grid = found.shape[2:]  # of the maps at the full size
        self.classes = nn.Linear(width, classes) if classes else None
        self.narrow = nn.Conv2d(found.shape[1], CHANNELS, 1, bias=False)
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.hidden = nn.Linear(CHANNELS * found.shape[2] * found.shape[3], HIDDEN)
        self.places = nn.Linear(HIDDEN, places)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return (B, classes + places); inputs: normalised, (B, 3, S, S), in training of any size."""
        found = self.trunk.forward_features(inputs)
        maps = nn.functional.hardswish(self.norm(self.narrow(found)))
        if maps.shape[2:] != self.grid:
            maps = nn.functional.adaptive_avg_pool2d(maps, self.grid)
        places = self.places(nn.functional.hardswish(self.hidden(maps.flatten(1))))
        if self.classes is None:
            return places
        return torch.cat([self.classes(self.trunk.forward_head(found, pre_logits=True)), places], dim=1)


def corner_network(
    settings: UprightSettings, seed: int, trained: bool = False, plain: bool = False
) -> tuple[PageNetwork, Normalisation]:
    """Return a network from pictures to `corner_targets`; trained: weights are loaded into it afterwards; plain: of
    such a one, of standard layers alone.
    """
    return _network(settings, settings.corners_size, 0, 18, seed, trained, plain)


def orientation_network(
    settings: UprightSettings, seed: int, trained: bool = False, plain: bool = False
) -> tuple[PageNetwork, Normalisation]:
    """Return a network from straight pages to logits of 8 orientations and 8 numbers: by what their corners are off.

    trained, plain: as for `corner_network`.
    """
    return _network(settings, settings.orientation_size, ORIENTATIONS, 8, seed, trained, plain)


def _network(
    settings: UprightSettings, size: int, classes: int, places: int, seed: int, trained: bool, plain: bool
) -> tuple[PageNetwork, Normalisation]:
    described = FinetunedSettings(
        network=settings.network,
        weights=settings.weights,
        size=size,
        frozen_stages=settings.frozen_stages,
        drop_rate=0.0,  # so that nothing in training is random but what is shown
    )
    trunk, normalise = network_to_load(described, 1, plain) if trained else create_network(described, 1, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = PageNetwork(trunk, size, classes, places)
    return network.to(memory_format=torch.channels_last), normalise


def corner_targets(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corner network's target for `corners`, in shares of the picture's side, and what of it counts, (18,).

    Two quads, from the middle of the picture on, then the cosine and sine of four times the axes' angle. A quad doesn't
    count where its first corner is about to jump.
    """
    angle = axes_angle(quad_of(corners))
    quads = [quad_of(corners, direction) - 0.5 for direction in (UPPER_LEFT, TOP)]
    fourfold = np.radians(4 * angle)
    counts = np.repeat([abs(angle) < 37, abs(angle) > 8, True], [8, 8, 2])
    return np.concatenate([*map(np.ravel, quads), [np.cos(fourfold), np.sin(fourfold)]]), counts


def quad_from_output(output: np.ndarray) -> np.ndarray:
    """Return the quad, in shares of the picture's side, from the upper left on, of a corner network's output (18,)."""
    quad = output[:8] if output[16] > 0 else output[8:16]
    return quad_of(quad.reshape(4, 2) + 0.5)
