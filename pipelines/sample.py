"""Write a generated competition to data/raw, and its solution beside it.

    python -m pipelines.sample
    python -m pipelines.sample --train 1570 --test 3140 --seed 1
    python -m pipelines.sample --wrong-labels 0.03
    python -m pipelines.sample --hard

The hard sample has 28 classes, most of them told apart by small text or by the place of a box, test pages with heavier
damage, and more wrong labels. What was planted among the training images is written to faults.json, beside the
solution.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.common.locks import Use
from competition.sample import DEFAULT, HARD, generate
from pipelines._main import log, run, warn_of_dvc

LEAST = f"at least {len(DEFAULT.class_names)}, {len(HARD.class_names)} with --hard"
WRONG_LABELS = f"{DEFAULT.wrong_labels:g} if not given, {HARD.wrong_labels:g} with --hard"


def main(
    train: Annotated[int, typer.Option(help=f"training images, {LEAST}")] = 510,
    test: Annotated[int, typer.Option(help=f"test images, {LEAST}")] = 1020,
    seed: Annotated[int, typer.Option(help="the same seed gives the same bytes")] = 0,
    out: Annotated[Path, typer.Option(help="folder to write, replaced as a whole")] = paths.RAW,
    solution: Annotated[Path, typer.Option(help="CSV of the test labels, outside --out")] = paths.SOLUTION,
    wrong_labels: Annotated[float | None, typer.Option(help=f"share of wrong training labels, {WRONG_LABELS}")] = None,
    hard: Annotated[bool, typer.Option("--hard", help="more and closer classes, heavier damage")] = False,
    workers: Annotated[int, typer.Option(help="processes, 0 for one per core")] = 0,
    force: Annotated[bool, typer.Option("--force", help="replace files that the sample did not make")] = False,
) -> None:
    """Write a generated competition of document images."""
    facts = generate(
        out, solution, train, test, seed, workers or os.cpu_count() or 1, force, wrong_labels, show_progress, hard
    )
    shown = ("out", "solution", "train", "test", "seed", "hard", "seconds")
    log("generated", **{key: facts[key] for key in shown if key in facts})
    warn_of_dvc()


def show_progress(done: int, total: int) -> None:
    """A count that rewrites its line on a terminal; a line at every quarter elsewhere. On stderr."""
    if sys.stderr.isatty():
        print(f"\rsample: {done}/{total} images", end="\n" if done == total else "", file=sys.stderr, flush=True)
    elif done * 4 // total > (done - 1) * 4 // total:
        print(f"sample: {done}/{total} images", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run(main, use=Use.PACK)
