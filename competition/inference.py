"""Probabilities of packed images, by dihedral test-time augmentation.

Twenty passes of random flips and quarter turns hold at most eight different views. Each is computed once and weighted by
how many passes drew it (`voting.view_weights`), which is the very same vote.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from competition.batches import batches, dihedral
from competition.models.networks import Normalisation
from competition.models.processor import device, use_bfloat16
from competition.shards import ImageStore

BATCH_SIZE = 32


@torch.inference_mode()
def predict_proba(network: nn.Module, normalise: Normalisation, store: ImageStore, rows: np.ndarray, size: int, precision: str,
                  weights: np.ndarray, tick: Callable[[int], object] = lambda images: None) -> np.ndarray:
    """Return probabilities (N, C), float32, rows sum to 1, of the packed squares `rows` (N,) at `size` pixels.

    `weights` (8,), sums to 1: the share of each dihedral view in the vote; a view of weight 0 is not computed.
    `tick` is told of each batch's images.
    """
    where, bfloat16 = device(), use_bfloat16(precision)
    network.eval()
    parts = []
    for pixels, _ in batches(store, rows, size, BATCH_SIZE):
        inputs, total = normalise(pixels).to(where), 0.0
        for element in np.flatnonzero(weights):
            view = dihedral(inputs, int(element), (2, 3)).contiguous(memory_format=torch.channels_last)
            with torch.autocast(where.type, torch.bfloat16, enabled=bfloat16):
                logits = network(view)
            total = total + float(weights[element]) * logits.float().softmax(dim=1)
        parts.append(total.cpu().numpy())
        tick(len(pixels))
    return np.concatenate(parts) if parts else np.zeros((0, network.num_classes), np.float32)
