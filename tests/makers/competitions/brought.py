"""A download adopted, and what came of it."""

import csv
from pathlib import Path

from competition.data.adopt.adoption import adopt
from competition.data.adopt.destination import Adopted, Destination
from competition.data.adopt.options import Options
from competition.settings.competition import CompetitionSettings


def brought(source: Path, metric: str | None = "accuracy", **options) -> tuple[Adopted, Path, dict]:
    """Adopt; return what came, where it lies, and the task's changes."""
    place = source.parent / "data"
    destination = Destination(place / "raw", place / "solution.csv", force=True)
    came = adopt(source, destination, CompetitionSettings(), options=Options(metric=metric, **options))
    return came, destination.root, {keys[1]: value for keys, value in came.changes.items() if keys[0] == "task"}


def rows(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def classes(root: Path) -> list[str]:
    return [row[0] for row in rows(root / "meta.csv")[1:]]
