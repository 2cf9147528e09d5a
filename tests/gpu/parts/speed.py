"""Images/s of our training from the packed store, against the same network on tensors that lie on the device."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import torch
from gpu.scale import Check
from torch.nn.functional import cross_entropy

from competition.compute.device import autocast, feeding_threads
from competition.data.image_store import ImageStore, write_rows
from competition.data.images import encode_jpeg
from competition.inference.loader import batches, stack
from competition.inference.predictor import Predictor
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.training.fit import fit
from competition.training.fold_data import FoldData
from competition.training.parameter_groups import make_optimizer

LAPS = 2  # the first warms up


def run(check: Check) -> dict:
    """Return images/s of each network and size: ours, the limit, their ratio, decoding alone and predicting."""
    found = {}
    for name in check.scale.networks:
        for size in check.scale.speed_sizes:
            with TemporaryDirectory() as folder:
                data = _packed(check, size, Path(folder))
                found[f"{name} {size}"] = _measured(check, name, size, data, Path(folder))
    return found | {"threads": feeding_threads()}


def _measured(check: Check, name: str, size: int, data: FoldData, folder: Path) -> dict:
    settings = check.member(
        name, size=size, batch_size=check.scale.batch_size, epochs=LAPS, score_every=LAPS, precision="bfloat16"
    )
    network, normalise = create_network(settings, len(check.targets), settings.seed)
    history = fit(network, normalise, data, settings, folder / "state.pt", targets=check.targets).history
    rows = np.concatenate([rows[:1] for rows in data.train_rows])
    began = perf_counter()
    for _ in batches(data.store, rows, size, settings.batch_size):
        pass
    row = {"ours": history[-1]["images_per_s"], "decoding": len(rows) / (perf_counter() - began)}
    row["limit"] = limit(check, settings, data)
    if check.device.type == "cuda":
        with torch.backends.cudnn.flags(enabled=True, benchmark=True):
            row["limit_benchmark"] = limit(check, settings, data)
    predictor = Predictor.of(network, normalise, size, settings.precision)
    for _ in range(LAPS):
        began = perf_counter()
        predictor(data.store, rows, np.eye(8)[0])
        row["predicting"] = len(rows) / (perf_counter() - began)
    return {key: round(value, 1) for key, value in row.items()} | {"of_limit": round(row["ours"] / row["limit"], 3)}


def limit(check: Check, settings: FinetunedSettings, data: FoldData) -> float:
    """Return images/s of forward, loss, backward and step alone, over batches that lie on the device."""
    network, normalise = create_network(settings, len(check.targets), settings.seed)
    network.to(check.device).train()
    optimizer = make_optimizer(network, settings)
    here, size = check.device, settings.batch_size
    inputs = normalise(stack(data.store, np.array([rows[0] for rows in data.train_rows[:size]]), settings.size), here)
    labels = torch.as_tensor(data.train_labels[:size]).to(here)
    steps = -(-len(data.train_labels) // size)
    for _ in range(LAPS):
        _wait(here)
        began = perf_counter()
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            with autocast(settings.precision):
                logits = network(inputs)
            cross_entropy(logits.float(), labels).backward()
            optimizer.step()
        _wait(here)
        seconds = perf_counter() - began
    return steps * len(labels) / seconds


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _packed(check: Check, size: int, folder: Path) -> FoldData:
    """Return the fold, its store packed at `size`, with `speed_images` training images: the same ones again."""
    data = check.fold()
    images = (data.store.image(row) for row in range(len(data.store)))
    write_rows(folder / "store.arrow", [{"image": encode_jpeg(_at(image, size), 90)} for image in images])
    times = -(-check.scale.speed_images // len(data.train_labels))
    most = check.scale.speed_images
    return replace(
        data,
        store=ImageStore(folder / "store.arrow"),
        train_rows=(data.train_rows * times)[:most],
        train_labels=np.tile(data.train_labels, times)[:most],
    )


def _at(image: np.ndarray, size: int) -> np.ndarray:
    from competition.data.letterbox import resize

    return resize(image, size, size)
