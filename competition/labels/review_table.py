"""folds/review/label_review.csv: labels in doubt; see competition.labels.review, which finds them."""

from pathlib import Path

import pandas as pd

from competition.common.csv import read_frame, write_frame

NUMBERS = ("confidence", "label_probability", "agreeing")
COLUMNS = ["ID", "target", "suggestion", *NUMBERS, "class_name", "suggested_name"]


def write_label_review(path: Path | str, review: pd.DataFrame) -> None:
    """Write `review` (COLUMNS) as CSV, in the order of its rows."""
    write_frame(path, review[COLUMNS])


def read_label_review(path: Path | str) -> pd.DataFrame:
    """Table with COLUMNS: IDs, targets and names str, NUMBERS float64. Raises FileNotFoundError, ValueError."""
    return read_frame(path, COLUMNS, "review").astype(dict.fromkeys(NUMBERS, "float64"))
