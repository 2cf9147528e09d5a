"""folds/history/<member>/<fold>.csv: a row per epoch of a training; see competition.members.output_files."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd


def read_histories(root: Path | str, member: str, folds: Iterable[int]) -> dict[int, pd.DataFrame]:
    """Fold -> a member's history, of the folds that left one below `root` (folds/history)."""
    files = {fold: Path(root) / member / f"{fold}.csv" for fold in folds}
    # pandas writes a line break for no rows
    return {fold: pd.read_csv(file) for fold, file in files.items() if file.is_file() and file.stat().st_size > 1}
