"""Adoption of a competition, or of class folders, into data/raw."""

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from competition.common.csv import write_table
from competition.common.errors import ContractError, counted, examples
from competition.common.files import replace_file, replace_folder
from competition.data.adopt.class_folders import (
    ClassImage,
    draw_test_part,
    list_class_folders,
    read_groups,
    visible_entries,
)
from competition.data.competition import read_competition
from competition.settings.competition import CompetitionSettings

CSV_FILES = ("train.csv", "sample_submission.csv", "test.csv", "meta.csv")


@dataclass(frozen=True)
class Adopted:
    """Result of an adoption."""

    kind: str  # "competition" or "class folders"
    root: Path
    train: int  # images
    test: int  # images
    classes: int
    skipped: tuple[str, ...]  # files and folders that were left out, each with the reason
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Destination:
    """Destination of the adopted files, and whether what stands there may be replaced."""

    root: Path
    solution: Path
    force: bool = False

    @property
    def mapping(self) -> Path:
        """`ID,file`: which of the person's files an ID is."""
        return self.solution.parent / "adopted.csv"


def adopt(
    path: Path | str,
    destination: Destination,
    settings: CompetitionSettings,
    ratio: tuple[float, ...] = (8, 1, 1),
    groups: Path | str | None = None,
    group_column: str | None = None,
    seed: int = 0,
) -> Adopted:
    """Bring `path` to `destination.root` and return what came; on an error nothing there has changed.

    `ratio` (train, validation, test; or train, test) and `groups` are for class folders: the last part is held out, the
    others are training images. Raises ContractError with everything that is wrong, FileNotFoundError without `path`.
    """
    path = Path(path)
    if not path.is_dir():
        hint = "unpack it first" if path.is_file() else "expected a competition's folder, or one sub-folder per class"
        raise FileNotFoundError(f"{path}: no such folder; {hint}")
    if (path / "train.csv").exists():
        problems = _destination_problems(path, destination, [destination.root])
        return _adopt_competition(path, destination, settings, groups, problems)
    problems = _destination_problems(path, destination, [destination.root, destination.solution, destination.mapping])
    return _adopt_class_folders(path, destination, settings, ratio, (groups, group_column), seed, problems)


def _destination_problems(path: Path, destination: Destination, written: list[Path]) -> list[str]:
    problems = []
    source, root, here = path.resolve(), destination.root.resolve(), Path.cwd()
    if source == root or source in root.parents or root in source.parents:
        return [f"{destination.root}: lies inside {path}, or the other way round; adopt into a folder apart from it"]
    if destination.solution.resolve().is_relative_to(root):
        where = f"lies inside {destination.root}, which is replaced whole and must not give the labels away"
        problems.append(f"{destination.solution}: {where}; put it elsewhere")
    if destination.root.exists() and not destination.root.is_dir():
        problems.append(f"{destination.root}: is a file; name a folder")
    elif not destination.force:
        full = [place for place in written if place.is_file() or (place.is_dir() and any(place.iterdir()))]
        problems += [f"{place}: is already there; --force replaces it" for place in full]
    elif root == here or root in here.parents:
        problems.append(f"{destination.root}: holds the folder you are in; name another one")
    elif (
        destination.root.is_dir() and any(destination.root.iterdir()) and not (destination.root / "train.csv").is_file()
    ):
        problems.append(
            f"{destination.root}: holds something else than a competition (no train.csv); remove it yourself"
        )
    return problems


def _adopt_competition(
    path: Path, destination: Destination, settings: CompetitionSettings, groups: Path | str | None, problems: list[str]
) -> Adopted:
    if groups:
        problems.append(
            f"{groups}: groups are for class folders; add a column {settings.group!r} to {path / 'train.csv'}"
        )
    try:
        competition = read_competition(settings.model_copy(update={"root": str(path)}))
    except ContractError as error:
        raise ContractError(problems + error.problems) from None
    if problems:
        raise ContractError(problems)
    parts = {"train": competition.train_paths, "test": competition.test_paths}
    csv_files = [name for name in CSV_FILES if (path / name).is_file()]
    with replace_folder(destination.root) as folder:
        for name in csv_files:  # copied, so that labels corrected here leave the original as it was
            shutil.copyfile(path / name, folder / name)
        for part, paths in parts.items():
            (folder / part).mkdir()
            for image in paths.values():
                link_or_copy(image, folder / part / image.name)
    skipped = [
        f"{entry.name}: not part of a competition"
        for entry in visible_entries(path)
        if entry.name not in [*csv_files, *parts]
    ]
    for part, paths in parts.items():
        named = {image.name for image in paths.values()}
        skipped += [
            f"{part}/{entry.name}: no ID names it" for entry in visible_entries(path / part) if entry.name not in named
        ]
    sizes = (len(competition.train), len(competition.test_ids), len(competition.targets))
    left = [f"{place} was left as it was" for place in (destination.solution, destination.mapping) if place.exists()]
    return Adopted("competition", destination.root, *sizes, tuple(skipped), tuple(left))


def _adopt_class_folders(
    path: Path,
    destination: Destination,
    settings: CompetitionSettings,
    ratio: tuple[float, ...],
    groups: tuple[Path | str | None, str | None],
    seed: int,
    problems: list[str],
) -> Adopted:
    files, skipped = list_class_folders(path, problems)
    problems += _ratio_problems(ratio)
    group_of, notes = read_groups(Path(groups[0]), groups[1], files, problems) if groups[0] else ({}, [])
    if problems:
        raise ContractError(problems)
    images = draw_test_part(files, group_of, ratio[-1] / sum(ratio), seed)
    classes = sorted({image.class_name for image in images})
    test = [image for image in images if image.usage]
    if not test:
        raise ContractError(
            [f"{path}: too few images or groups to hold a test part out; add some, or adopt a competition"]
        )
    if untested := sorted(set(classes) - {image.class_name for image in test}):
        notes.append(
            f"{counted(len(untested), 'classes have')} too few images or groups for the test part: {examples(untested)}"
        )
    if not groups[0]:
        notes.append(
            "the test part was drawn image by image; if several images show one thing, name their groups with --groups"
        )
    _write_class_folders(path, destination, settings, classes, images)
    sizes = (len(images) - len(test), len(test), len(classes))
    return Adopted("class folders", destination.root, *sizes, tuple(skipped), tuple(notes))


def _write_class_folders(
    path: Path, destination: Destination, settings: CompetitionSettings, classes: list[str], images: list[ClassImage]
) -> None:
    columns = [settings.id, settings.target]
    target = {name: str(index) for index, name in enumerate(classes)}
    test = [image for image in images if image.usage]
    train = [image for image in images if not image.usage]
    grouped = any(image.group for image in images)
    # Leaving the stack swaps in the last one first: the folder, then the labels. Until then nothing has changed.
    with ExitStack() as stack:
        solution, mapping = (
            stack.enter_context(replace_file(place)) for place in (destination.solution, destination.mapping)
        )
        folder = stack.enter_context(replace_folder(destination.root))
        for part, its_images in (("train", train), ("test", test)):
            (folder / part).mkdir()
            for image in its_images:
                link_or_copy(path / image.file, folder / part / image.id)
        write_table(
            folder / "meta.csv", [settings.target, settings.class_name], [(target[name], name) for name in classes]
        )
        rows = [(image.id, target[image.class_name], image.group) for image in train]
        write_table(
            folder / "train.csv", [*columns, settings.group][: 2 + grouped], [row[: 2 + grouped] for row in rows]
        )
        write_table(folder / "sample_submission.csv", settings.submission_columns, [(image.id, "0") for image in test])
        write_table(
            solution, [*columns, "usage"], [(image.id, target[image.class_name], image.usage) for image in test]
        )
        write_table(mapping, [settings.id, "file"], [(image.id, image.file) for image in images])


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` the same file as `source` by a hard link, or a copy where the file system has none."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def _ratio_problems(ratio: tuple[float, ...]) -> list[str]:
    fine = (
        len(ratio) in (2, 3)
        and all(0 <= part < float("inf") for part in ratio)
        and ratio[-1] > 0
        and sum(ratio[:-1]) > 0
    )
    if fine:
        return []
    found = ":".join(f"{part:g}" for part in ratio)
    return [
        f"ratio {found}: expected train:validation:test (or train:test), such as 8:1:1, with something left for each "
        "side"
    ]
