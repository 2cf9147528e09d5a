"""Learning curves: loss and macro F1 by epoch, a line for each fold."""

from collections.abc import Mapping, Sequence

import pandas as pd
from markupsafe import Markup

from competition.report.charts import chart, look
from competition.report.sections import Section, render
from competition.report.tables import Cell, number, table

EPOCH_TICKS = 12
OPEN = 4  # members whose curves are shown at once; the others' on request

History = Mapping[int, pd.DataFrame]  # fold -> a row per epoch


def learning_section(histories: Mapping[str, History]) -> Section:
    """Return the section of the members' histories (see folds/history); those that learn in one step get a row of a table, no curve."""
    curves = [(name, _chart(name, folds)) for name, folds in histories.items() if any(len(history) > 1 for history in folds.values())]
    rows = [row for name, folds in histories.items() for fold, history in folds.items() if (row := _row(name, fold, history))]
    columns = ("member", "fold", "epochs", "best epoch", "test-like there", "clean there", "loss there", "seconds")
    return Section("curves", "Learning curves", render("learning", curves=curves, open=OPEN,
                                                       table=table("Training of each network", columns, rows, sortable=True)))  # fmt: skip


def best_epoch(history: pd.DataFrame) -> Mapping | None:
    """Return the row of the epoch with the highest test-like macro F1, the first of equals; None without any."""
    if "test_like" not in history or not history["test_like"].notna().any():
        return None
    return history.loc[history["test_like"].idxmax()].to_dict()


def _row(name: str, fold: int, history: pd.DataFrame) -> Sequence[Cell] | None:
    best = best_epoch(history)
    if best is None:
        return None
    seconds = number(history["seconds"].sum(), ".0f") if "seconds" in history else ""
    return [name, number(fold, "d"), number(len(history), "d"), number(int(best["epoch"]), "d"), number(best["test_like"]),
            number(best.get("clean")), number(best.get("loss")), seconds]  # fmt: skip


def _chart(name: str, folds: History) -> Markup:
    traces = [trace for place, (fold, history) in enumerate(folds.items()) for trace in _traces(place, fold, history)]
    step = 1 + max(len(history) for history in folds.values()) // EPOCH_TICKS
    epochs = {"zeroline": False, "tickmode": "linear", "tick0": 0, "dtick": step}
    layout = {
        "xaxis": epochs | {"matches": "x2", "showticklabels": False}, "xaxis2": epochs | {"anchor": "y2", "title": {"text": "epoch"}},
        "yaxis": {"domain": [0.42, 1], "title": {"text": "macro F1"}, "zeroline": False},
        "yaxis2": {"domain": [0, 0.34], "title": {"text": "training loss"}, "zeroline": False, "anchor": "x2"},
        "hovermode": "closest", "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "xanchor": "left"},
    }  # fmt: skip
    bests = [f"fold {fold}: best epoch {best['epoch']:.0f}, test-like {best['test_like']:.3f}"
             for fold, history in folds.items() if (best := best_epoch(history))]  # fmt: skip
    return chart(traces, layout, f"Learning curves of {name}. {'; '.join(bests)}.", height=460)


def _traces(place: int, fold: int, history: pd.DataFrame) -> list[dict]:
    lines = []
    views = (("test_like", "test-like", "solid", "x", "y"), ("clean", "clean", "dot", "x", "y"), ("loss", "loss", "solid", "x2", "y2"))
    for column, title, dash, x, y in views:
        if column in history and history[column].notna().any():
            text = f"fold {fold}, {title}"
            lines.append(look(place) | {
                "type": "scatter", "mode": "lines+markers", "name": text, "x": history["epoch"].tolist(), "y": history[column].tolist(),
                "xaxis": x, "yaxis": y, "line": {"width": 2, "dash": dash}, "marker": look(place)["marker"] | {"size": 5},
                "showlegend": column != "loss", "hovertemplate": f"{text}, epoch %{{x}}: %{{y:.3f}}<extra></extra>"})  # fmt: skip
    return lines
