"""Memory that runs out: smaller batches where that helps, else one sentence that says what to do.

A GPU's memory is limited for this process; on a CPU the network refuses more images than a few, as torch would.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from gpu.scale import Check
from torch import nn

from competition.inference.predictor import predict_proba
from competition.models.networks import create_network
from competition.training.fit import fit

SAID = "images at once from now on"
REFUSED = "out of memory with 2 images at once"


def run(check: Check) -> dict:
    """Return what the project said, and what it did: trained on, refused, predicted."""
    batch_size = 8 * check.scale.batch_size
    found = {"halved": _trained(check, batch_size, check.scale.batch_size // 2, 2.0)}
    assert SAID in found["halved"], f"no smaller batch: {found['halved']!r}"
    assert "ended" in found["halved"], f"training didn't go on: {found['halved']!r}"
    found["too_small"] = _trained(check, batch_size, 1, 0.02)
    assert found["too_small"].startswith("ValueError") and REFUSED in found["too_small"], found["too_small"]
    found["predicted"] = _predicted(check)
    return found


def _trained(check: Check, batch_size: int, images: int, gigabytes: float) -> str:
    """Return what was printed and raised by a training of `batch_size` where only `images`, or so, have room."""
    settings = check.member("lite0", batch_size=batch_size, epochs=1, precision="bfloat16")
    network, normalise = create_network(settings, len(check.targets), settings.seed)
    data = check.fold()
    data = _repeated(data, batch_size)
    printed = io.StringIO()
    with TemporaryDirectory() as folder, redirect_stdout(printed), too_little(network, check, images, gigabytes):
        try:
            fit(network, normalise, data, settings, Path(folder) / "state.pt", targets=check.targets)
        except (RuntimeError, MemoryError, ValueError) as error:
            return f"{type(error).__name__}: {str(error)[:300]}"
    return printed.getvalue().strip()[:300] + "; ended"


def _repeated(data, images: int):
    from dataclasses import replace

    times = -(-images // len(data.train_labels))
    return replace(data, train_rows=data.train_rows * times, train_labels=np.tile(data.train_labels, times))


def _predicted(check: Check) -> float:
    """Return the largest difference of a probability from what all memory gives."""
    settings = check.member("lite0", precision="float32")
    network, normalise = create_network(settings, len(check.targets), settings.seed)
    network.to(check.device)
    data = check.fold()
    rows = np.resize(np.arange(len(data.test_ids)), 256)
    asked = (network, normalise, data.test_store, rows, check.scale.size, "float32", np.eye(8)[0])
    expected = predict_proba(*asked)
    with too_little(network, check, 5, 0.1) as refused:
        found = predict_proba(*asked)
    assert refused() > 0, "memory didn't run out: nothing was tried"
    difference = float(np.abs(found - expected).max())
    assert difference < 0.01, f"predictions in parts differ by {difference}"
    return difference


@contextmanager
def too_little(network: nn.Module, check: Check, images: int, gigabytes: float) -> Iterator:
    """Limit memory to `gigabytes` beside what is taken, of a GPU; of a CPU to what `images` at once would need.

    Yields a function that returns how often it ran out.
    """
    if check.device.type == "cuda":
        network.to(check.device)
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(0).total_memory
        before = torch.cuda.memory_stats().get("num_ooms", 0)
        torch.cuda.set_per_process_memory_fraction(min(1.0, (torch.cuda.memory_reserved() + gigabytes * 2**30) / total))
        try:
            yield lambda: torch.cuda.memory_stats()["num_ooms"] - before
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        return
    refused = []

    def refuse(module: nn.Module, given: tuple) -> None:
        if len(given[0]) > images:
            refused.append(len(given[0]))
            raise torch.OutOfMemoryError(f"{len(given[0])} images")

    hook = network.register_forward_pre_hook(refuse)
    try:
        yield lambda: len(refused)
    finally:
        hook.remove()
