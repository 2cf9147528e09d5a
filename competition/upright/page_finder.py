"""The trained networks that find a page in a picture; several, of several folds, answer as their mean."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.special import log_softmax, softmax
from torch import nn

from competition.compute.device import autocast, device, use_bfloat16
from competition.data.letterbox import letterbox
from competition.data.orientations import COMPOSED, ORIENTATIONS, oriented_image
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation
from competition.settings.upright import UprightSettings
from competition.upright.geometry import homography, moved, placed, plausible, straightened, unoriented_offsets, whole
from competition.upright.networks import (
    CORNERS,
    MARGIN,
    ORIENTATION,
    corner_network,
    orientation_network,
    quad_from_output,
)
from competition.upright.page import FoundPage
from competition.upright.photographs import corners_in_picture

VIEWS = (0, 2, 1, 3, 4, 6, 5, 7)  # orientations in which a page is looked at, as far as is needed
CORNER_NETWORKS = 2  # that look at a picture, of more folds: the orientation networks mend what they miss
BATCH_SIZE = 8  # of every batch, padded: what is found in a picture depends on no other one


class PageFinder:
    """Trained networks of one or several folds, in their fastest form. temperature: of the orientations' logits."""

    def __init__(self, weights: Sequence[Path | str], settings: UprightSettings, temperature: float = 1.0):
        self._settings, self._temperature = settings, temperature
        loaded = [load_file(str(path)) for path in weights]
        corners, self._normalise = _load(loaded, CORNERS, corner_network, settings.corners_size, settings)
        orientation, _ = _load(loaded, ORIENTATION, orientation_network, settings.orientation_size, settings)
        self._corners = list(dict.fromkeys(_shared_out(corners, min(settings.views, CORNER_NETWORKS))))
        self._orientation = _shared_out(orientation, settings.views)

    def find(self, pictures: Sequence[np.ndarray], fill: int) -> list[FoundPage]:
        """Return the page in each of `pictures`, uint8 (H, W, 3); where none can be, the whole picture.

        fill: grey level around the picture.
        """
        if not pictures:
            return []
        size, settings = self._settings.orientation_size, self._settings
        small = [letterbox(picture, settings.corners_size, fill) for picture in pictures]
        outputs = self._mean(self._corners, small)
        quads = [
            _quad_or_whole(corners_in_picture(quad_from_output(one), picture), picture)
            for one, picture in zip(outputs, pictures, strict=True)
        ]
        pages = [straightened(picture, quad, size, fill, MARGIN) for picture, quad in zip(pictures, quads, strict=True)]
        logits, offsets = self._seen(pages)
        return [
            FoundPage(_moved(quad, by, size, picture), softmax(one / self._temperature))
            for quad, one, by, picture in zip(quads, logits, offsets, pictures, strict=True)
        ]

    def _seen(self, pages: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return log-probabilities (N, 8) of the orientations that straight `pages` are seen in, and by what their
        corners are off (N, 4, 2), in shares of the side: the means over the views, each with its network. No more views
        are looked at once one orientation is likely enough.
        """
        total, offsets = np.zeros((len(pages), ORIENTATIONS)), np.zeros((len(pages), 4, 2))
        looks, rows = np.zeros(len(pages)), np.arange(len(pages))
        for view, network in zip(VIEWS, self._orientation, strict=False):
            outputs = self._mean([network], [oriented_image(pages[row], view) for row in rows])
            total[rows] += log_softmax(outputs[:, :ORIENTATIONS], axis=1)[:, COMPOSED[:, view]]
            offsets[rows] += unoriented_offsets(outputs[:, ORIENTATIONS:].reshape(-1, 4, 2), view)
            looks[rows] += 1
            rows = rows[softmax(total[rows] / looks[rows, None], axis=1).max(axis=1) <= self._settings.sure]
            if not len(rows):
                break
        return total / looks[:, None], offsets / looks[:, None, None]

    @torch.inference_mode()
    def _mean(self, networks: Sequence[nn.Module], images: Sequence[np.ndarray]) -> np.ndarray:
        """Return the networks' mean output for each image, (N, T)."""
        outputs = []
        for start in range(0, len(images), BATCH_SIZE):
            some = images[start : start + BATCH_SIZE]
            padded = np.stack([*some, *[some[0]] * (BATCH_SIZE - len(some))])
            inputs = self._normalise(torch.from_numpy(padded), device())
            with autocast("auto"):
                answers = [network(inputs).float() for network in networks]
            outputs.append(torch.stack(answers).mean(dim=0)[: len(some)].cpu())
        return torch.cat(outputs).numpy().astype(np.float64)


def _shared_out(networks: Sequence[nn.Module], views: int) -> list[nn.Module]:
    """Return each view's network: in turn; of more networks than views, as many as there are views."""
    count = len(networks)
    return [networks[place * count // views if count > views else place % count] for place in range(views)]


def _load(
    loaded: Sequence[dict[str, torch.Tensor]],
    name: str,
    make: Callable[..., tuple[nn.Module, Normalisation]],
    size: int,
    settings: UprightSettings,
) -> tuple[list[nn.Module], Normalisation]:
    """Return the networks `name` of some folds' tensors, ready to predict at `size` pixels, and their normalisation."""
    networks, bfloat16 = [], use_bfloat16("auto")
    for tensors in loaded:
        network, normalise = make(settings, settings.seed, trained=True)
        network.load_state_dict(
            {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
        )
        networks.append(for_inference(network.to(device()), size, bfloat16))
    return networks, normalise


def _quad_or_whole(quad: np.ndarray, picture: np.ndarray) -> np.ndarray:
    return quad if plausible(quad, picture) else whole(picture)


def _moved(quad: np.ndarray, offsets: np.ndarray, size: int, picture: np.ndarray) -> np.ndarray:
    """Return `quad` with its corners moved by `offsets` (4, 2), which are counted in the straightened square."""
    straight = placed(quad, size, MARGIN)
    better = moved(straight + offsets * size, homography(straight, quad))
    return better if plausible(better, picture) else quad
