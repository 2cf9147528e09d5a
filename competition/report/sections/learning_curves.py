"""Learning curves: loss and score by epoch, a line for each fold."""

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from competition.common import paths
from competition.data.predictions import CONDITIONS
from competition.report.charts import chart, line_style
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import Cell, number, table

OPEN = 4  # members whose curves are shown at once; the others' on request
EPOCH_TICKS = 12
LINES = (
    ("test_like", "test-like", "solid", "x", "y"),
    ("clean", "clean", "dot", "x", "y"),
    ("loss", "loss", "solid", "x2", "y2"),
)
COLUMNS = ("member", "fold", "epochs", "kept epoch", "test-like there", "clean there", "loss there", "seconds")

Histories = Mapping[int, pd.DataFrame]  # fold -> a row per epoch


@SECTIONS.register
class LearningCurves(Section):
    """Learning curves of the members and the specialist."""

    order, title, reads = 40, "Learning curves", (paths.HISTORY,)

    def body(self, context: ReportContext) -> Markup:
        return learning_curves(context.histories, f"{context.metric.label}{context.metric.order_note}")


def learning_curves(histories: Mapping[str, Histories], metric: str) -> Markup:
    """Chart of each member's history, and a table of all trainings.

    metric: what scores are called. What learns in one step has no curve, only its row of the table.
    """
    curves = [
        (name, _chart(name, folds, metric), _numbers(name, folds))
        for name, folds in histories.items()
        if any(len(history) > 1 for history in folds.values())
    ]
    rows = [
        _row(name, fold, history, best)
        for name, folds in histories.items()
        for fold, history in folds.items()
        if (best := kept_epoch(history))
    ]
    trained = table("Training of each network", COLUMNS, rows, sortable=True)
    return render("learning_curves", curves=curves, open=OPEN, table=trained)


def kept_epoch(history: pd.DataFrame) -> Mapping | None:
    """Row of the epoch whose weights were kept; None without any."""
    kept = history[history["kept"] == 1].to_dict("records")
    return kept[0] if kept else None


def _row(name: str, fold: int, history: pd.DataFrame, best: Mapping) -> list[Cell]:
    seconds = number(history["seconds"].sum(), ".0f") if "seconds" in history else ""
    return [
        name,
        number(fold, "d"),
        number(len(history), "d"),
        number(int(best["epoch"]), "d"),
        number(best["test_like"]),
        number(best.get("clean")),
        number(best.get("loss")),
        seconds,
    ]


def _numbers(name: str, folds: Histories) -> Markup:
    there = [(column, title) for column, title, *_ in LINES if any(column in history for history in folds.values())]
    rows = [
        [
            number(fold, "d"),
            number(int(row["epoch"]), "d"),
            *(number(row.get(column)) for column, _ in there),
            "kept" * row["kept"],
        ]
        for fold, history in folds.items()
        for row in history.to_dict("records")
    ]
    return table(f"Epochs of {name}", ("fold", "epoch", *(title for _, title in there), "kept"), rows)


def _chart(name: str, folds: Histories, metric: str) -> Markup:
    step = 1 + max(len(history) for history in folds.values()) // EPOCH_TICKS
    epochs = {"zeroline": False, "tickmode": "linear", "tick0": 0, "dtick": step}
    scored = any(
        history[column].notna().any() for history in folds.values() for column in CONDITIONS if column in history
    )
    loss = {"title": {"text": "training loss"}, "zeroline": False, "anchor": "x2"}
    layout = {"xaxis2": epochs | {"anchor": "y2", "title": {"text": "epoch"}}, "yaxis2": loss | {"domain": [0, 1]}}
    if scored:
        layout |= {
            "xaxis": epochs | {"matches": "x2", "showticklabels": False},
            "yaxis": {"domain": [0.42, 1], "title": {"text": metric}, "zeroline": False},
            "yaxis2": loss | {"domain": [0, 0.34]},
        }
    bests = [
        f"fold {fold}: kept epoch {best['epoch']:.0f}"
        + (f", test-like {best['test_like']:.3f}" if best["test_like"] == best["test_like"] else "")
        for fold, history in folds.items()
        if (best := kept_epoch(history))
    ]
    traces = [
        trace for place, (fold, history) in enumerate(folds.items()) for trace in _traces(place, fold, history, scored)
    ]
    height = 460 if scored else 260
    return chart(traces, layout, f"Learning curves of {name}. {'; '.join(bests)}.", height=height)


def _traces(place: int, fold: int, history: pd.DataFrame, scored: bool) -> list[dict]:
    """Return lines of a fold: of one colour and mark, different in dash and axes. scored: whether any line is a score's
    (else the legend names the losses).
    """
    lines, mark = [], line_style(place)["marker"] | {"size": 5}
    for column, title, dash, x, y in LINES:
        known = history[history[column].notna()] if column in history else history.iloc[:0]
        if len(known):
            text = f"fold {fold}, {title}"
            lines.append(
                line_style(place)
                | {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": text,
                    "x": known["epoch"].tolist(),
                    "y": known[column].tolist(),
                    "xaxis": x,
                    "yaxis": y,
                    "line": {"width": 2, "dash": dash},
                    "marker": mark,
                    "showlegend": column != "loss" or not scored,
                    "hovertemplate": f"{text}, epoch %{{x}}: %{{y:.3f}}<extra></extra>",
                }
            )
    return lines
