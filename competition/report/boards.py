"""The leaderboard with its intervals, the candidates for the final submission, and what the competition's site said."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from competition.leaderboard.public_comparison import Comparison
from competition.leaderboard.public_table import public_lines
from competition.leaderboard.tables import ALIKE
from competition.report.charts import chart, downwards, names_axis, short
from competition.report.sections import Section, render
from competition.report.tables import Cell, Number, number, table

MOST = 40  # rows that are drawn; the tables have all
TOLD = {"best": "best", "no": f"{ALIKE} no", "yes": "yes"}
LEGEND = {"best": "the best", "no": f"{ALIKE} can't be told apart from the best", "yes": "told apart from the best"}
LOOKS = {"best": (0, "star"), "no": (2, "circle"), "yes": (1, "x")}  # colour's number, mark
COLUMNS = ("submission", "test-like", "its interval", "to the best", "its interval", "told apart", "clean", "folds")
SECONDS = ("train s", "predict s")


def leaderboard_section(board: pd.DataFrame, ensembles: pd.DataFrame, comparison: Comparison, chosen: str) -> Section:
    """Return the section of submissions/leaderboard.csv, of ensembles.csv and of the public scores.

    chosen: the name of the final submission.
    """
    return Section(
        "leaderboard",
        "Leaderboard",
        render(
            "leaderboard",
            alike=ALIKE,
            submissions=_board(board, "Submissions", comparison.newest, chosen),
            candidates=_board(ensembles, "Candidates for the final submission", {}, chosen),
            public=_public(comparison) if comparison.rows else None,
            public_lines=public_lines(comparison),
            notes=[(row["submission"], row["note"]) for row in board.to_dict("records") if row["note"]],
        ),
    )


def _board(board: pd.DataFrame, what: str, public: Mapping[str, float], chosen: str) -> Markup:
    rows = board.to_dict("records")
    columns = (*COLUMNS, *(("public",) if public else ()), *SECONDS)
    cells = [_cells(row, public, chosen) for row in rows]
    return _chart(rows, what) + table(f"{what}: macro F1 out of fold", columns, cells, sortable=True)


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
        TOLD[row["significant"]],
        number(row["clean"]),
        folds,
        *asked,
        *seconds,
    ]


def _interval(row: Mapping, key: str, form: str) -> Number:
    low, high = row[f"{key}_low"], row[f"{key}_high"]
    return Number(low, f"{low:{form}} to {high:{form}}")


def _chart(rows: Sequence[Mapping], what: str) -> Markup:
    soft = [row for row in rows if row["submission"] != f"{row['member']}_hard"]
    shown = soft[:MOST]
    labels = [f"{ALIKE} {row['submission']}" if row["significant"] == "no" else row["submission"] for row in shown]
    layout = {
        "yaxis": names_axis(labels) | downwards(len(shown)),
        "showlegend": True,
        "xaxis": {"title": {"text": "macro F1, test-like, out of fold"}, "zeroline": False},
    }
    best, more = rows[0], f", the first {MOST}" if len(soft) > MOST else ""
    label = (
        f"{what}: test-like macro F1 with its interval{more}. Best: {best['submission']}, {best['test_like']:.3f} "
        f"({best['test_like_low']:.3f} to {best['test_like_high']:.3f}). The table below has the numbers."
    )
    return chart(
        [trace for told in LOOKS if (trace := _trace(shown, told))], layout, label, height=130 + 26 * len(shown)
    )


def _trace(shown: Sequence[Mapping], told: str) -> dict | None:
    """Return the rows that stand so to the best as points with their intervals; None without any."""
    places = [place for place, row in enumerate(shown) if row["significant"] == told]
    if not places:
        return None
    rows, (colour, symbol) = [shown[place] for place in places], LOOKS[told]
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
        "name": LEGEND[told],
        "x": value,
        "y": places,
        "error_x": error,
        "meta": colour,
        "marker": {"symbol": symbol, "size": 11},
        "customdata": list(zip(names, low, high, strict=True)),
        "hovertemplate": "%{customdata[0]}<br>%{x:.3f} (%{customdata[1]:.3f} to %{customdata[2]:.3f})<extra></extra>",
    }


def _public(comparison: Comparison) -> Markup:
    rows = [
        [
            row["recorded"],
            row["submission"],
            *(number(row[key], ".4f") for key in ("public", "private", "test_like")),
            number(row["difference"], "+.4f"),
            number(row["low"], ".4f"),
            number(row["high"], ".4f"),
            _verdict(row),
        ]
        for row in comparison.rows
    ]
    columns = ("day", "submission", "public", "private", "out of fold", "difference", "expected from", "to", "it lies")
    return table("What the competition's site said", columns, rows, sortable=True)


def _verdict(row: Mapping) -> str:
    inside = {None: "", True: "inside", False: "outside"}[row["inside"]]
    return ", ".join(filter(None, (inside, "an earlier file" if row["same_file"] is False else "")))
