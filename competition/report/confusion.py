"""What is taken for what: confusion matrices of one submission, out of fold, clean and test-like, in counts and in
shares of a class.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from competition.folds.predictions import OOF_VIEWS
from competition.metrics.per_class import confusion_matrix
from competition.report.charts import chart, names_axis
from competition.report.sections import Section, render
from competition.report.tables import class_label, number, table

MOST_CLASSES = 60  # a larger matrix can't be read; the pairs say more
MOST_WRITTEN = 30  # classes with which a cell has room for its number
PAIRS = 30
HARD = "★"
VIEWS = {"test_like": "test-like", "clean": "clean"}
UNITS = {"counts": "counts", "shares": "shares of the true class"}


def confusion_section(
    oof: pd.DataFrame, submission: str, class_names: Mapping[str, str], hard: Collection[str], chosen: str
) -> Section:
    """Return the section of `submission`'s answers in oof.csv.

    hard: the targets that are the specialist's; chosen: the name of the final submission.
    """
    targets, true = list(class_names), oof["target"].to_numpy()
    matrices = {view: confusion_matrix(true, oof[f"{submission}.{view}"].to_numpy(), targets) for view in OOF_VIEWS}
    labels = [marked_label(target, class_names, hard) for target in targets]
    shown = VIEWS if len(targets) <= MOST_CLASSES else ()
    return Section(
        "confusion",
        "Confusion",
        render(
            "confusion",
            submission=submission,
            chosen=chosen,
            classes=len(targets),
            most=MOST_CLASSES,
            views=VIEWS,
            units=UNITS,
            mark=HARD,
            charts=[(view, unit, _chart(matrices[view], labels, view, unit)) for view in shown for unit in UNITS],
            pairs=[_pairs(matrices[view], labels, VIEWS[view]) for view in VIEWS],
            numbers=[_numbers(matrices[view], labels, VIEWS[view]) for view in shown],
            hard=[class_label(target, class_names) for target in targets if target in hard],
        ),
    )


def marked_label(target: str, class_names: Mapping[str, str], hard: Collection[str]) -> str:
    """Return the class's label, with a mark before it if it is a hard one."""
    label = class_label(target, class_names)
    return f"{HARD} {label}" if target in hard else label


def worst_pairs(matrix: np.ndarray, most: int = PAIRS) -> list[tuple[int, int]]:
    """Return the (true, answered) classes, by index, that are confused most often, of equals the first; none that never
    are.
    """
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[: min(most, int((wrong > 0).sum()))]
    return [(int(place // len(matrix)), int(place % len(matrix))) for place in order]


def shares(matrix: np.ndarray) -> np.ndarray:
    """Return (C, C) each row's shares, which sum to 1; 0 where a class has no image."""
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def _pairs(matrix: np.ndarray, labels: Sequence[str], view: str) -> Markup:
    of_class, wrong = shares(matrix), int(matrix.sum() - np.trace(matrix))
    rows = [
        [
            labels[true],
            labels[answered],
            number(int(matrix[true, answered]), "d"),
            number(of_class[true, answered], ".1%"),
        ]
        for true, answered in worst_pairs(matrix)
    ]
    caption = f"Most frequent confusions, {view}: {wrong} of {matrix.sum()} images are answered wrongly"
    return table(caption, ("true", "answered", "images", "of the true class"), rows, sortable=True)


def _numbers(matrix: np.ndarray, labels: Sequence[str], view: str) -> Markup:
    rows = [
        [label, *(number(int(count), "d") for count in counts)] for label, counts in zip(labels, matrix, strict=True)
    ]
    return table(f"Confusion matrix, {view}: images of each true class, by answer", ("true \\ answered", *labels), rows)


def _chart(matrix: np.ndarray, labels: Sequence[str], view: str, unit: str) -> Markup:
    values, form = (matrix, "d") if unit == "counts" else (shares(matrix).round(4), ".2f")
    places, axis = list(range(len(labels))), names_axis(labels) | {"showgrid": False}
    trace = {
        "type": "heatmap",
        "z": values.tolist(),
        "x": places,
        "y": places,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": f"true %{{y}}<br>answered %{{x}}<br>%{{z:{form}}}<extra></extra>",
    }
    if len(labels) <= MOST_WRITTEN:
        written = [[format(value, form) if value else "" for value in row] for row in values.tolist()]
        trace |= {"text": written, "texttemplate": "%{text}"}
    layout = {
        "xaxis": axis | {"title": {"text": "answered"}, "tickangle": -60},
        "yaxis": axis | {"title": {"text": "true", "standoff": 16}, "automargin": True, "autorange": "reversed"},
    }
    right = np.trace(matrix) / max(1, matrix.sum())
    label = (
        f"Confusion matrix, {VIEWS[view]}, {UNITS[unit]}: {right:.1%} of {matrix.sum()} images are on the diagonal. "
        "The tables below have its numbers."
    )
    return chart([trace], layout, label, height=240 + 24 * len(labels), least_width=260 + 28 * len(labels))
