"""What our layers (`with_fast_layers`) are worth: training steps of a preset's members, against torch's and timm's own.

    python tests/benchmarks/layers.py [--preset cpu --batch-size 32 --rounds 7 --threads 2]

Each member's network with random weights, in the preset's size, precision and frozen stages, takes steps of AdamW over
one random batch; both ways by turns, two steps warm. The last line is one JSON object: by member the medians of
images/s, and of the rounds' ratios.
"""

import argparse
import json
from collections.abc import Callable
from statistics import median
from time import perf_counter

import torch
import yaml
from torch.nn import functional

from competition.compute.device import autocast, keep_memory, use_bfloat16
from competition.models.freezing import frozen_modules
from competition.models.layers.fusion import for_training
from competition.models.networks import network_to_load
from competition.settings.finetuned import FinetunedSettings
from pipelines.configure import PRESETS

CLASSES = 17


def steps(settings: FinetunedSettings, batch_size: int, plain: bool) -> Callable[[int], float]:
    """Return what takes so many steps and returns its images/s."""
    torch.manual_seed(0)
    network, normalise = network_to_load(settings, CLASSES, plain=plain)
    network.to(memory_format=torch.channels_last)
    frozen = frozen_modules(network, settings, 0)
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, settings.learning_rate, fused=True)
    pixels = torch.randint(0, 256, (batch_size, settings.size, settings.size, 3), dtype=torch.uint8)
    classes = torch.arange(batch_size) % CLASSES

    def take(count: int) -> float:
        with for_training(network, frozen, settings.size, use_bfloat16(settings.precision)):
            began = perf_counter()
            for _ in range(count):
                optimizer.zero_grad(set_to_none=True)
                with autocast(settings.precision):
                    outputs = network(normalise(pixels))
                functional.cross_entropy(outputs.float(), classes).backward()
                optimizer.step()
            return count * batch_size / (perf_counter() - began)

    return take


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    keep_memory()
    preset = yaml.safe_load((PRESETS / f"{given.preset}.yaml").read_text())
    figures = {"threads": given.threads, "batch_size": given.batch_size}
    for name in preset["train"]["members"]:
        fields = FinetunedSettings.model_fields.keys() & preset["members"][name].keys()
        settings = FinetunedSettings(**{key: preset["members"][name][key] for key in fields})
        ways = {way: steps(settings, given.batch_size, way == "torch") for way in ("ours", "torch")}
        for take in ways.values():
            take(2)
        rounds = [{way: take(2) for way, take in ways.items()} for _ in range(given.rounds)]
        rates = {way: round(median(one[way] for one in rounds), 1) for way in ways}
        figures[name] = rates | {"ratio": round(median(one["ours"] / one["torch"] for one in rounds), 2)}
        print(name, figures[name], flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
