"""Where adopted files go, and what an adoption brought."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
    changes: Mapping[tuple[str, ...], object] = field(default_factory=dict)  # of params.yaml, by their keys
    layout: str = ""  # what the files were taken for, and why


@dataclass(frozen=True)
class Destination:
    """Destination of the adopted files, and whether what stands there may be replaced."""

    root: Path
    solution: Path
    force: bool = False
    params: Path | None = None  # the settings file that is told what was found; None for none

    @property
    def mapping(self) -> Path:
        """`ID,file`: which of the person's files an ID is."""
        return self.solution.parent / "adopted.csv"


def destination_problems(path: Path, destination: Destination, written: list[Path]) -> list[str]:
    """Return why the files of `path` can't be written there. written: what is replaced."""
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


def left_notes(destination: Destination) -> list[str]:
    """Return notes on an earlier adoption's files, which this one doesn't write."""
    return [f"{place} was left as it was" for place in (destination.solution, destination.mapping) if place.exists()]


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` the same file as `source` by a hard link, or a copy where the file system has none."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
