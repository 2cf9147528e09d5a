"""folds/history/<member>/<fold>.csv: a row per epoch of a training; see competition.members.output_files."""

from collections.abc import Iterable

import pandas as pd

from competition.common import paths


def read_histories(member: str, folds: Iterable[int]) -> dict[int, pd.DataFrame]:
    """Return fold -> a member's history, of the folds that left one."""
    files = {fold: paths.history(member, fold) for fold in folds}
    # pandas writes a line break for no rows
    return {fold: pd.read_csv(file) for fold, file in files.items() if file.is_file() and file.stat().st_size > 1}
