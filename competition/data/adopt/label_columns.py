"""Which columns of the training table hold the label: the one that the sample submission names, or 0/1 columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.cells import BINARY, SEPARATORS, is_binary, looks_like_numbers, split_cell
from competition.data.adopt.options import Options
from competition.data.boxes import BOX
from competition.data.class_spellings import spelling_key

OBJECTS = re.compile(
    r"prediction_?string|encoded_?pixels|(mask_?)?rle(_?mask)?|b?box(es)?|polygons?|segmentation", re.I
)
MATCHING = 0.5  # a column's labels are the sample's columns if this share of either is the other's
PREFIXES = ("", "is_", "has_", "class_", "label_", "prob_", "p_", "target_", "class", "c")


@dataclass(frozen=True)
class LabelColumns:
    """Columns with the label: one, or 0/1 columns that are called as their label is."""

    columns: tuple[str, ...]
    one_hot: bool
    note: str = ""
    implied: str | None = None  # a label that is asked for and has no column: of the rows without any other


def choose_label_columns(
    where: str,
    frame: pd.DataFrame,
    asked: Sequence[str],
    options: Options,
    left_out: set[str],
    shown: str | None = None,
    placeholders: Sequence[str] = (),
) -> LabelColumns:
    """Return the columns of the training table `where` that hold the label. Raises ContractError where unclear.

    frame: the table without its ID column; asked: the sample submission's columns behind the ID; left_out: columns of
    other meaning (the group's, those that the test table has too); placeholders: the cells of its first column there;
    shown: the column that they are values of.
    """
    if objects := [column for column in asked if OBJECTS.fullmatch(column) and _tells_places(frame, column)]:
        raise ContractError(
            [
                f"{where}: the sample submission asks for {examples(objects)}: where objects are; Foldvote says what "
                "images show, it does no detection and no segmentation"
            ]
        )
    if options.target in frame:
        return LabelColumns((options.target,), False)
    if len(asked) == 1 and asked[0] in frame:
        return LabelColumns((asked[0],), False)
    candidates = [column for column in frame if column not in left_out and column not in BOX and column != "fold"]
    if len(asked) > 1:
        return _of_several(where, frame, asked, candidates)
    return _of_one(where, frame, candidates, asked, shown, placeholders)


def _tells_places(frame: pd.DataFrame, column: str) -> bool:
    """Return whether a column that is called so holds boxes or masks, or isn't there."""
    filled = [cell for cell in frame[column] if cell] if column in frame else []
    return sum(len(re.findall(r"\d+", cell)) > 3 for cell in filled) >= len(filled) / 2


def column_of_placeholders(frame: pd.DataFrame, asked: Sequence[str], cells: Sequence[str]) -> str | None:
    """Return the only column of the training table whose values the sample's one answer column is filled with.

    cells: the placeholders; a small number may stand for anything, and is no sign.
    """
    shown = {cell for cell in cells if cell}
    if len(asked) != 1 or asked[0] in frame or not shown:
        return None
    parts = {part for cell in shown for part in cell.split()}
    found = []
    for column in frame:
        values = {*frame[column]}
        if any(sign <= values and not all(len(one) < 3 and one.isdecimal() for one in sign) for sign in (shown, parts)):
            found.append(column)
    return found[0] if len(found) == 1 else None


def label_of_column(column: str, labels: set[str]) -> str | None:
    """Return the label that a column of the sample asks for: of its name, or behind a prefix such as `prob_`.

    A label that alone is spelled so, but for capitals, blanks and marks, will do.
    """
    name = column.lower()
    folded = {label.lower().removesuffix(".0"): label for label in labels}
    found = [prefix for prefix in PREFIXES if name.startswith(prefix) and name[len(prefix) :] in folded]
    if column in labels or found:
        return column if column in labels else folded[name[len(found[0]) :]]
    alike = [label for label in labels if spelling_key(label) == spelling_key(column)]
    return alike[0] if len(alike) == 1 else None


def _of_several(where: str, frame: pd.DataFrame, asked: Sequence[str], candidates: list[str]) -> LabelColumns:
    column_of = {column: label_of_column(column, {*frame}) for column in asked}
    there = [column for column in column_of.values() if column is not None]
    missing = [column for column, found in column_of.items() if found is None]
    if len(there) > 1 and len(missing) <= 1:
        _check_one_hot(where, frame, there)
        implied = missing[0] if missing else None
        return LabelColumns(tuple(there), True, implied=implied)
    shares = {column: _share(frame[column], asked) for column in candidates}
    best = max(shares, key=shares.__getitem__, default=None)
    equal = [column for column in shares if best is not None and shares[column] == shares[best] >= MATCHING]
    if len(equal) > 1:
        raise ContractError(
            [
                f"{where}: the values of {len(equal)} columns are the classes that the sample submission asks for: "
                f"{examples(map(repr, equal), most=10)}; name the right one with --target"
            ]
        )
    if equal:
        note = f"label column: {best}, since its values are the sample submission's columns"
        return LabelColumns((best,), False, note)
    lacking = f"columns {examples(missing)} are missing" if there else "there are neither such columns nor such values"
    raise ContractError(
        [
            f"{where}: the sample submission asks for {counted(len(asked), 'classes')} ({examples(asked)}), but "
            f"{lacking} "
            f"(there: {examples(frame.columns, most=20)}); name the label's column with --target, or correct the header"
        ]
    )


def _share(cells: pd.Series, asked: Sequence[str]) -> float:
    """Return which share of the asked-for labels occurs in the cells, alone or in lists; the better one counts."""
    different = set(cells) - {""}
    if not different:
        return 0.0
    in_lists = {label for cell in list(different)[:2000] for label in split_cell(cell, " ")}
    shares = []
    for labels in (different, in_lists):
        hits = {label_of_column(column, labels) for column in asked} - {None}
        shares.append(len(hits) / max(len(asked), 1))
    return max(shares)


def _of_one(
    where: str,
    frame: pd.DataFrame,
    candidates: list[str],
    asked: Sequence[str],
    shown: str | None,
    placeholders: Sequence[str],
) -> LabelColumns:
    """Return the one of `candidates` that may be a label, or all 0/1 columns where there is no other."""
    rows = len(frame)
    able = [column for column in candidates if 1 < frame[column].nunique() and not _names_rows(frame[column], rows)]
    if shown in able:
        return LabelColumns(
            (shown,), False, f"label column: {shown}, since the sample submission is filled with its values"
        )
    binary = [column for column in able if is_binary(frame[column])]
    wanted = f"{asked[0]!r}, which the sample submission asks for" if asked else "the label"
    meant = not asked or _one_a_row(frame[binary]) or _named_by(binary, placeholders)
    if len(binary) > 1 and len(binary) == len(able) and meant:
        note = f"label columns: {examples(binary, most=20)}, since none is called {wanted} and all hold 0 and 1"
        return LabelColumns(tuple(binary), True, note)
    if len(able) == 1:
        note = f"label column: {able[0]}, since no other column of {where} can be {wanted}"
        return LabelColumns((able[0],), False, note)
    if not able:
        raise ContractError(
            [
                f"{where}: no column can be {wanted} (there: {examples(frame.columns, most=20) or 'only IDs'}); name "
                "it with --target, or the labels' pattern in file names with --label-from"
            ]
        )
    raise ContractError(
        [
            f"{where}: {len(able)} columns may be {wanted}: {examples(map(repr, able), most=10)}; name the right one "
            "with --target"
        ]
    )


def _one_a_row(frame: pd.DataFrame) -> bool:
    """Return whether exactly one of the 0/1 columns is 1 in each row."""
    values = frame.map(lambda cell: BINARY[cell.lower()])
    return bool((values.sum(axis=1) == 1).all())


def _named_by(columns: Sequence[str], placeholders: Sequence[str]) -> bool:
    """Return whether a placeholder is a list of columns' names."""
    lists = {split_cell(cell, separator) for cell in {*placeholders} - {""} for separator in SEPARATORS}
    return any(set(one) <= {*columns} for one in lists)


def _names_rows(cells: pd.Series, rows: int) -> bool:
    """Return whether the cells name rows, nearly all different, or measure something."""
    return cells.nunique() > max(20, 0.9 * rows) or (rows > 3 and cells.nunique() == rows)


def _check_one_hot(where: str, frame: pd.DataFrame, columns: list[str]) -> None:
    """Raise ContractError unless all cells of the columns are 0 or 1."""
    wrong = [column for column in columns if not is_binary(frame[column])]
    if not wrong:
        return
    empty = (frame[wrong] == "").any(axis=1)
    cells = [cell for column in wrong for cell in frame[column] if cell and not is_binary([cell])]
    if numbers := looks_like_numbers(cells):
        what = f"{numbers}; Foldvote classifies images, it does no regression and takes no soft labels"
    elif 2 * len(cells) > len(frame) * len(columns):
        what = (
            "classes, not 0 and 1; a row has one answer, or a 0/1 column for each class: leave one of them in the "
            "sample submission, and adopt the others by themselves"
        )
    elif cells:
        what = f"{examples(sorted(set(cells)))} beside 0 and 1; write 0 or 1 for each row, or remove the rows"
    else:
        rows = f"{counted(int(empty.sum()), 'rows')} (rows {examples(np.flatnonzero(empty) + 1)})"
        what = f"no value in {rows}; an unlabelled row can't be trained on: fill it in, or remove it"
    raise ContractError([f"{where}: {counted(len(wrong), 'columns')} ({examples(wrong)}) with {what}"])
