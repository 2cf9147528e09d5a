"""Table and chart of a leaderboard: scores with their intervals, and differences to the best."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd
from markupsafe import Markup

from competition.leaderboard.tables import ALIKE
from competition.metrics.metric import Metric
from competition.report.charts import chart, downwards, names_axis, short
from competition.report.tables import Cell, Number, number, table

MOST = 40  # rows that are drawn; the table has all
SIGNIFICANT = {"best": "best", "no": f"{ALIKE} no", "yes": "yes"}
LEGEND = {"best": "the best", "no": f"{ALIKE} not significantly worse", "yes": "significantly worse"}
LOOKS = {"best": (0, "star"), "no": (2, "circle"), "yes": (1, "x")}  # colour's number, mark
COLUMNS = ("submission", "test-like", "its interval", "to the best", "its interval", "significant", "clean", "folds")
SECONDS = ("train s", "predict s")


def leaderboard_table(
    leaderboard: pd.DataFrame,
    what: str,
    chosen: str,
    metric: Metric,
    public: Mapping[str, float] = MappingProxyType({}),
) -> Markup:
    """Chart and table of a leaderboard.

    what: its rows are, for the captions; chosen: name of the final submission; metric: of the scores; public:
    submission -> public score, a column of its own where there is any.
    """
    rows = leaderboard.to_dict("records")
    columns = (*COLUMNS, *(("public",) if public else ()), *SECONDS)
    cells = [_cells(row, public, chosen) for row in rows]
    return _chart(rows, what, metric) + table(
        f"{what}: {metric.label} out of fold{metric.order_note}", columns, cells, sortable=True
    )


def _cells(row: Mapping, public: Mapping[str, float], chosen: str) -> list[Cell]:
    name = row["submission"]
    title = f"{name} (final)" if name == chosen else name
    difference = (
        ["", ""]
        if row["significant"] == "best"
        else [number(row["difference"], "+.3f"), _interval(row, "difference", "+.3f")]
    )
    folds = Number(row["mean"], f"{row['mean']:.3f} ± {row['std']:.3f}")
    asked = [number(public.get(name), ".4f")] if public else []
    seconds = [number(row[key], ".0f") for key in ("train_seconds", "predict_seconds")]
    return [
        title,
        number(row["test_like"]),
        _interval(row, "test_like", ".3f"),
        *difference,
        SIGNIFICANT[row["significant"]],
        number(row["clean"]),
        folds,
        *asked,
        *seconds,
    ]


def _interval(row: Mapping, key: str, form: str) -> Number:
    low, high = row[f"{key}_low"], row[f"{key}_high"]
    return Number(low, f"{low:{form}} to {high:{form}}")


def _chart(rows: Sequence[Mapping], what: str, metric: Metric) -> Markup:
    soft = [row for row in rows if row["submission"] != f"{row['member']}_hard"]
    shown = soft[:MOST]
    labels = [f"{ALIKE} {row['submission']}" if row["significant"] == "no" else row["submission"] for row in shown]
    layout = {
        "yaxis": names_axis(labels) | downwards(len(shown)),
        "showlegend": True,
        "xaxis": {"title": {"text": f"{metric.label}, test-like, out of fold{metric.order_note}"}, "zeroline": False},
    }
    best, more = rows[0], f", the first {MOST}" if len(soft) > MOST else ""
    label = (
        f"{what}: test-like {metric.label} with its interval{more}. Best: {best['submission']}, "
        f"{best['test_like']:.3f} ({best['test_like_low']:.3f} to {best['test_like_high']:.3f}). "
        "The table below has the numbers."
    )
    return chart(
        [trace for significant in LOOKS if (trace := _trace(shown, significant))],
        layout,
        label,
        height=130 + 26 * len(shown),
    )


def _trace(shown: Sequence[Mapping], significant: str) -> dict | None:
    """Rows whose difference to the best is so `significant`, as points with their intervals; None without any."""
    places = [place for place, row in enumerate(shown) if row["significant"] == significant]
    if not places:
        return None
    rows, (colour, symbol) = [shown[place] for place in places], LOOKS[significant]
    value, low, high = ([row[key] for row in rows] for key in ("test_like", "test_like_low", "test_like_high"))
    error = {
        "type": "data",
        "symmetric": False,
        "array": [up - middle for up, middle in zip(high, value, strict=True)],
        "arrayminus": [middle - down for middle, down in zip(value, low, strict=True)],
        "thickness": 2,
        "width": 5,
    }
    names = [short(row["submission"]) for row in rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": LEGEND[significant],
        "x": value,
        "y": places,
        "error_x": error,
        "meta": colour,
        "marker": {"symbol": symbol, "size": 11},
        "customdata": list(zip(names, low, high, strict=True)),
        "hovertemplate": "%{customdata[0]}<br>%{x:.3f} (%{customdata[1]:.3f} to %{customdata[2]:.3f})<extra></extra>",
    }
