"""Tables of the report, each scrolling in a box of its own, and sorted by the buttons in its head."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from markupsafe import Markup

from competition.data.label_sets import split_labels
from competition.report.rendering import render

TALL = 20  # rows; a longer table scrolls up and down, too
HARD = "★"  # marks the specialist's classes


@dataclass(frozen=True)
class Number:
    """A number as it is sorted by, and as it is shown."""

    value: float
    text: str


Cell = str | Number


def number(value: float | None, form: str = ".3f") -> Cell:
    """Cell of a number, written by `form`; an empty one for None and NaN."""
    return "" if value is None or isnan(value) else Number(value, format(value, form))


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], sortable: bool = False) -> Markup:
    """Table, or a sentence where there are no rows; the first cell of each row names it.

    sortable: by any column, by a button in its head.
    """
    numeric = [any(isinstance(row[place], Number) for row in rows) for place in range(len(columns))]
    return render(
        "table",
        caption=caption,
        columns=list(zip(columns, numeric, strict=True)),
        rows=rows,
        sortable=sortable,
        tall=len(rows) > TALL,
    )


def class_label(target: str, class_names: Mapping[str, str]) -> str:
    """Label of a class: its target and readable name ("7 medical_form"), or the target alone where it has no other."""
    return " ".join(dict.fromkeys(filter(None, (target, class_names.get(target, target)))))


def labels_name(text: str, class_names: Mapping[str, str], several: bool = False) -> str:
    """Name of an image's label; of `several`, of them all ("a letter, b form"), or "no label"."""
    if not several:
        return class_label(text, class_names)
    return ", ".join(class_label(target, class_names) for target in split_labels(text)) or "no label"


def marked_label(target: str, class_names: Mapping[str, str], hard: Collection[str]) -> str:
    """Label of a class, with a mark before it if it is a hard one."""
    label = class_label(target, class_names)
    return f"{HARD} {label}" if target in hard else label
