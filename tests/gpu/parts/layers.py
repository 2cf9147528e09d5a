"""What only a GPU goes through: its branch of our layers, pinned batches, several decoding threads."""

import copy

import numpy as np
import torch
from gpu.scale import Check, Skipped
from torch import nn

from competition.compute.device import feeding_threads
from competition.inference.loader import stack
from competition.models.layers.fusion import for_inference
from competition.models.networks import create_network

TOLERANCE = 1e-3  # relative, of the largest gradient


def run(check: Check) -> dict:
    """Return how far gradients are from the CPU's, and whether batch-norm is folded and batches are pinned."""
    if check.device.type != "cuda":
        raise Skipped("no GPU: the branches of a GPU are what is checked here")
    settings = check.member("lite0", network="tf_efficientnet_lite0")
    network, normalise = create_network(settings, len(check.targets), settings.seed)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, settings.size, settings.size, 3), np.uint8))
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        expected, found = (
            _gradients(copy.deepcopy(network).to(here), normalise(images, here))
            for here in (torch.device("cpu"), check.device)
        )
    difference = max(float((expected[key] - found[key]).abs().max() / expected[key].abs().max()) for key in expected)
    fast = for_inference(network.to(check.device), settings.size, bfloat16=True)
    norms = sum(isinstance(layer, nn.BatchNorm2d) for layer in fast.modules())
    pinned = stack(check.fold().test_store, np.arange(2), check.scale.size).is_pinned()
    facts = {"gradients": float(f"{difference:.2g}"), "batch_norms_left": norms, "pinned": pinned}
    facts["threads"] = feeding_threads()
    assert difference < TOLERANCE and norms == 0 and pinned, facts
    return facts


def _gradients(network: nn.Module, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    network.eval()(inputs).square().sum().backward()  # dropout and batch statistics are off
    return {name: parameter.grad.cpu() for name, parameter in network.named_parameters()}
