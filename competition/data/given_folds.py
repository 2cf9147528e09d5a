"""Folds that train.csv gives: its column `fold`, where there is one."""

from collections.abc import Iterable
from pathlib import Path

from competition.common.csv import read_table
from competition.settings.competition import CompetitionSettings

FOLD = "fold"


def read_given_folds(settings: CompetitionSettings) -> dict[str, str]:
    """Return ID -> fold, as train.csv has it, "" for a row without; {} without such a column, or file."""
    file = Path(settings.root) / "train.csv"
    if not file.is_file():
        return {}
    frame = read_table(file).frame
    return dict(zip(frame[settings.id], frame[FOLD], strict=True)) if FOLD in frame else {}


def free_folds(given: Iterable[str], n_splits: int) -> list[str]:
    """Return those of the folds 0 to n_splits - 1 that no row is given: rows without a fold are spread over them."""
    return sorted({*map(str, range(n_splits))} - {*given}, key=int)
