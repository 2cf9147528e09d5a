"""Labels of the training images: one class each, several, or grades; with the reason for what was taken."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from competition.common.csv import sort_targets
from competition.common.errors import ContractError, counted, examples
from competition.common.names import is_writable
from competition.data.adopt.cells import (
    BINARY,
    MISSING,
    Hints,
    ListCells,
    as_lists,
    in_order,
    is_whole,
    looks_like_numbers,
    looks_like_runs,
    split_cell,
)
from competition.data.adopt.label_columns import LabelColumns
from competition.data.adopt.metric_facts import MetricFacts
from competition.data.adopt.options import Options
from competition.data.label_sets import SEPARATOR


@dataclass(frozen=True)
class Labels:
    """Labels of N images, in the order of the training table."""

    kind: str  # single, multi or ordinal
    sets: list[tuple[str, ...]]
    classes: tuple[str, ...]  # in their order
    reason: str
    target: str = "target"  # the column's name in train.csv
    separator: str = " "  # between the labels of a cell
    columns: tuple[str, ...] = ()  # of the training table, that held them
    notes: tuple[str, ...] = field(default=())

    @property
    def several(self) -> bool:
        """Whether an image may have several labels."""
        return self.kind == "multi"


def labels_of_columns(
    where: str, frame: pd.DataFrame, chosen: LabelColumns, hints: Hints, options: Options, metric: MetricFacts | None
) -> Labels:
    """Return the labels that the chosen columns of the training table hold. Raises ContractError."""
    if chosen.one_hot:
        found = _one_hot(where, frame, chosen, options)
    else:
        cells = frame[chosen.columns[0]].tolist()
        found = _one_column(where, cells, chosen.columns[0], hints, options, metric)
    return replace(found, columns=chosen.columns, notes=(*([chosen.note] if chosen.note else []), *found.notes))


def labels_of_sets(
    where: str, sets: list[tuple[str, ...]], options: Options, metric: MetricFacts | None, what: str
) -> Labels:
    """Return labels that are known as sets: of folders, file names, annotations. what: is said of them."""
    most, fewest = max(map(len, sets)), min(map(len, sets))
    if options.labels == "multi" or (options.labels is None and most > 1):
        largest = f"since an image has up to {most}" if most > 1 else "as told"
        empty = sum(not one for one in sets)
        notes = (f"{where}: {counted(empty, 'images have')} no label: taken as an answer",) if empty else ()
        classes = sort_targets(label for one in sets for label in one)
        return Labels("multi", sets, classes, f"{largest}, {what}", notes=notes)
    if most > 1:
        several = sum(len(one) > 1 for one in sets)
        raise ContractError(
            [
                f"{where}: {counted(several, 'images have')} several labels, but --labels {options.labels}; use "
                "--labels multi"
            ]
        )
    if not fewest:
        raise ContractError([_unlabelled(where, sum(not one for one in sets), "images")])
    return _single(where, [one[0] for one in sets], what, options, metric)


def _one_column(
    where: str, cells: list[str], column: str, hints: Hints, options: Options, metric: MetricFacts | None
) -> Labels:
    cells = ["" if cell in MISSING else cell for cell in cells]
    if options.labels is None and looks_like_runs(cells):
        raise ContractError(
            [
                f"{where}: {column} holds run lengths of masks; Foldvote classifies images, it finds no parts of them "
                "(if these are lists of classes, say --labels multi)"
            ]
        )
    able = options.labels == "multi" or (options.labels is None and (metric is None or "multi" in metric.kinds))
    only_sets = metric is not None and metric.of_sets
    lists = as_lists(cells, options.labels == "multi", only_sets, hints) if able else None
    if lists and not lists.sure:
        raise ContractError([_one_or_several(where, cells, column, lists)])
    if lists:
        sets = [split_cell(cell, lists.separator) for cell in cells]
        empty = sum(not one for one in sets)
        notes = [f"{where}: {counted(empty, 'rows have')} no {column}: taken as images with no label"] if empty else []
        classes = sort_targets(label for one in sets for label in one)
        return Labels(
            "multi", sets, classes, f"{lists.reason} ({column} of {where})", column, lists.separator, (), tuple(notes)
        )
    if "" in cells:
        raise ContractError(
            [_unlabelled(where, cells.count(""), "rows", column, np.flatnonzero(np.array(cells) == "") + 1)]
        )
    return replace(_single(where, cells, f"{column} of {where}", options, metric), target=column)


def _single(where: str, cells: list[str], what: str, options: Options, metric: MetricFacts | None) -> Labels:
    if options.labels is None and (numbers := looks_like_numbers(cells)):
        raise ContractError(
            [
                f"{where}: {what} holds {numbers}; Foldvote classifies images, it does no regression (if these are "
                "classes, say --labels single; grades: --labels ordinal)"
            ]
        )
    classes = sort_targets(cells)
    if len(classes) < 2:
        raise ContractError(
            [f"{where}: only one class ({examples(classes)}); there is nothing to tell apart, at least two are needed"]
        )
    if options.labels == "ordinal":
        return Labels("ordinal", [(cell,) for cell in cells], in_order(classes), "as told")
    if options.labels is None and metric is not None and metric.graded and is_whole(classes):
        reason = f"since {what} holds whole numbers and {metric.name} scores grades"
        return Labels("ordinal", [(cell,) for cell in cells], in_order(classes), reason)
    return Labels("single", [(cell,) for cell in cells], classes, f"since {what} says one of {len(classes)} classes")


def _one_hot(where: str, frame: pd.DataFrame, chosen: LabelColumns, options: Options) -> Labels:
    values = np.array([[BINARY[cell.lower()] for cell in frame[column]] for column in chosen.columns]).T  # (N, C)
    counts, names, notes = values.sum(axis=1), list(chosen.columns), []
    if chosen.implied:
        if counts.max() > 1:
            raise ContractError(
                [
                    f"{where}: the sample submission asks for {chosen.implied}, which has no column here; add it, or "
                    "take the column out of the sample submission"
                ]
            )
        values = np.column_stack([values, counts == 0])
        names.append(chosen.implied)
        notes.append(f"{chosen.implied}: {int((counts == 0).sum())} rows, those with 0 in all other columns of {where}")
        counts = values.sum(axis=1)
    exactly_one = bool((counts == 1).all())
    sets = [tuple(name for name, one in zip(names, row, strict=True) if one) for row in values]
    shown = f"the {len(names)} columns {examples(names, most=4)}"
    if options.labels in ("single", "ordinal") and not exactly_one:
        raise ContractError(
            [
                f"{where}: {counted(int((counts != 1).sum()), 'rows have')} none or several of {shown}, but --labels "
                f"{options.labels}; use --labels multi"
            ]
        )
    kind = options.labels or ("single" if exactly_one else "multi")
    if exactly_one:
        reason = f"since exactly one of {shown} is 1 in every row of {where}"
    else:
        rows = int(np.flatnonzero(counts != 1)[0])
        reason = f"since {counts[rows]} of {shown} are 1 in row {rows + 1} of {where}"
    return Labels(kind, sets, tuple(names), reason, notes=tuple(notes))


def only_asked(labels: Labels, asked: Sequence[str], names: dict[str, str], where: str) -> Labels:
    """Return the labels that the sample's columns ask for, in their order; rows of other single labels are ()."""
    place = {name: label for label, name in names.items()} | {label: label for label in labels.classes}
    wanted = [place.get(column, column) for column in asked]
    extra = [label for label in labels.classes if label not in wanted]
    missing = [label for label in wanted if label not in labels.classes]
    if extra and missing:
        raise ContractError(
            [
                f"{where}: {counted(len(extra), 'classes')} not asked for ({examples(extra)}), and "
                f"{counted(len(missing), 'columns')} of the sample submission without a training image "
                f"({examples(missing)}); write them alike, or take out the rows or the columns that aren't meant"
            ]
        )
    notes = list(labels.notes)
    if extra:
        rows = sum(not set(one) & set(wanted) for one in labels.sets)
        fate = f"{rows} rows that have nothing else are left out" if not labels.several else "left out"
        notes.append(f"{where}: {counted(len(extra), 'classes')} not asked for: {examples(extra)}; {fate}")
    if missing:
        notes.append(f"{where}: {counted(len(missing), 'classes have')} no training image: {examples(missing)}")
    sets = [tuple(label for label in one if label in wanted) for one in labels.sets]
    return replace(labels, sets=sets, classes=tuple(wanted), notes=tuple(notes))


def check_texts(labels: Labels, where: str) -> list[str]:
    """Return why labels can't be written: `|` parts them in train.csv."""
    if odd := [label for label in labels.classes if SEPARATOR in label or not is_writable(label)]:
        return [
            f"{where}: {counted(len(odd), 'classes have')} a {SEPARATOR!r} or a line break in the name: "
            f"{examples(odd)}; rename them"
        ]
    return []


def _one_or_several(where: str, cells: list[str], column: str, lists: ListCells) -> str:
    longest = max(cells, key=lambda cell: len(split_cell(cell, lists.separator)))
    return (
        f"{where}: a cell of {column} such as {longest!r} may be one class, or the labels "
        f"{examples(split_cell(longest, lists.separator))} ({lists.reason.removeprefix('since ')}); say --labels "
        "single or --labels multi"
    )


def _unlabelled(where: str, count: int, what: str, column: str = "label", rows: Sequence[int] = ()) -> str:
    shown = f" (rows {examples(rows)})" if len(rows) else ""
    return (
        f"{where}: {counted(count, f'{what} have')} no {column}{shown}; fill it in or remove them, or say --labels "
        "multi if no label is an answer"
    )
