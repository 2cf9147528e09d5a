"""Leaderboard as a table, on a terminal or in a log."""

import sys
from collections.abc import Mapping
from math import isnan

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

LOG_WIDTH = 150  # characters, where no terminal gives its own
NARROW = 120  # characters; with less, the columns WIDE are left out, and the interval gives way to the public score
WIDE = ("folds", "clean", "train s")
ALIKE = "≈"


def print_leaderboard(
    leaderboard: pd.DataFrame, title: str, console: Console | None = None, public: Mapping[str, float] | None = None
) -> None:
    """Print the leaderboard as a table, scores to three decimals; `public`: submission -> the score its site gave it.

    Below it: which submissions can't be told apart from the best, and the notes.
    """
    console = console or make_console()
    table = Table(title=title, title_justify="left")
    rows = [_cells(place, row, public or {}) for place, row in enumerate(leaderboard.to_dict("records"), start=1)]
    left_out = set() if public else {"public"}
    if console.width < NARROW:
        left_out |= {*WIDE, "interval"} if public else {*WIDE}
    shown = [column for column in rows[0] if column not in left_out]
    for column in shown:
        table.add_column(column, justify="left" if column == "submission" else "right")
    for cells in rows:
        table.add_row(*(cells[column] for column in shown))
    console.print(table)
    for line in _below(leaderboard):
        console.print(Text(line))


def make_console() -> Console:
    """A console as wide as the terminal, LOG_WIDTH where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)


def _cells(place: int, row: Mapping[str, object], public: Mapping[str, float]) -> dict[str, str]:
    name = row["submission"]
    return {
        "#": str(place),
        "submission": name,
        "test-like": f"{row['test_like']:.3f}",
        "interval": f"{row['test_like_low']:.3f}-{row['test_like_high']:.3f}",
        "to the best": _to_the_best(row),
        "public": f"{public[name]:.3f}" if name in public else "",
        "folds": "" if isnan(row["mean"]) else f"{row['mean']:.3f} ±{row['std']:.3f}",
        "clean": f"{row['clean']:.3f}",
        "train s": f"{row['train_seconds']:.0f}",
    }


def _to_the_best(row: Mapping[str, object]) -> str:
    if row["significant"] == "best":
        return "best"
    mark = f"{ALIKE} " if row["significant"] == "no" else ""
    return f"{mark}{row['difference']:+.3f} ({row['difference_low']:+.3f} to {row['difference_high']:+.3f})"


def _below(leaderboard: pd.DataFrame) -> list[str]:
    lines = []
    if alike := leaderboard.loc[leaderboard["significant"] == "no", "submission"].tolist():
        lines.append(
            f"{ALIKE} can't be told apart from the best, the interval of the difference holds 0: {', '.join(alike)}"
        )
    return lines + [
        f"{name}: {note}" for name, note in zip(leaderboard["submission"], leaderboard["note"], strict=True) if note
    ]
