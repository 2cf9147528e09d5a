"""Predictions of the device, one look and all views, against those that the network itself gives on the CPU."""

import numpy as np
import torch
from gpu.parts.training import trained
from gpu.scale import Check
from torch import nn

from competition.data.orientations import oriented_image
from competition.inference.loader import stack
from competition.inference.predictor import Predictor
from competition.inference.tta import orientation_weights

# of a probability: a GPU's float32 convolutions round to TF32's 10 bits of mantissa, bfloat16 has 7, float16 10
TOLERANCES = {"float32": 0.01, "bfloat16": 0.1, "float16": 0.02}
BATCH_SIZE = 16


def run(check: Check) -> dict:
    """Return the largest difference of a probability, of each network, precision and number of views.

    `spread`: the standard deviation of the CPU's probabilities over the images: next to it a difference says something.
    """
    found, wrong = {}, []
    rows = np.arange(min(check.scale.looked_at, len(check.fold().test_ids)))
    for name in check.scale.networks:
        _, network, normalise = trained(check, name, learning_rate=0.003)
        store, size = check.fold().test_store, check.scale.size
        for views, weights in {"one view": np.eye(8)[0], "all views": orientation_weights(20, 0)}.items():
            expected = on_the_cpu(network, normalise, [stack(store, np.array([row]), size)[0] for row in rows], weights)
            found[f"{name} {views} spread"] = float(f"{expected.std(axis=0).mean():.2g}")
            for precision in ("float32", *check.precisions):
                answers = Predictor.of(network, normalise, size, precision)(store, rows, weights)
                difference = float(np.abs(answers - expected).max())
                found[f"{name} {views} {precision}"] = float(f"{difference:.2g}")
                if not difference <= TOLERANCES[precision]:
                    wrong.append(f"{name} {views} {precision}: {difference:.2g} above {TOLERANCES[precision]}")
    assert not wrong, "; ".join(wrong) + f"; all: {found}"
    return found | check.left_out | {"tolerances": TOLERANCES}


@torch.no_grad()
def on_the_cpu(network: nn.Module, normalise, images: list[torch.Tensor], weights: np.ndarray) -> np.ndarray:
    """Return probabilities (N, C) of uint8 images (S, S, 3), plainly: each view by itself, in float32."""
    network = network.cpu().eval()
    total = 0.0
    for orientation in np.flatnonzero(weights):
        turned = [np.ascontiguousarray(oriented_image(image.numpy(), orientation)) for image in images]
        parts = torch.from_numpy(np.stack(turned)).split(BATCH_SIZE)
        total = total + weights[orientation] * torch.cat([network(normalise(part)).softmax(1) for part in parts])
    return total.numpy()
