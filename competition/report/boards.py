"""The leaderboard with its intervals, the candidates for the final submission, and what the competition's site said."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from competition.leaderboard_table import ALIKE
from competition.public_comparison import Comparison
from competition.public_table import public_lines
from competition.report.charts import chart, short
from competition.report.sections import Section, render
from competition.report.tables import Cell, Number, number, table

MOST = 40  # rows that are drawn; the tables have all
TOLD = {"best": "the best", "no": f"{ALIKE} can't be told apart from the best", "yes": "told apart from the best"}
LOOKS = {"best": (0, "star"), "no": (2, "circle"), "yes": (1, "x")}  # colour's number, mark
COLUMNS = ("submission", "test-like", "its interval", "to the best", "its interval", "told apart", "clean", "folds")


def leaderboard_section(board: pd.DataFrame, ensembles: pd.DataFrame | None, comparison: Comparison | None, chosen: str) -> Section:
    """Return the section of submissions/leaderboard.csv, of ensembles.csv and of the public scores; None: there are none.

    chosen: the name of the final submission.
    """
    public = comparison if comparison and comparison.rows else None
    return Section("leaderboard", "Leaderboard", render(
        "leaderboard", alike=ALIKE, submissions=_board(board, "Submissions", public.newest if public else {}, chosen),
        candidates=None if ensembles is None else _board(ensembles, "Candidates for the final submission", {}, chosen),
        public=_public(public) if public else None, public_lines=public_lines(public) if public else (),
        notes=[(row["submission"], row["note"]) for row in board.to_dict("records") if row["note"]]))  # fmt: skip


def _board(board: pd.DataFrame, what: str, public: Mapping[str, float], chosen: str) -> Markup:
    rows = board.to_dict("records")
    columns = COLUMNS + ("public",) * bool(public) + ("train s", "predict s")
    numbers = table(f"{what}: macro F1 out of fold", columns, [_cells(row, public, chosen) for row in rows], sortable=True)
    return _intervals(rows, what) + numbers


def _cells(row: Mapping, public: Mapping[str, float], chosen: str) -> list[Cell]:
    name = row["submission"]
    title = f"{name} (final)" if name == chosen else name
    first = [number(row["test_like"]), _interval(row, "test_like", ".3f")]
    difference = ["", ""] if row["told_apart"] == "best" else [number(row["difference"], "+.3f"), _interval(row, "difference", "+.3f")]
    told = {"best": "best", "no": f"{ALIKE} no", "yes": "yes"}[row["told_apart"]]
    last = [number(row["clean"]), Number(row["mean"], f"{row['mean']:.3f} ± {row['std']:.3f}")]
    asked = [number(public.get(name), ".4f")] if public else []
    return [title, *first, *difference, told, *last, *asked, number(row["train_seconds"], ".0f"), number(row["predict_seconds"], ".0f")]


def _interval(row: Mapping, key: str, form: str) -> Number:
    low, high = row[f"{key}_low"], row[f"{key}_high"]
    return Number(low, f"{low:{form}} to {high:{form}}")


def _intervals(rows: Sequence[Mapping], what: str) -> Markup:
    drawn = [row for row in rows if row["submission"] != f"{row['member']}_hard"]
    shown = drawn[:MOST]
    traces = [trace for told in LOOKS if (trace := _interval_trace(shown, told))]
    labels = [f"{ALIKE} {short(row['submission'])}" if row["told_apart"] == "no" else short(row["submission"]) for row in shown]
    layout = {
        "yaxis": {"tickvals": list(range(len(shown))), "ticktext": labels, "range": [len(shown) - 0.5, -0.5], "zeroline": False},
        "xaxis": {"title": {"text": "macro F1, test-like, out of fold"}, "zeroline": False},
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "xanchor": "left"}, "showlegend": True, "hovermode": "closest",
    }  # fmt: skip
    best = rows[0]
    label = (f"{what}: test-like macro F1 with its interval{f', the first {MOST}' if len(drawn) > MOST else ''}. Best: {best['submission']}, "
             f"{best['test_like']:.3f} ({best['test_like_low']:.3f} to {best['test_like_high']:.3f}). The table below has the numbers.")
    return chart(traces, layout, label, height=130 + 26 * len(shown))


def _interval_trace(shown: Sequence[Mapping], told: str) -> dict | None:
    places = [place for place, row in enumerate(shown) if row["told_apart"] == told]
    if not places:
        return None
    rows, (colour, symbol) = [shown[place] for place in places], LOOKS[told]
    value, low, high = ([row[key] for row in rows] for key in ("test_like", "test_like_low", "test_like_high"))
    error = {"type": "data", "symmetric": False, "array": [up - v for up, v in zip(high, value, strict=True)],
             "arrayminus": [v - down for v, down in zip(value, low, strict=True)], "thickness": 2, "width": 5}
    return {"type": "scatter", "mode": "markers", "name": TOLD[told], "x": value, "y": places, "error_x": error, "meta": colour,
            "marker": {"symbol": symbol, "size": 11}, "customdata": [[short(row["submission"]), a, b] for row, a, b in zip(rows, low, high, strict=True)],
            "hovertemplate": "%{customdata[0]}<br>%{x:.3f} (%{customdata[1]:.3f} to %{customdata[2]:.3f})<extra></extra>"}  # fmt: skip


def _public(comparison: Comparison) -> Markup:
    rows = [[row["recorded"], row["submission"], *(number(row[key], ".4f") for key in ("public", "private", "test_like")),
             number(row["difference"], "+.4f"), number(row["low"], ".4f"), number(row["high"], ".4f"), _verdict(row)]
            for row in comparison.rows]  # fmt: skip
    columns = ("day", "submission", "public", "private", "out of fold", "difference", "expected from", "to", "it lies")
    return table("What the competition's site said", columns, rows, sortable=True)


def _verdict(row: Mapping) -> str:
    inside = {None: "", True: "inside", False: "outside"}[row["inside"]]
    return ", ".join(filter(None, (inside, "an earlier file" if row["same_file"] is False else "")))
