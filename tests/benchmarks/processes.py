"""What a second process is worth on this machine, stage by stage.

    python tests/benchmarks/processes.py --folder ../processes [--train 340 --rounds 3]

A generated competition is prepared and split once. Then by turns, `rounds` times each, in seconds:

    prepare, augment      by one worker, by two, and by a Dask cluster of two worker processes
    two folds             one after the other on all cores, and in parallel, as in a run of DVC
    one fold              by one process, and by two that share each step (Accelerate)

Whatever stages keep to go on with is removed before each. The last line is one JSON object: medians, and the ratios to
the first way.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import yaml
from stages import begin, command, sample_params

from pipelines.plan import run_stage

MADE = ("data/state", "folds/weights", "folds/predictions")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="a project is made in it, and replaced")
    parser.add_argument("--train", type=int, default=340, help="training pages, and twice as many test pages")
    parser.add_argument("--size", type=int, default=128, help="pixels")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def set_machine(folder: Path, **machine: object) -> None:
    values = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    (folder / "params.yaml").write_text(
        yaml.safe_dump(values | {"machine": machine}, sort_keys=False), encoding="utf-8"
    )


def clean(folder: Path) -> None:
    for name in MADE:
        shutil.rmtree(folder / name, ignore_errors=True)


def stage(folder: Path, name: str, *arguments: str, **machine: object) -> float:
    clean(folder)
    set_machine(folder, **machine)
    return run_stage(folder, name, *arguments).seconds


@contextmanager
def cluster(folder: Path):
    """Yields the address of a Dask scheduler with two worker processes."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(folder)
    ) as local:
        yield local.scheduler_address


def on_dask(folder: Path, name: str) -> float:
    with cluster(folder) as address:
        return stage(folder, name, scheduler=address)


def folds(folder: Path, in_parallel: bool) -> float:
    clean(folder)
    if in_parallel:  # as the first stage of a run of DVC does it
        set_machine(folder)
        return run_stage(folder, "train", "lite0", "0", DVC_STAGE="train@lite0-0").seconds
    set_machine(folder, workers=1)
    return sum(run_stage(folder, "train", "lite0", fold).seconds for fold in ("0", "1"))


def ways(folder: Path) -> dict[str, dict[str, Callable[[], float]]]:
    """Return what -> way -> a function that does it and returns its seconds."""

    def packing(name: str) -> dict[str, Callable[[], float]]:
        return {
            "one worker": lambda: stage(folder, name, workers=1),
            "two workers": lambda: stage(folder, name, workers=2),
            "dask, two": lambda: on_dask(folder, name),
        }

    return {
        "prepare": packing("prepare"),
        "augment": packing("augment"),
        "two folds": {"in turn": lambda: folds(folder, False), "in parallel": lambda: folds(folder, True)},
        "one fold": {
            "one process": lambda: stage(folder, "train", "lite0", "0", workers=1),
            "two processes": lambda: stage(folder, "train", "lite0", "0", processes=2),
        },
    }


def main() -> None:
    given = parse()
    folder = given.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    values = sample_params()
    values["augment"] |= {"size": given.size, "copies": given.epochs}
    values["members"]["lite0"] |= {"size": given.size, "epochs": given.epochs}
    values["specialize"]["network"] |= {"size": given.size}
    begin(folder, values)
    command(folder, "sample", "--train", str(given.train), "--test", str(2 * given.train))
    for name in ("prepare", "split", "augment"):  # the bank of document noise is filled once, and kept
        command(folder, name)
    result = {}
    for what, of in ways(folder).items():
        taken = {way: [] for way in of}
        for _ in range(given.rounds):
            for way, measure in of.items():
                taken[way].append(measure())
                print(f"{what:10s} {way:14s} {taken[way][-1]:7.1f} s", flush=True)
        medians = {way: median(times) for way, times in taken.items()}
        first = next(iter(medians.values()))
        result[what] = {
            way: {"seconds": round(value, 1), "times_as_fast": round(first / value, 2)}
            for way, value in medians.items()
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
