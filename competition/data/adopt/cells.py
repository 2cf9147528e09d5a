"""What the cells of a label column are: single labels, lists of labels, grades, numbers."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from competition.common.csv import sort_targets

SEPARATORS = ("|", ";", ",", " ")
BINARY = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
MISSING = ("nan", "NaN")  # as pandas writes an empty cell
MANY = 0.5  # more different whole numbers than this share of the rows are no classes


@dataclass(frozen=True)
class ListCells:
    """Cells that hold lists. separator: between the labels of a cell."""

    separator: str
    reason: str
    sure: bool = True  # False: class names of several words may look the same


@dataclass(frozen=True)
class Hints:
    """What tells of a column's cells beside them. asked: the sample submission's columns, which may name labels;
    shown: its placeholders; one_each: an image has several rows, and so a row one label.
    """

    asked: Sequence[str] = ()
    shown: Sequence[str] = ()
    one_each: bool = False


def split_cell(cell: str, separator: str) -> tuple[str, ...]:
    """Return the different labels of a cell, in their order; brackets and quotes around them are left out."""
    inner = cell.strip()[1:-1] if in_brackets(cell) else cell
    parts = (part.strip().strip("'\"").strip() for part in inner.split(separator))
    return tuple(dict.fromkeys(part for part in parts if part))


def in_brackets(cell: str) -> bool:
    """Return whether the cell is in brackets: [a, b], (a, b) or {a, b}."""
    return cell.strip()[:1] + cell.strip()[1:][-1:] in ("[]", "()", "{}")


def as_lists(
    cells: Sequence[str], told: bool = False, scored: bool = False, hints: Hints = Hints()
) -> ListCells | None:
    """Return how the cells hold lists of labels; None where they are single labels.

    told: they are lists, as told; scored: the metric scores sets, which single labels would be pointless for.

    A blank or a comma may belong to a label ("Sugar beet"). They part a list if every label of the longer cells also
    stands alone or in the other order, or if all labels are numbers; more different cells than labels is no proof.
    """
    filled = [cell for cell in cells if cell]
    whole = {*hints.asked} & {*filled}
    for separator in SEPARATORS:
        if any(separator in column for column in whole) or (hints.one_each and separator in ", "):
            continue
        sets = [split_cell(cell, separator) for cell in filled]
        longer = [labels for labels in sets if len(labels) > 1]
        if not longer:
            continue
        if all(map(in_brackets, filled)):
            return ListCells(separator, "since the cells are lists in brackets")
        alone = {labels[0] for labels in sets if len(labels) == 1}
        several = {label for labels in longer for label in labels}
        orders = {frozenset(labels) for labels in longer}
        labels = several | alone
        if several <= alone:
            reason = f"since all {len(several)} labels of the cells with {separator!r} also stand alone in a cell"
        elif len(set(longer)) > len(orders):
            reason = f"since the same labels stand in several orders, with {separator!r} between"
        elif separator == " " and all(map(str.isdecimal, labels)):
            reason = "since the cells are numbers with blanks between"
        elif told:
            reason = f"as told, with {separator!r} between"
        elif scored:
            reason = f"since the metric scores sets, with {separator!r} between"
            return ListCells(separator, reason, _sure(separator, labels, filled, hints))
        elif len(set(filled)) > len(labels):
            reason = f"since {len(set(filled))} different cells are made of {len(labels)} labels, {separator!r} between"
            return ListCells(separator, reason, _sure(separator, labels, filled, hints))
        else:
            continue
        return ListCells(separator, reason)
    free = next((one for one in reversed(SEPARATORS) if not any(one in cell for cell in filled)), SEPARATORS[0])
    return ListCells(free, "as told, one label a cell") if told else None


def _sure(separator: str, labels: set[str], filled: Sequence[str], hints: Hints) -> bool:
    """Return whether the separator is in no name, or the sample submission shows labels alone or in another list."""
    shown = (set(split_cell(cell, separator)) for cell in {*hints.shown} - {*filled} if cell)
    return separator in "|;" or bool(labels & {*hints.asked}) or any(one <= labels for one in shown)


def looks_like_runs(cells: Sequence[str]) -> bool:
    """Return whether the cells are run lengths of masks: pairs of start and length that don't overlap."""
    different = {cell for cell in cells if cell}
    runs = [list(map(int, cell.split())) for cell in different if re.fullmatch(r"\d+( +\d+)+ *", cell)]
    long = [run for run in runs if len(run) > 2]
    if 2 * len(runs) <= len(different) or len(long) < 3 or any(len(run) % 2 for run in runs):
        return False
    ends = [(run[n] + run[n + 1], run[n + 2]) for run in long for n in range(0, len(run) - 2, 2)]
    return all(end <= start for end, start in ends)


def is_binary(cells: Sequence[str]) -> bool:
    """Return whether all cells are 0 or 1, as numbers or words."""
    return all(cell.lower() in BINARY for cell in cells)


def is_whole(cells: Sequence[str]) -> bool:
    """Return whether all cells are whole numbers, "3.0" among them."""
    return all(re.fullmatch(r"[+-]?\d+(\.0*)?", cell) for cell in cells)


def is_number(cell: str) -> bool:
    """Return whether the cell is a number."""
    try:
        return float(cell) == float(cell)
    except ValueError:
        return False


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the different grades in order: by number where all are numbers ("10.0" after "2.0"), else as text."""
    grades = sort_targets(labels)
    return tuple(sorted(grades, key=float)) if all(map(is_number, grades)) else grades


def looks_like_numbers(cells: Sequence[str]) -> str:
    """Return why the cells are measured numbers, not classes: "" for classes."""
    filled = [cell for cell in cells if cell]
    different = set(filled)
    if not filled or not all(is_number(cell) for cell in different):
        return ""
    if is_whole(different):
        many = len(different) > max(20, MANY * len(filled))
        return f"{len(different)} different whole numbers in {len(filled)} rows" if many else ""
    return f"{len(different)} different numbers with fractions" if len(different) > 2 else ""
