"""Bring a competition into data/raw: a download in any form, or a folder with one sub-folder per class.

python -m pipelines.adopt ~/downloads/competition.zip --metric roc_auc
python -m pipelines.adopt ~/photos --groups patients.csv     one sub-folder per class; a test part is held out

How labels are stored, where images lie and what a submission holds is found in the files, said with the reason, and
written into params.yaml; the metric stands in no file. An option decides what can't be found.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from competition.common import paths
from competition.common.locks import Use
from competition.data.adopt.adoption import adopt
from competition.data.adopt.destination import Adopted, Destination
from competition.data.adopt.options import Options
from competition.data.adopt.params_changes import lines_of
from competition.settings.load import load_settings
from competition.settings.params import Settings
from pipelines._main import run, warn_of_dvc

SHOWN = 20  # lines of what was skipped


def main(
    path: Annotated[
        Path, typer.Argument(help="a download (folder, zip or tar), or a folder with one sub-folder per class")
    ],
    metric: Annotated[
        str | None, typer.Option(help="how the site scores; without it, those that fit are listed")
    ] = None,
    answer: Annotated[str | None, typer.Option(help="what a submission holds: label, label_list, ...")] = None,
    labels: Annotated[Literal["single", "multi", "ordinal"] | None, typer.Option(help="labels of an image")] = None,
    id: Annotated[str | None, typer.Option(help="the training table's column with the images' IDs")] = None,
    target: Annotated[
        str | None,
        typer.Option(help="its column with the label; or, of two classes, the one whose probability is asked"),
    ] = None,
    group: Annotated[str | None, typer.Option(help="its column that says which images belong together")] = None,
    label_from: Annotated[
        str | None,
        typer.Option(help="where file names hold the label: {label}.{id}.jpg; {label:long}, {group} and * too"),
    ] = None,
    train_images: Annotated[str | None, typer.Option(help="folder of the training images")] = None,
    test_images: Annotated[str | None, typer.Option(help="folder of the test images")] = None,
    to: Annotated[Path | None, typer.Option(help="where the competition goes (default: competition.root)")] = None,
    solution: Annotated[Path, typer.Option(help="where a held-out test part's labels go")] = paths.SOLUTION,
    class_folders: Annotated[
        bool, typer.Option("--class-folders", help="each sub-folder is a class, whatever it is called")
    ] = False,
    join_classes: Annotated[
        bool, typer.Option("--join-classes", help="make one class of those that look alike, such as 1 and 1.0")
    ] = False,
    ratio: Annotated[str, typer.Option(help="class folders: train:validation:test")] = "8:1:1",
    groups: Annotated[Path | None, typer.Option(help="class folders: CSV with a file and a group column")] = None,
    group_column: Annotated[
        str | None, typer.Option(help="that CSV's group column (default: group, else the last)")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the test part's draw")] = 0,
    force: Annotated[bool, typer.Option("--force", help="replace what was adopted before")] = False,
) -> None:
    """Bring a competition in, checked; say what was found, and set params.yaml to it."""
    settings = load_settings()
    root = to or Path(settings.competition.root)
    ours = root.resolve() == Path(settings.competition.root).resolve()
    destination = Destination(root, solution, force, paths.PARAMS if ours else None)
    told = Options(metric, answer, labels, id, target, group, label_from, train_images, test_images)
    told = replace(told, class_folders=class_folders, join_classes=join_classes)
    parts = _parts(ratio)
    adopted = adopt(path, destination, settings.competition, parts, groups, group_column, seed, told, settings.task)
    _report(adopted, destination)
    _report_settings(adopted, settings, root, ours)
    warn_of_dvc()


def _parts(ratio: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in ratio.split(":"))
    except ValueError:
        raise ValueError(f"--ratio {ratio}: expected numbers with colons between, such as 8:1:1") from None


def _report(adopted: Adopted, destination: Destination) -> None:
    print(f"{adopted.root}: {adopted.train} training images, {adopted.test} test images, {adopted.classes} classes")
    if adopted.layout:
        print(f"taken for {adopted.layout}")
    if adopted.kind == "class folders":
        print(
            "train and validation part are both training images (the pipeline makes its own folds); the test part is "
            "held out"
        )
        print(f"its labels: {destination.solution}; which file an ID is: {destination.mapping}")
    for note in adopted.notes:
        print(note if note.startswith("warning: ") else f"note: {note}")
    for line in adopted.skipped[:SHOWN]:
        print(f"skipped: {line}")
    if len(adopted.skipped) > SHOWN:
        print(f"skipped: {len(adopted.skipped) - SHOWN} more")


def _report_settings(adopted: Adopted, settings: Settings, root: Path, ours: bool) -> None:
    """Say what params.yaml has now, or would need, and what may be set beside."""
    lines = lines_of(adopted.changes)
    if not ours:
        also = f" and {', '.join(lines)}" if lines else ""
        print(
            f"params.yaml reads {settings.competition.root}; set competition.root to {root}{also} to work with this one"
        )
        return
    for line in lines:
        print(f"{paths.PARAMS}: {line}")
    if adopted.changes:
        print(
            f"{paths.PARAMS}: what is trained is as it was; `python -m pipelines.configure` lists presets (cpu, "
            "gpu), which keep "
            f"all of this. augment.policy is {settings.augment.policy}: document is for scanned pages, light for "
            "photographs"
        )


if __name__ == "__main__":
    run(main, use=Use.PACK)
