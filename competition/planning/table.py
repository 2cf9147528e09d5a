"""Forecast as a table for the terminal."""

from collections.abc import Sequence

from rich.table import Table

from competition.planning.forecast import Forecast
from competition.planning.subset import Size


def forecast_table(stages: Sequence[Forecast], size: Size) -> Table:
    """Return a row for each stage, and one for all of them one after the other."""
    table = Table(title=f"forecast for {size.train} training and {size.test} test images")
    for column in ("stage", "runs", "time", "memory", "disk", "grows with"):
        table.add_column(column, justify="left" if column in ("stage", "grows with") else "right")
    for stage in stages:
        figures = duration(stage.seconds), gigabytes(stage.memory), gigabytes(stage.disk)
        table.add_row(stage.stage, str(stage.runs), *figures, stage.grows_with)
    seconds, disk = (sum(getattr(stage, name) for stage in stages) for name in ("seconds", "disk"))
    memory = max(stage.memory for stage in stages)
    table.add_section()
    table.add_row("all, one after the other", "", duration(seconds), gigabytes(memory), gigabytes(disk), "")
    return table


def duration(seconds: float) -> str:
    """Return h, min and s, the two that matter: "3 h 05 min"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def gigabytes(number: float) -> str:
    """Return bytes as GB, nothing for 0."""
    return f"{number / 1e9:.2f} GB" if number else ""
