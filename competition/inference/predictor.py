"""Probabilities of packed images, with test-time augmentation over flips and quarter turns.

Twenty passes hold at most 8 different orientations. Each is computed once and weighted by how many passes drew it
(`tta.orientation_weights`), which is the same mean.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from competition.compute.device import autocast, free_memory, use_bfloat16
from competition.compute.distributed import processes
from competition.compute.memory import is_out_of_memory
from competition.data.image_store import ImageStore
from competition.inference.loader import batches
from competition.inference.tta import oriented_batch, view_weights
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation

BATCH_SIZES = {"cuda": 128}  # by device; small ones keep a GPU waiting
BATCH_SIZE = 32  # of a CPU

Tick = Callable[[int], object]


@dataclass(frozen=True)
class Predictor:
    """A trained network in its fastest form: in bfloat16 probabilities are off by up to about 0.05."""

    network: nn.Module
    normalise: Normalisation
    size: int
    precision: str
    several: bool = False  # labels an image: a sigmoid in the softmax's place

    @classmethod
    def of(
        cls, network: nn.Module, normalise: Normalisation, size: int, precision: str, several: bool = False
    ) -> "Predictor":
        """Return the predictor of `network` at `size` pixels in `precision`; several: labels an image."""
        fast = for_inference(network.to(processes().device), size, use_bfloat16(precision))
        return cls(fast, normalise, size, precision, several)

    def __call__(
        self, store: ImageStore, rows: np.ndarray, weights: np.ndarray | None, tick: Tick = lambda images: None
    ) -> np.ndarray:
        """Return probabilities (N, C), float32, of the packed images `rows` (N,); see `predict_proba`."""
        return predict_proba(
            self.network, self.normalise, store, rows, self.size, self.precision, weights, tick, self.several
        )


@torch.inference_mode()
def predict_proba(
    network: nn.Module,
    normalise: Normalisation,
    store: ImageStore,
    rows: np.ndarray,
    size: int,
    precision: str,
    weights: np.ndarray | None,
    tick: Tick = lambda images: None,
    several: bool = False,
) -> np.ndarray:
    """Return probabilities (N, C), float32, of the packed images `rows` (N,) at `size` pixels.

    Rows sum to 1; with `several` each label has its own, in [0, 1].
    `weights` (8,), sums to 1: of the orientations in the mean, see `tta.view_weights`; one of weight 0 is not computed.
    `tick` is told of each batch's images. Where memory runs out, it is asked about fewer images at once; raises
    MemoryError where it isn't enough for one. Several processes take whole batches in turn, so that each is computed as
    one process would, and all get all probabilities; then `tick` counts what the others do meanwhile.
    """
    weights = view_weights(store, rows, weights)
    group = processes()
    network.eval()

    def asked(inputs: torch.Tensor) -> torch.Tensor:
        with autocast(precision):
            logits = network(inputs)
        return logits.float().sigmoid() if several else logits.float().softmax(dim=1)

    answered = InParts(asked)
    if weights.ndim == 2:
        return _predict_views(answered, normalise, store, rows, size, weights, tick)
    at_once = BATCH_SIZES.get(group.device.type, BATCH_SIZE)
    places, parts = _places(len(rows), at_once), []
    for pixels, positions in batches(store, rows[places], size, at_once):
        inputs, total = normalise(pixels, group.device), 0.0
        for orientation in np.flatnonzero(weights):
            turned = oriented_batch(inputs, orientation, (2, 3)).contiguous(memory_format=torch.channels_last)
            total = total + float(weights[orientation]) * answered(turned)
        parts.append(total)
        first = int(places[positions[0]])
        tick(min(len(rows), first + group.count * at_once) - first)
    own = torch.cat(parts).cpu() if parts else torch.zeros(0, network.num_classes)
    return group.gather_rows(own, torch.from_numpy(places), len(rows)).numpy()


def _predict_views(
    answered: Callable[[torch.Tensor], torch.Tensor],
    normalise: Normalisation,
    store: ImageStore,
    rows: np.ndarray,
    size: int,
    weights: np.ndarray,
    tick: Tick,
) -> np.ndarray:
    """Return `predict_proba` of images with weights (N, 8) of their own: each view of weight above 0 is an image.

    answered: from inputs to probabilities.
    """
    group = processes()
    images, orientations = np.nonzero(weights)
    at_once = BATCH_SIZES.get(group.device.type, BATCH_SIZE)
    places, parts = _places(len(images), at_once), []
    done = 0
    for pixels, positions in batches(store, rows[images[places]], size, at_once, orientations[places]):
        parts.append(answered(normalise(pixels, group.device)))
        reached = int(images[min(len(images) - 1, places[positions[-1]] + (group.count - 1) * at_once)])
        tick(reached - done)
        done = reached
    tick(len(rows) - done)
    own = torch.cat(parts).cpu() if parts else answered(torch.zeros(1, 3, size, size, device=group.device))[:0].cpu()
    views = group.gather_rows(own, torch.from_numpy(places), len(images)).numpy()
    total = np.zeros((len(rows), views.shape[1]), np.float32)
    np.add.at(total, images, weights[images, orientations, None].astype(np.float32) * views)
    return total


def _places(rows: int, at_once: int) -> np.ndarray:
    """Return the positions (B,) of the batches of `at_once` that this process computes: every count-th batch."""
    group = processes()
    return np.flatnonzero(np.arange(rows) // at_once % group.count == group.index)


class InParts:
    """`answer`, from inputs (B, ...) to (B, C), in as many parts as memory needs; once too small stays too small."""

    def __init__(self, answer: Callable[[torch.Tensor], torch.Tensor]):
        self._answer, self._most = answer, None

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        while True:
            try:
                if self._most is None:
                    return self._answer(inputs)
                return torch.cat([self._answer(part) for part in inputs.split(self._most)])
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            free_memory()
            images = min(self._most or len(inputs), len(inputs))
            if images == 1:
                raise MemoryError("out of memory with a single image")
            self._most = -(-images // 2)
