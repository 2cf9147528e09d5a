"""Each submission's macro F1 fold by fold: whether a difference between two is there in every fold."""

from collections.abc import Mapping, Sequence

import pandas as pd

from competition.report.charts import chart, look, plain
from competition.report.sections import Section, render
from competition.report.tables import number, table

MOST = 8  # submissions that are drawn; the table has all


def folds_section(board: pd.DataFrame) -> Section:
    """Return the section of the leaderboard's columns fold_0, fold_1, ..."""
    columns = [name for name in board if name.startswith("fold_")]
    names = [name.removeprefix("fold_") for name in columns]
    rows = board[~board.duplicated(columns)].to_dict("records")
    numbers = table("Macro F1 test-like by fold", ("submission", *(f"fold {name}" for name in names), "mean", "std"),
                    [[row["submission"], *(number(row[key]) for key in (*columns, "mean", "std"))] for row in rows], sortable=True)  # fmt: skip
    return Section("folds", "Fold by fold", render("folds", chart=_chart(rows[:MOST], columns, names), table=numbers, drawn=min(MOST, len(rows)),
                                                   distinct=len(rows), all=len(board)))  # fmt: skip


def _chart(rows: Sequence[Mapping], columns: Sequence[str], names: Sequence[str]) -> str:
    traces = [look(place) | {
        "type": "scatter", "mode": "lines+markers", "name": plain(row["submission"]), "x": list(range(len(names))), "y": [row[key] for key in columns],
        "hovertemplate": "%{fullData.name}, %{x}: %{y:.3f}<extra></extra>"} for place, row in enumerate(rows)]  # fmt: skip
    layout = {"xaxis": {"tickvals": list(range(len(names))), "ticktext": [f"fold {name}" for name in names], "zeroline": False},
              "yaxis": {"title": {"text": "macro F1, test-like"}, "zeroline": False}, "hovermode": "closest", "showlegend": True,
              "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "xanchor": "left"}}  # fmt: skip
    worst = min(columns, key=lambda key: rows[0][key])
    label = f"Macro F1 test-like of {len(rows)} submissions in {len(names)} folds. {rows[0]['submission']} scores least in {worst.replace('_', ' ')}."
    return chart(traces, layout, label, height=380)
