"""Columns beside image and label: groups, metadata of both parts, and what would give the answer away."""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from competition.common.errors import ContractError, examples
from competition.data.adopt.cells import is_binary, is_whole
from competition.data.boxes import BOX

FEWEST = 5  # groups; fewer can't be spread over folds
GROUP_WORDS = re.compile(
    r"patient|subject|person|individual|driver|(^|_)(group|case|lesion|seq|sequence|series|session|site|location)(_?id)?$",
    re.I,
)


def find_group(
    where: str, frame: pd.DataFrame, told: str | None, taken: Iterable[str], settings_group: str
) -> tuple[str | None, str]:
    """Return (column whose images belong together or None, a note). Raises ContractError for one that isn't there."""
    if told is not None:
        if told not in frame:
            raise ContractError(
                [f"--group {told}: {where} has no such column (there: {examples(frame.columns, most=20)})"]
            )
        return told, ""
    if settings_group in frame:
        return settings_group, f"groups: {settings_group} of {where}"
    few = ""
    for column in frame:
        values = frame[column]
        small = 1 < values.nunique() < FEWEST and not is_binary(set(values))
        if small and column not in taken and GROUP_WORDS.search(column):
            few = (
                f"warning: {column} of {where} may say what belongs together, but there are only {values.nunique()}; "
                "images of one stand on both sides of a split (--group decides)"
            )
        repeats = FEWEST <= values.nunique() < len(values)
        if column not in taken and repeats and GROUP_WORDS.search(column):
            return column, (
                f"groups: {column} of {where}, by its name: {values.nunique()} of them in {len(values)} rows; images "
                "of one never stand on both sides of a split (--group decides)"
            )
    return None, few


def find_metadata(
    where: str, train: pd.DataFrame, test: pd.DataFrame | None, labels: Sequence[str], taken: Iterable[str]
) -> tuple[tuple[str, ...], list[str]]:
    """Return the columns of both tables that may help, and notes on those that are left out.

    train: the table without ID, label and group; labels: (N,) text, in its order. Left out: what only the training part
    has, what names rows, and what is the label in other words.
    """
    kept, notes, columns = [], [], [column for column in train if column not in taken and column not in BOX]
    alone = [column for column in columns if test is None or column not in test]
    for column in columns:
        if column in alone:
            continue
        both = pd.concat([train[column], test[column]])
        if reason := _leak(both, train[column], labels):
            notes.append(f"warning: {column} of {where} is left out: {reason}")
        elif both.nunique() > 1:
            kept.append(column)
    if tell := [column for column in alone if _tells(train[column], labels)]:
        notes.append(f"{examples(tell)} of {where}: the answer in other words, and not in the test part; not used")
    if unused := [column for column in alone if column not in tell and column != "fold"]:
        notes.append(f"{examples(unused)} of {where}: not in the test part; not used")
    return tuple(kept), notes


def _leak(both: pd.Series, train: pd.Series, labels: Sequence[str]) -> str:
    filled = both[both != ""]
    if filled.nunique() == len(filled) > 3 and (not _is_numeric(filled) or is_whole(set(filled))):
        return "its values name the rows: a model would learn them by heart"
    if _tells(train, labels):
        return "each of its values goes with one label only: it is the answer in other words"
    return ""


def _tells(cells: pd.Series, labels: Sequence[str]) -> bool:
    """Return whether the column is the label in other words: values that repeat, each with one label."""
    frame = pd.DataFrame({"cell": cells.to_numpy(), "label": list(labels)})
    frame = frame[frame["cell"] != ""]
    different = frame["cell"].nunique()
    if len(frame) < 10 or different < 2 or different > len(frame) / 3:
        return False
    return bool((frame.groupby("cell")["label"].nunique() == 1).all() and frame["label"].nunique() > 1)


def _is_numeric(cells: pd.Series) -> bool:
    return bool(pd.to_numeric(cells, errors="coerce").notna().all())
