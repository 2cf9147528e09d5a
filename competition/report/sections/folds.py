"""Score of each submission fold by fold: whether a difference between two is there in every fold."""

from collections.abc import Mapping, Sequence
from math import isnan

import pandas as pd
from markupsafe import Markup

from competition.common import paths
from competition.metrics.metric import Metric
from competition.report.charts import chart, line_style, names_axis, plain
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import number, table

MOST = 8  # submissions that are drawn; the table has all


@SECTIONS.register
class Folds(Section):
    """Scores fold by fold of the candidates for the final submission."""

    order, title, reads = 30, "Fold by fold", (paths.CANDIDATES,)

    def body(self, context: ReportContext) -> Markup:
        return fold_scores(context.candidates, context.metric)


def fold_scores(leaderboard: pd.DataFrame, metric: Metric) -> Markup:
    """Chart and table of the leaderboard's columns fold_0, fold_1, ..."""
    columns = [name for name in leaderboard if name.startswith("fold_")]
    titles = [name.replace("_", " ") for name in columns]
    rows = leaderboard[~leaderboard.duplicated(columns)].to_dict("records")
    cells = [[row["submission"], *(number(row[key]) for key in (*columns, "mean", "std"))] for row in rows]
    return render(
        "folds",
        chart=_chart(rows[:MOST], columns, titles, metric),
        drawn=min(MOST, len(rows)),
        distinct=len(rows),
        all=len(leaderboard),
        table=table(
            f"{metric.title} test-like by fold{metric.order_note}",
            ("submission", *titles, "mean", "std"),
            cells,
            sortable=True,
        ),
    )


def _chart(rows: Sequence[Mapping], columns: Sequence[str], titles: Sequence[str], metric: Metric) -> Markup:
    traces = [
        line_style(place)
        | {
            "type": "scatter",
            "mode": "lines+markers",
            "name": plain(row["submission"]),
            "x": list(range(len(columns))),
            "y": [row[key] for key in columns],
            "hovertemplate": "%{fullData.name}, %{x}: %{y:.3f}<extra></extra>",
        }
        for place, row in enumerate(rows)
    ]
    layout = {
        "xaxis": names_axis(titles),
        "yaxis": {"title": {"text": f"{metric.label}, test-like{metric.order_note}"}, "zeroline": False},
        "showlegend": True,
    }
    scored = [place for place, column in enumerate(columns) if not isnan(rows[0][column])]
    worst = titles[min(scored, key=lambda place: metric.sign * rows[0][columns[place]])]
    label = (
        f"{metric.title} test-like of {len(rows)} submissions in {len(columns)} folds. {rows[0]['submission']} scores "
        f"worst in {worst}."
    )
    return chart(traces, layout, label, height=380)
