"""Task and decision rule: what is asked and scored, and how probabilities become the answers that the metric takes."""

from collections.abc import Mapping

from markupsafe import Markup

from competition.common import paths
from competition.ensembling.decision import PLAIN
from competition.leaderboard.public_scores import range_text
from competition.metrics.metric import Metric
from competition.report.context import ReportContext
from competition.report.rendering import render
from competition.report.section import Section
from competition.report.sections import SECTIONS
from competition.report.tables import class_label, number, table
from competition.settings.task import TaskSettings

LABELS = {"single": "one class", "ordinal": "one of ordered grades", "multi": "any number of labels"}
TAKES = {"labels": "labels", "probabilities": "probabilities", "ranks": "classes in order of likelihood"}


@SECTIONS.register
class Task(Section):
    """The task, and the decision rule of the final submission with what it gained out of fold."""

    order, title, reads = 25, "Task and decision", (paths.FINAL_FACTS, paths.CLASSES)

    def body(self, context: ReportContext) -> Markup:
        return task_and_decision(context.settings.task, context.metric, context.final["decision"], context.class_names)


def task_and_decision(
    task: TaskSettings, metric: Metric, decision: Mapping | None, class_names: Mapping[str, str]
) -> Markup:
    """Table of the task, and a description of `decision`, as final.json has it; None: votes are counted."""
    best = "greater" if metric.greater_is_better else "less"
    rows = [
        ["labels", f"{task.labels}: an image has {LABELS[task.labels]}"],
        ["classes", f"{len(class_names)}"],
        ["answer", task.answer],
        ["metric", f"{metric.label} ({task.metric}), {range_text(metric.bounds)}, {best} is better"],
        ["it scores", TAKES[metric.takes]],
    ]
    fitted = decision["fitted"] if decision else {}
    return render(
        "task",
        table=table("What is asked, answered and scored", ("what", "here"), rows),
        decision=decision,
        why_plain=_why_plain(task, metric) if decision and decision["rule"] == PLAIN else "",
        metric=metric,
        numbers=[(name, _text(value)) for name, value in fitted.items() if not isinstance(value, list)],
        by_class=_by_class(fitted, class_names),
        lists=[
            (name, ", ".join(map(_text, value)))
            for name, value in fitted.items()
            if isinstance(value, list) and len(value) != len(class_names)
        ],
    )


def _why_plain(task: TaskSettings, metric: Metric) -> str:
    """Return why no rule was fitted, as a half-sentence."""
    if task.decision == PLAIN:
        return "task.decision says so"
    if not metric.decisions(task.several):
        return f"of {metric.label} no other answers are better than these"
    return "no rule that was tried gains more than noise out of fold"


def _by_class(fitted: Mapping, class_names: Mapping[str, str]) -> Markup | None:
    """Return a table of what was fitted for each class; None where nothing was."""
    columns = {
        name: value for name, value in fitted.items() if isinstance(value, list) and len(value) == len(class_names)
    }
    if not columns:
        return None
    rows = [
        [class_label(target, class_names), *(number(value[place]) for value in columns.values())]
        for place, target in enumerate(class_names)
    ]
    return table("Fitted for each class", ("class", *columns), rows, sortable=True)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value}"
