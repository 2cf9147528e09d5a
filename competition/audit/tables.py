"""Tables of the audit, for a terminal or a log."""

import sys
from collections.abc import Iterator
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from competition.audit.summary import TINY
from competition.common.errors import examples

WIDTH = 120  # columns in a log, which has no width of its own
MOST = 40  # classes, or pairs, that a table shows
FEATURES = 6


def print_audit(audit: dict, file: TextIO | None = None) -> None:
    """Print `audit` (see audit.summary.summary) to `file`, by default standard output."""
    file = file or sys.stdout
    is_log = not file.isatty()
    console = Console(
        file=file,
        highlight=False,
        markup=False,
        emoji=False,
        width=WIDTH if is_log else None,
        color_system=None if is_log else "auto",
    )
    for title, table in _tables(audit):
        with console.capture() as captured:
            console.print(f"\n{title}", style="bold", markup=False)
            console.print(table)
        text = "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())  # a log has no use for padding
        encoding = file.encoding or "utf-8"
        file.write(text.encode(encoding, "replace").decode(encoding))  # a class's name is no reason to end the stage
    file.flush()


def _tables(audit: dict) -> Iterator[tuple[str, Table]]:
    yield "Images", _sets(audit)
    yield _classes(audit["classes"], audit["train"]["images"])
    if alike := audit.get("classes_alike"):
        yield "Classes that look alike, taken as classes of their own", _alike(alike, audit["classes"])
    yield "Duplicates (each pair: folds/duplicates.csv)", _duplicates(audit["duplicates"])
    if wrong := audit["duplicates"]["different_targets"]:
        yield (
            f"Duplicates with different labels: {len(wrong)}{f', the first {MOST}' if len(wrong) > MOST else ''}",
            _different(wrong),
        )
    if audit["train_against_test"]:
        yield _shift(audit["train_against_test"])


def _table(texts: int, *columns: str) -> Table:
    """Return a table whose first columns, `texts` of them, are text, the others numbers."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < texts else "right", overflow="fold")
    return table


def _sets(audit: dict) -> Table:
    table = _table(1, "", "train", "test")
    sets = audit["train"], audit["test"]
    table.add_row("packed", *(str(part["images"]) for part in sets))
    table.add_row("left out: can't be read", *(str(part["unreadable"]) for part in sets))
    table.add_row("left out: box empty or outside", *(str(part["unusable_boxes"]) for part in sets))
    for side in ("height", "width"):
        table.add_row(f"{side}: least, median, most", *(_spread(part[side]) for part in sets))
    faults = {
        "damaged": "damaged: used in part",
        "several_pages": "several pages: prepare.page is used",
        "blank": "blank",
        "tiny": f"tiny (a side under {TINY} pixels)",
    }
    for fault, name in faults.items():
        table.add_row(
            name, *(f"{len(found)}: {examples(found, 3)}" if (found := part.get(fault)) else "0" for part in sets)
        )
    return table


def _spread(values: list[int] | None) -> str:
    return " ".join(f"{value:5d}" for value in values) if values else "-"


def _classes(classes: list[dict], images: int) -> tuple[str, Table]:
    total, title = max(1, images), "Training images by class; height and width: least, median, most"
    table = _table(2, "target", "class", "images", "share", "height", "width")
    if len(classes) > MOST:
        title += f"; the {MOST} smallest of {len(classes)} classes"
        classes = sorted(classes, key=lambda row: row["images"])[:MOST]
    for row in classes:
        table.add_row(
            row["target"],
            row["class_name"],
            str(row["images"]),
            f"{row['images'] / total:.1%}",
            _spread(row["height"]),
            _spread(row["width"]),
        )
    return title, table


def _alike(groups: list[list[str]], classes: list[dict]) -> Table:
    of_target = {row["target"]: row for row in classes}
    table = _table(3, "group", "target", "class", "images")
    for number, group in enumerate(groups[:MOST], 1):
        for target in group:
            name = of_target[target]["class_name"]
            table.add_row(
                str(number), repr(target), name if name.isascii() else ascii(name), str(of_target[target]["images"])
            )
    return table


def _duplicates(duplicates: dict) -> Table:
    table = _table(1, "", "exact: images", "pairs", "near: images", "pairs")
    for scope in ("within_train", "within_test", "train_and_test"):
        if (counts := duplicates[scope]) is None:
            table.add_row(scope.replace("_", " "), *["not looked at"] * 4)
        else:
            shown = (f"{kind}_{what}" for kind in ("exact", "near") for what in ("images", "pairs"))
            table.add_row(scope.replace("_", " "), *(str(counts[name]) for name in shown))
    return table


def _different(pairs: list[dict]) -> Table:
    table = _table(5, "ID", "target", "other ID", "target", "kind", "similarity")
    for pair in pairs[:MOST]:
        (one, other), (target, other_target) = pair["IDs"], pair["targets"]
        table.add_row(one, target, other, other_target, pair["kind"], f"{pair['similarity']:.4f}")
    return table


def _shift(shift: dict) -> tuple[str, Table]:
    title = (
        f"Train against test, on {shift['train_images']} and {shift['test_images']} images: told apart with an AUC of "
        f"{shift['auc']:.3f} (0.5: not at all)\nThe features that tell most, and the AUC of each alone:"
    )
    table = _table(1, "feature", "AUC", "train's median", "test's median", "test is")
    for row in shift["features"][:FEATURES]:
        table.add_row(row["feature"], f"{row['auc']:.3f}", f"{row['train']:.3g}", f"{row['test']:.3g}", row["test_is"])
    return title, table
