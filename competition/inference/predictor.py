"""Probabilities of packed images, by dihedral test-time augmentation.

Twenty passes of random flips and quarter turns hold at most eight different views. Each is computed once and weighted
by how many passes drew it (`voting.view_weights`), which is the very same vote.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import torch
from torch import nn

from competition.compute.device import autocast, use_bfloat16
from competition.compute.distributed import processes
from competition.data.image_store import ImageStore
from competition.inference.loader import batches, dihedral
from competition.models.layers.fusion import for_inference
from competition.models.networks import Normalisation

BATCH_SIZE = 32
CLOSE = 0.1  # between the two likeliest classes' probabilities: twice what bfloat16 moves each by
MANY = 100  # close calls that take so long that it is said

Tick = Callable[[int], object]


@dataclass(frozen=True)
class Predictor:
    """A trained network, made ready to answer many images: fast, and where it is a close call, once more in float32.

    In bfloat16 probabilities are off by up to about 0.05, which decides nothing but close calls; those few images are
    worth the time.
    """

    fast: nn.Module
    exact: nn.Module | None  # None where `fast` computes in float32, or close calls may stay as they are
    normalise: Normalisation
    size: int
    precision: str
    again_seconds: list[float] = field(default_factory=list)  # of close calls, each time that some were made again

    @classmethod
    def of(
        cls, network: nn.Module, normalise: Normalisation, size: int, precision: str, again: bool = True
    ) -> "Predictor":
        """Return the predictor of `network` at `size` pixels in `precision`, where the work goes; again: close calls
        are made once more.
        """
        network = network.to(processes().device)
        quick = again and (precision == "float16" or use_bfloat16(precision))
        exact = for_inference(network, size, bfloat16=False) if quick else None
        return cls(for_inference(network, size, use_bfloat16(precision)), exact, normalise, size, precision)

    def __call__(
        self, store: ImageStore, rows: np.ndarray, weights: np.ndarray, tick: Tick = lambda images: None
    ) -> np.ndarray:
        """Return probabilities (N, C), float32, of the packed squares `rows` (N,); see `predict_proba`."""
        probabilities = predict_proba(self.fast, self.normalise, store, rows, self.size, self.precision, weights, tick)
        if self.exact is not None and len(rows):
            began = perf_counter()
            second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
            close = np.flatnonzero(first - second < CLOSE)
            if len(close) > MANY:
                processes().say(f"{len(close)} of {len(rows)} answers are close calls, made again in float32")
            probabilities[close] = predict_proba(
                self.exact, self.normalise, store, rows[close], self.size, "float32", weights
            )
            self.again_seconds.append(perf_counter() - began)
        return probabilities


@torch.inference_mode()
def predict_proba(
    network: nn.Module,
    normalise: Normalisation,
    store: ImageStore,
    rows: np.ndarray,
    size: int,
    precision: str,
    weights: np.ndarray,
    tick: Tick = lambda images: None,
) -> np.ndarray:
    """Return probabilities (N, C), float32, rows sum to 1, of the packed squares `rows` (N,) at `size` pixels.

    `weights` (8,), sums to 1: the share of each dihedral view in the vote; a view of weight 0 is not computed. `tick`
    is told of each batch's images. Several processes take whole batches in turn, so that each is computed as one
    process would, and all get all probabilities; then `tick` counts what the others do meanwhile.
    """
    crew = processes()
    where = crew.device
    network.eval()
    places, parts = _places(len(rows), crew.index, crew.count), []
    for pixels, positions in batches(store, rows[places], size, BATCH_SIZE):
        inputs, total = normalise(pixels).to(where), 0.0
        for element in np.flatnonzero(weights):
            view = dihedral(inputs, int(element), (2, 3)).contiguous(memory_format=torch.channels_last)
            with autocast(precision):
                logits = network(view)
            total = total + float(weights[element]) * logits.float().softmax(dim=1)
        parts.append(total.cpu())
        first = int(places[positions[0]])
        tick(min(len(rows), first + crew.count * BATCH_SIZE) - first)
    own = torch.cat(parts) if parts else torch.zeros(0, network.num_classes)
    return crew.put_together(own, torch.from_numpy(places), len(rows)).numpy()


def _places(rows: int, index: int, count: int) -> np.ndarray:
    """Return the positions (B,) of the batches that process `index` of `count` computes: every count-th batch."""
    return np.flatnonzero(np.arange(rows) // BATCH_SIZE % count == index)
