"""Images seen since a holdout was first unlocked, submissions/holdout_seen.csv: in git, only ever added to.

Whoever has seen a holdout's score chooses by it, so the images that were trained on or scored since then are no holdout
any more: another one has to be of images that were held out all along, or that weren't there.
"""

from pathlib import Path

import pandas as pd

from competition.common import paths
from competition.common.csv import read_columns, write_table
from competition.common.errors import ContractError, examples
from competition.folds.split import HOLDOUT

COLUMNS = ("ID",)


def read_seen(path: Path | str) -> set[str]:
    """Return the IDs on record; none without the file. Raises ContractError for another kind of file."""
    if not Path(path).is_file():
        return set()
    problems: list[str] = []
    frame = read_columns(Path(path), COLUMNS, problems)
    if frame is None:
        raise ContractError(problems)
    return set(frame["ID"])


def add_seen(path: Path | str, folds: pd.DataFrame) -> None:
    """Add to the record at `path` the images of `folds` (ID, fold) that are not held out."""
    before = read_seen(path)
    if new := set(folds["ID"][folds["fold"] != HOLDOUT]) - before:
        write_table(path, COLUMNS, [(id,) for id in sorted(before | new)])


def check_held_out(path: Path | str, folds: pd.DataFrame) -> None:
    """Raise ValueError where `folds` (ID, fold) hold out an image that is on record at `path`."""
    if seen := sorted(set(folds["ID"][folds["fold"] == HOLDOUT]) & read_seen(path)):
        raise ValueError(
            f"{paths.FOLDS}: {len(seen)} images of the holdout were trained on or scored since a holdout was first "
            f"unlocked ({path}): {examples(seen)}; what has been seen can't be held out any more. Set split.seed and "
            "split.holdout as they were, or split.holdout: 0; a new holdout has to be of images that are new "
            "(train.csv's column fold: -1)"
        )
