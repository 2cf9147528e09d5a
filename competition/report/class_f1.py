"""F1 of each class: which classes cost the score."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from competition.leaderboard.per_class import CLASS_COLUMNS
from competition.report.charts import SYMBOLS, chart, downwards, names_axis, plain
from competition.report.confusion import HARD, marked_label
from competition.report.sections import Section, render
from competition.report.tables import number, table

MOST_CLASSES, MOST_DRAWN, MOST_LISTED = 40, 4, 12  # classes and submissions in the chart; submissions in the table


def classes_section(per_class: pd.DataFrame, first: str, hard: Collection[str]) -> Section:
    """Return the section of per_class.csv, worst class of submission `first` on top. hard: the targets that are the
    specialist's.
    """
    scores = per_class.drop(columns=list(CLASS_COLUMNS))
    # the first of those that score alike
    distinct = scores[[first, *scores.columns.drop(first)]].T.drop_duplicates().index.tolist()
    listed, rows = distinct[:MOST_LISTED], per_class.sort_values(first, kind="stable").to_dict("records")
    labels = [marked_label(row["target"], {row["target"]: row["class_name"]}, hard) for row in rows]
    cells = [
        [label, number(row["images"], "d"), *(number(row[name]) for name in listed)]
        for label, row in zip(labels, rows, strict=True)
    ]
    return Section(
        "classes",
        "F1 of each class",
        render(
            "classes",
            first=first,
            mark=HARD,
            hard=bool(hard),
            drawn=min(MOST_CLASSES, len(rows)),
            classes=len(rows),
            listed=len(listed),
            submissions=len(scores.columns),
            chart=_chart(rows[:MOST_CLASSES], labels[:MOST_CLASSES], distinct[:MOST_DRAWN]),
            table=table("F1 test-like of each class, out of fold", ("class", "images", *listed), cells, sortable=True),
        ),
    )


def _chart(rows: Sequence[Mapping], labels: Sequence[str], names: Sequence[str]) -> Markup:
    layout = {
        "yaxis": names_axis(labels) | downwards(len(rows)),
        "xaxis": {"title": {"text": "F1, test-like"}, "zeroline": False},
        "showlegend": True,
    }
    worst = [f"{label} {row[names[0]]:.3f}" for row, label in zip(rows[:3], labels[:3], strict=True)]
    label = f"F1 of each class, test-like. Worst of {names[0]}: {', '.join(worst)}."
    return chart(
        [_trace(rows, name, place) for place, name in enumerate(names)], layout, label, height=140 + 22 * len(rows)
    )


def _trace(rows: Sequence[Mapping], name: str, place: int) -> dict:
    """Return a submission's points: filled ones for the first, open ones of another shape around them for the
    others.
    """
    mark = (
        {"symbol": SYMBOLS[place], "size": 9}
        if place == 0
        else {"symbol": f"{SYMBOLS[place]}-open", "size": 11, "line": {"width": 2}}
    )
    values = [None if pd.isna(row[name]) else row[name] for row in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(name),
        "x": values,
        "y": list(range(len(rows))),
        "meta": place,
        "marker": mark,
        "hovertemplate": "%{y}<br>%{fullData.name}: %{x:.3f}<extra></extra>",
    }
