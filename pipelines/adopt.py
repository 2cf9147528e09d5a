"""Bring a competition into data/raw: as downloaded, or from a folder with one sub-folder per class.

python -m pipelines.adopt ~/downloads/competition        train.csv, sample_submission.csv, train/, test/
python -m pipelines.adopt ~/photos --groups patients.csv one sub-folder per class; a test part is held out
"""

from pathlib import Path
from typing import Annotated

import typer

from competition.common import paths
from competition.data.adopt.adoption import Adopted, Destination, adopt
from competition.settings.load import load_settings
from pipelines._main import run

SHOWN = 20  # lines of what was skipped


def main(
    path: Annotated[Path, typer.Argument(help="a competition's folder, or a folder with one sub-folder per class")],
    to: Annotated[Path | None, typer.Option(help="where the competition goes (default: competition.root)")] = None,
    solution: Annotated[Path, typer.Option(help="where a held-out test part's labels go")] = paths.SOLUTION,
    ratio: Annotated[str, typer.Option(help="class folders: train:validation:test")] = "8:1:1",
    groups: Annotated[Path | None, typer.Option(help="class folders: CSV with a file and a group column")] = None,
    group_column: Annotated[
        str | None, typer.Option(help="that CSV's group column (default: group, else the last)")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the test part's draw")] = 0,
    force: Annotated[bool, typer.Option("--force", help="replace what was adopted before")] = False,
) -> None:
    """Bring a competition in, checked; hold a test part out of class folders."""
    settings = load_settings().competition
    destination = Destination(to or Path(settings.root), solution, force)
    adopted = adopt(path, destination, settings, _parts(ratio), groups, group_column, seed)
    _report(adopted, destination)
    if destination.root.resolve() != Path(settings.root).resolve():
        print(f"params.yaml reads {settings.root}; set competition.root to {destination.root} to work with this one")


def _parts(ratio: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in ratio.split(":"))
    except ValueError:
        raise ValueError(f"--ratio {ratio}: expected numbers with colons between, such as 8:1:1") from None


def _report(adopted: Adopted, destination: Destination) -> None:
    print(f"{adopted.root}: {adopted.train} training images, {adopted.test} test images, {adopted.classes} classes")
    if adopted.kind == "class folders":
        print(
            "train and validation part are both training images (the pipeline makes its own folds); the test part is "
            "held out"
        )
        print(f"its labels: {destination.solution}; which file an ID is: {destination.mapping}")
    for note in adopted.notes:
        print(f"note: {note}")
    for line in adopted.skipped[:SHOWN]:
        print(f"skipped: {line}")
    if len(adopted.skipped) > SHOWN:
        print(f"skipped: {len(adopted.skipped) - SHOWN} more")


if __name__ == "__main__":
    run(main)
