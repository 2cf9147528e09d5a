"""Two epochs of each network in each precision: losses and weights are numbers, and the images are learnt from."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import torch
from gpu.scale import Check, are_finite

from competition.models.networks import create_network
from competition.training.fit import fit
from competition.training.run import TrainingResult


def run(check: Check) -> dict:
    """Return seconds, losses, images/s and gigabytes of each network and precision."""
    found = {}
    for name in check.scale.networks:
        for precision in check.precisions:
            if check.device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            began = perf_counter()
            result = trained(check, name, precision=precision)[0]
            row = {"seconds": round(perf_counter() - began, 1)}
            row["loss"] = [round(one["loss"], 4) for one in result.history]
            row["images_per_s"] = [round(one["images_per_s"], 1) for one in result.history]
            if check.device.type == "cuda":
                row["gigabytes"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
            found[f"{name} {precision}"] = row
            assert len(result.history) == 2 and all(map(math.isfinite, row["loss"])), f"{name} {precision}: {row}"
            assert are_finite(list(result.best_weights.values())), f"{name} {precision}: weights are no numbers"
    return found | check.left_out


def trained(check: Check, name: str, **changes: object) -> tuple[TrainingResult, torch.nn.Module, object]:
    """Return the result of training `name`, the network and its normalisation."""
    settings = check.member(name, **changes)
    network, normalise = create_network(settings, len(check.targets), settings.seed)
    with TemporaryDirectory() as folder:
        result = fit(network, normalise, check.fold(), settings, Path(folder) / "state.pt", targets=check.targets)
    return result, network, normalise
