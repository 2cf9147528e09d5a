"""What a neighbour costs: training and prediction beside a process that keeps one core busy, against undisturbed.

    python tests/benchmarks/busy_machine.py [--rounds 4 --images 432 --size 160]

Two processes train and predict by turns: one as the commands set themselves up (threads that wait sleep while others
take the cores), one as libgomp does by itself (they spin). Each does every piece alone, beside a neighbour, and beside
one of the lowest priority (nice 19). Takes six minutes on two cores that do nothing else. The last line is one JSON
object: medians of images/s, and what is left of the undisturbed rate; `undisturbed_against_spinning`: of the commands'
own to spinning's.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from training.turns import worker

SPINNING = {"GOMP_SPINCOUNT": "300000"}  # libgomp's own, where nothing is set
WAYS = {"ours": {}, "spinning": SPINNING}
NEIGHBOURS = {"undisturbed": None, "neighbour": 0, "nice_19": 19}
PIECES = ("train", "predict")


@contextlib.contextmanager
def neighbour(nice: int | None) -> Iterator[None]:
    """Keep one core busy meanwhile; None: nobody does."""
    if nice is None:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", f"import os; os.nice({nice})\nwhile True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def environment(changes: dict[str, str]) -> Iterator[None]:
    """The environment without any setting of threads, with `changes`, for processes started meanwhile."""
    before = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        os.environ.pop(name, None)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--images", type=int, default=432, help="two in three are trained on and predicted")
    parser.add_argument("--size", type=int, default=160, help="pixels")
    given = parser.parse_args()
    rates = defaultdict(list)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        job = Path(name, "job.json")
        job.write_text(json.dumps({"images": given.images, "size": given.size}))
        workers = {}
        for way, changes in WAYS.items():
            with environment(changes):
                workers[way] = stack.enter_context(worker(way, "beside", job))
            workers[way].ask("train")  # warm
            workers[way].ask("predict")
        for _ in range(given.rounds):
            for beside, nice in NEIGHBOURS.items():
                for way, one in workers.items():
                    with neighbour(nice):
                        for piece in PIECES:
                            rates[way, piece, beside].append(one.ask(piece)["images_per_s"])
                            print(f"{way:9} {piece:8} {beside:12} {rates[way, piece, beside][-1]:7.1f}", flush=True)
    print(json.dumps(figures(rates) | {"threads": workers["ours"].ready["threads"]}))


def figures(rates: dict[tuple[str, str, str], list[float]]) -> dict:
    """Return the medians, and the medians of each round's ratios."""
    found = {}
    for piece in PIECES:
        for way in WAYS:
            alone = rates[way, piece, "undisturbed"]
            found[f"{piece}_{way}"] = {"images_per_s": round(median(alone), 1)} | {
                f"left_{beside}": ratio(rates[way, piece, beside], alone) for beside in ("neighbour", "nice_19")
            }
        ours, spinning = (rates[way, piece, "undisturbed"] for way in WAYS)
        found[f"{piece}_undisturbed_against_spinning"] = ratio(ours, spinning)
    return found


def ratio(one: list[float], other: list[float]) -> float:
    return round(median(a / b for a, b in zip(one, other, strict=True)), 3)


if __name__ == "__main__":
    main()
