"""The classes in their order, folds/classes.csv: a class's index is its row."""

from pathlib import Path

import pandas as pd

from competition.common.files import replace_file


def write_classes(path: Path | str, classes: list[dict]) -> None:
    """Write `classes` (dicts with target, class_name and images, the number of readable training images)."""
    with replace_file(path) as temporary:
        pd.DataFrame(classes, columns=["target", "class_name", "images"]).to_csv(
            temporary, index=False, lineterminator="\n"
        )


def read_targets(path: Path | str) -> tuple[str, ...]:
    """Return the targets, as they stand in train.csv, in class order. Raises FileNotFoundError before `prepare` has
    run.
    """
    return tuple(read_names(path))


def read_names(path: Path | str) -> dict[str, str]:
    """Return target -> readable name, in class order. Raises FileNotFoundError before `prepare` has run."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage prepare)")
    classes = pd.read_csv(path, dtype=str, keep_default_na=False)
    return dict(zip(classes.target, classes.class_name, strict=True))
