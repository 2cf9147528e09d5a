"""Table of duplicates, folds/duplicates.csv: a row for each pair; competition.audit.duplicates finds them."""

from pathlib import Path

import pandas as pd

from competition.common.csv import read_frame, write_frame

COLUMNS = ["kind", "similarity", "set", "ID", "target", "other_set", "other_ID", "other_target", "targets_differ"]


def write_duplicates(path: Path | str, table: pd.DataFrame) -> None:
    """Write `table` (COLUMNS) as CSV, in the order of its rows."""
    write_frame(path, table[COLUMNS])


def read_duplicates(path: Path | str) -> pd.DataFrame:
    """Return folds/duplicates.csv, IDs and targets as str. Raises FileNotFoundError, ValueError for other columns."""
    table = read_frame(path, COLUMNS, "prepare")
    return table.astype({"similarity": "float64"}).assign(targets_differ=table["targets_differ"] == "True")


def of_sets(table: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Return the pairs of `table` that have an image in set `one` and one in set `other`."""
    sets = table[["set", "other_set"]]
    return table[(sets == [one, other]).all(axis=1) | (sets == [other, one]).all(axis=1)]
