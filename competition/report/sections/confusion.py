"""Confusion matrices of the final submission, out of fold, clean and test-like, in counts and in shares of a class."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from competition.common import paths
from competition.data.label_sets import encode
from competition.leaderboard.oof_answers import OOF_FILES
from competition.metrics.per_class import confusion_matrix
from competition.report.charts import chart, names_axis
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import HARD, class_label, marked_label, number, table

MOST_CLASSES = 60  # a larger matrix can't be read; the pairs say more
MOST_WRITTEN = 30  # classes with which a cell has room for its number
PAIRS = 30
CONDITION_LABELS = {"test_like": "test-like", "clean": "clean"}
SEVERAL = (
    "An image may have several labels here, so none is answered in another's place: F1 of each class says which labels "
    "are missed or given too often."
)
UNITS = {"counts": "counts", "shares": "shares of the true class"}


@SECTIONS.register
class Confusion(Section):
    """Confusion matrices of the final submission."""

    order, title = 50, "Confusion"
    reads = (paths.FINAL_FACTS, paths.LEADERBOARD, *OOF_FILES, paths.CLASSES, paths.VOTES)

    def absent(self, context: ReportContext) -> str:
        return SEVERAL if context.several else ""

    def body(self, context: ReportContext) -> Markup:
        shown, chosen, note = context.shown_submission, context.final["chosen"], context.metric.labels_note(False)
        return confusion(context.oof, shown, context.class_names, context.hard_classes, chosen, note)


def confusion(
    oof: pd.DataFrame,
    submission: str,
    class_names: Mapping[str, str],
    hard: Collection[str],
    chosen: str,
    note: str = "",
) -> Markup:
    """Matrices of `submission`'s answers out of fold, and the pairs of classes confused most often.

    oof: see `read_oof`; hard: the specialist's targets; chosen: name of the final submission; note: which labels its
    answers are, where they are probabilities, see `Metric.labels_note`.
    """
    targets = list(class_names)

    def labels_in(column: str) -> np.ndarray:
        return encode(oof[column].tolist(), targets, several=False)

    matrices = {
        condition: confusion_matrix(labels_in("target"), labels_in(f"{submission}.{condition}"), len(targets))
        for condition in CONDITION_LABELS
    }
    labels = [marked_label(target, class_names, hard) for target in targets]
    drawn = CONDITION_LABELS if len(targets) <= MOST_CLASSES else {}
    return render(
        "confusion",
        submission=submission,
        chosen=chosen,
        note=note,
        classes=len(targets),
        most=MOST_CLASSES,
        conditions=CONDITION_LABELS,
        units=UNITS,
        mark=HARD,
        charts=[(one, unit, _chart(matrices[one], labels, one, unit)) for one in drawn for unit in UNITS],
        pairs=[_pairs(matrices[one], labels, name) for one, name in CONDITION_LABELS.items()],
        numbers=[_numbers(matrices[one], labels, name) for one, name in drawn.items()],
        hard=[class_label(target, class_names) for target in targets if target in hard],
    )


def worst_pairs(matrix: np.ndarray, most: int = PAIRS) -> list[tuple[int, int]]:
    """(true, answered) classes, by index, that are confused most often, of equals the first; none that never are."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[: min(most, int((wrong > 0).sum()))]
    return [(int(place // len(matrix)), int(place % len(matrix))) for place in order]


def shares(matrix: np.ndarray) -> np.ndarray:
    """Return shares of each row (C, C), which sum to 1; 0 where a class has no image."""
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def _pairs(matrix: np.ndarray, labels: Sequence[str], condition: str) -> Markup:
    of_class, wrong = shares(matrix), int(matrix.sum() - np.trace(matrix))
    rows = [
        [labels[own], labels[answered], number(int(matrix[own, answered]), "d"), number(of_class[own, answered], ".1%")]
        for own, answered in worst_pairs(matrix)
    ]
    caption = f"Most frequent confusions, {condition}: {wrong} of {matrix.sum()} images are answered wrongly"
    return table(caption, ("true", "answered", "images", "of the true class"), rows, sortable=True)


def _numbers(matrix: np.ndarray, labels: Sequence[str], condition: str) -> Markup:
    rows = [
        [label, *(number(int(count), "d") for count in counts)] for label, counts in zip(labels, matrix, strict=True)
    ]
    return table(
        f"Confusion matrix, {condition}: images of each true class, by answer", ("true \\ answered", *labels), rows
    )


def _chart(matrix: np.ndarray, labels: Sequence[str], condition: str, unit: str) -> Markup:
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
        f"Confusion matrix, {CONDITION_LABELS[condition]}, {UNITS[unit]}: {right:.1%} of {matrix.sum()} images are on "
        "the diagonal. The tables below have its numbers."
    )
    return chart([trace], layout, label, height=240 + 24 * len(labels), least_width=260 + 28 * len(labels))
