"""Write a generated competition to data/raw, and its solution beside it.

    python -m pipelines.sample
    python -m pipelines.sample --train 1570 --test 3140 --seed 1
    python -m pipelines.sample --wrong-labels 0.03

What was planted among the training images is written to faults.json, beside the solution.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.sample import WRONG_LABELS, generate
from pipelines._main import log, run


def main(
    train: Annotated[int, typer.Option(help="training images, at least 17")] = 510,
    test: Annotated[int, typer.Option(help="test images, at least 17")] = 1020,
    seed: Annotated[int, typer.Option(help="the same seed gives the same bytes")] = 0,
    out: Annotated[Path, typer.Option(help="folder to write, replaced as a whole")] = paths.RAW,
    solution: Annotated[Path, typer.Option(help="CSV of the test labels, outside --out")] = paths.SOLUTION,
    wrong_labels: Annotated[
        float, typer.Option(help="share of the training labels that are planted wrong")
    ] = WRONG_LABELS,
    workers: Annotated[int, typer.Option(help="processes, 0 for one per core")] = 0,
    force: Annotated[bool, typer.Option("--force", help="replace files that the sample did not make")] = False,
) -> None:
    """Write a generated competition of document images."""
    facts = generate(
        out, solution, train, test, seed, workers or os.cpu_count() or 1, force, wrong_labels, show_progress
    )
    shown = ("out", "solution", "train", "test", "seed", "seconds")
    log("generated", **{key: facts[key] for key in shown})


def show_progress(done: int, total: int) -> None:
    """A count that rewrites its line on a terminal; a line at every quarter elsewhere. On stderr."""
    if sys.stderr.isatty():
        print(f"\rsample: {done}/{total} images", end="\n" if done == total else "", file=sys.stderr, flush=True)
    elif done * 4 // total > (done - 1) * 4 // total:
        print(f"sample: {done}/{total} images", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main)
