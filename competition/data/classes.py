"""Classes in their order, folds/classes.csv: a class's index is its row."""

from pathlib import Path

import pandas as pd

from competition.common.csv import read_frame, write_frame

COLUMNS = ["target", "class_name", "images"]


def write_classes(path: Path | str, classes: list[dict]) -> None:
    """Write `classes` (dicts with target, class_name and images, the number of readable training images)."""
    write_frame(path, pd.DataFrame(classes, columns=COLUMNS))


def read_classes(path: Path | str) -> dict[str, str]:
    """Return target -> readable name, in class order. Raises FileNotFoundError before `prepare` has run."""
    classes = read_frame(path, COLUMNS, "prepare")
    return dict(zip(classes["target"], classes["class_name"], strict=True))
