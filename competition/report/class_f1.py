"""F1 of each class: which classes cost the score."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from competition.class_scores import CLASS_COLUMNS
from competition.report.charts import SYMBOLS, chart, plain, short
from competition.report.confusion import HARD
from competition.report.sections import Section, render
from competition.report.tables import class_label, number, table

MOST_CLASSES, MOST_DRAWN, MOST_LISTED = 40, 4, 12  # classes and submissions in the chart; submissions in the table


def classes_section(per_class: pd.DataFrame, first: str, hard: Collection[str]) -> Section:
    """Return the section of per_class.csv, worst class of submission `first` on top. hard: the targets that are the specialist's."""
    scores = per_class.drop(columns=list(CLASS_COLUMNS))
    names = [first, *(name for name in scores.columns[~scores.T.duplicated()] if name != first and not scores[name].equals(scores[first]))]
    ordered = per_class.sort_values(first, kind="stable")
    rows = ordered.to_dict("records")
    labels = [_label(row, hard) for row in rows]
    cells = [[label, number(row["images"], "d"), *(number(row[name]) for name in names[:MOST_LISTED])]
             for label, row in zip(labels, rows, strict=True)]  # fmt: skip
    return Section("classes", "F1 of each class", render(
        "classes", chart=_chart(rows[:MOST_CLASSES], labels, names[:MOST_DRAWN]), drawn=min(MOST_CLASSES, len(rows)), classes=len(rows),
        first=first, mark=HARD, hard=bool(hard), listed=min(MOST_LISTED, len(names)), submissions=len(scores.columns),
        table=table("F1 test-like of each class, out of fold", ("class", "images", *names[:MOST_LISTED]), cells, sortable=True)))  # fmt: skip


def _label(row: Mapping, hard: Collection[str]) -> str:
    label = class_label(row["target"], {row["target"]: row["class_name"]})
    return f"{HARD} {label}" if row["target"] in hard else label


def _chart(rows: Sequence[Mapping], labels: Sequence[str], names: Sequence[str]) -> Markup:
    places = list(range(len(rows)))
    traces = [{"type": "scatter", "mode": "markers", "name": plain(name), "x": [None if pd.isna(row[name]) else row[name] for row in rows], "y": places,
               "meta": place, "marker": {"symbol": SYMBOLS[place] + "-open" * (place > 0), "size": 9 + 2 * (place > 0), "line": {"width": 2 * (place > 0)}}, "hovertemplate": "%{y}<br>%{fullData.name}: %{x:.3f}<extra></extra>"}
              for place, name in enumerate(names)]  # fmt: skip
    layout = {"yaxis": {"tickvals": places, "ticktext": [short(label) for label in labels[: len(rows)]], "range": [len(rows) - 0.5, -0.5], "zeroline": False},
              "xaxis": {"title": {"text": "F1, test-like"}, "zeroline": False}, "showlegend": True, "hovermode": "closest",
              "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "xanchor": "left"}}  # fmt: skip
    worst = [f"{label} {row[names[0]]:.3f}" for row, label in zip(rows, labels, strict=False)][:3]
    return chart(traces, layout, f"F1 of each class, test-like. Worst of {names[0]}: {', '.join(worst)}.", height=140 + 22 * len(rows))
