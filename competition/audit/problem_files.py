"""folds/problem_files.csv: images that were left out, or used in part, and why."""

from pathlib import Path

import pandas as pd

from competition.common.csv import read_frame, write_frame

COLUMNS = ["ID", "set", "file", "problem"]


def is_packed(fact: dict) -> bool:
    """Return whether the image of a fact is used."""
    return not fact["problem"] or fact["kind"] == "damaged"


def write_problem_files(path: Path | str, problems: list[dict]) -> None:
    """Write `problems` (facts of `competition.audit.scan.Packer`, at least COLUMNS each) as CSV."""
    write_frame(path, pd.DataFrame(problems, columns=COLUMNS))


def read_problem_files(path: Path | str) -> pd.DataFrame:
    """Table with COLUMNS, all str. Raises FileNotFoundError, ValueError for other columns."""
    return read_frame(path, COLUMNS, "prepare")
