"""F1 of each class: the classes that cost the score."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from competition.common import paths
from competition.data.label_sets import encode, label_counts
from competition.leaderboard.oof_answers import OOF_FILES
from competition.metrics.per_class import per_class_f1
from competition.report.charts import SYMBOLS, chart, downwards, names_axis, plain
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import HARD, marked_label, number, table

MOST_CLASSES, MOST_DRAWN, MOST_LISTED = 40, 4, 12  # classes and submissions in the chart; submissions in the table
DECIMALS = 6  # scores that differ by less are alike


@SECTIONS.register
class ClassF1(Section):
    """F1 of each class, worst first: the final submission beside the members'."""

    order, title = 60, "F1 of each class"
    reads = (*(paths.FINAL_FACTS, paths.LEADERBOARD, paths.VOTES, paths.CLASSES), *OOF_FILES)

    def body(self, context: ReportContext) -> Markup:
        first = context.shown_submission
        others = [name for name in context.leaderboard["submission"] if name != first]
        metric, several = context.metric, context.several
        whose = metric.labels_note(several)
        note = f"{metric.title} takes no labels: this is {whose}." if whose else metric.per_class_note
        return class_f1(context.oof, [first, *others], context.class_names, context.hard_classes, note, several)


def class_f1(
    oof: pd.DataFrame,
    submissions: Sequence[str],
    class_names: Mapping[str, str],
    hard: Collection[str],
    note: str,
    several: bool = False,
) -> Markup:
    """Chart and table of each class's F1, test-like, out of fold; worst class of the first submission on top.

    oof: see `read_oof`; hard: the specialist's targets; note: what they have to do with the metric; several: whether an
    image may have several labels.
    """
    targets = list(class_names)
    first, scores = submissions[0], class_scores(oof, submissions, targets, several)
    distinct = scores.T.drop_duplicates().index.tolist()  # the first of those that score alike
    counts = label_counts(encode(oof["target"].tolist(), targets, several), len(targets)).tolist()
    listed, images = distinct[:MOST_LISTED], dict(zip(targets, counts, strict=True))
    scores = scores.sort_values(first, kind="stable")
    labels = [marked_label(target, class_names, hard) for target in scores.index]
    cells = [
        [label, number(images[target], "d"), *(number(scores.at[target, name]) for name in listed)]
        for label, target in zip(labels, scores.index, strict=True)
    ]
    return render(
        "class_f1",
        first=first,
        note=note,
        mark=HARD,
        hard=bool(hard),
        drawn=min(MOST_CLASSES, len(scores)),
        classes=len(scores),
        listed=len(listed),
        submissions=len(submissions),
        chart=_chart(scores[distinct[:MOST_DRAWN]].head(MOST_CLASSES), labels[:MOST_CLASSES]),
        table=table("F1 test-like of each class, out of fold", ("class", "images", *listed), cells, sortable=True),
    )


def class_scores(
    oof: pd.DataFrame, submissions: Sequence[str], targets: Sequence[str], several: bool = False
) -> pd.DataFrame:
    """F1, test-like, of each of `targets` (rows) and submission (columns); NaN for a class without image and answer."""

    def labels(column: str) -> np.ndarray:
        return encode(oof[column].tolist(), targets, several)

    y_true = labels("target")
    scores = {name: per_class_f1(y_true, labels(f"{name}.test_like"), len(targets)) for name in submissions}
    return pd.DataFrame(scores, index=list(targets)).round(DECIMALS)


def _chart(scores: pd.DataFrame, labels: Sequence[str]) -> Markup:
    first, count = scores.columns[0], len(scores)
    layout = {
        "yaxis": names_axis(labels) | downwards(count),
        "xaxis": {"title": {"text": "F1, test-like"}, "zeroline": False},
        "showlegend": True,
    }
    worst = [f"{label} {score:.3f}" for score, label in zip(scores[first][:3], labels[:3], strict=True)]
    label = f"F1 of each class, test-like. Worst of {first}: {', '.join(worst)}."
    traces = [_trace(scores[name], place) for place, name in enumerate(scores)]
    return chart(traces, layout, label, height=140 + 22 * count)


def _trace(scores: pd.Series, place: int) -> dict:
    """Points of a submission: filled ones for the first, open ones of another shape around them for the others."""
    mark = (
        {"symbol": SYMBOLS[place], "size": 9}
        if place == 0
        else {"symbol": f"{SYMBOLS[place]}-open", "size": 11, "line": {"width": 2}}
    )
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(scores.name),
        "x": [None if pd.isna(score) else score for score in scores],
        "y": list(range(len(scores))),
        "meta": place,
        "marker": mark,
        "hovertemplate": "%{y}<br>%{fullData.name}: %{x:.3f}<extra></extra>",
    }
