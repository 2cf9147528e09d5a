"""What a submission has to hold: found from the sample submission, the labels and the metric."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.cells import SEPARATORS, in_brackets, is_number, is_whole, split_cell
from competition.data.adopt.labels import Labels
from competition.data.adopt.metric_facts import MetricFacts, all_metrics, metrics_that_fit
from competition.data.adopt.options import Options
from competition.data.adopt.positive_class import positive_last
from competition.data.answers import ANSWERS


@dataclass(frozen=True)
class Answer:
    """The answer's form, as `task.answer` has it, and what it needs. classes: in their order, positive last."""

    form: str
    reason: str
    classes: tuple[str, ...]
    most: int | None = None  # ranked: labels in a cell
    separator: str = " "
    notes: tuple[str, ...] = ()


def find_answer(
    asked: Sequence[str], cells: Sequence[str], labels: Labels, options: Options, metric: MetricFacts, where: str
) -> Answer:
    """Return what a submission holds. asked: its columns behind the ID; cells: the placeholders of the first of them.

    where: the sample submission. Raises ContractError where columns, labels and metric don't go together.
    """
    if metric.kinds and labels.kind not in metric.kinds:
        raise ContractError(
            [
                f"--metric {metric.name} scores labels {' or '.join(metric.kinds)}, but found were {labels.kind} ones, "
                f"{labels.reason}; name another metric ({_names(labels.kind)}), or say --labels {metric.kinds[0]}"
            ]
        )
    form, reason = _told(options.answer, labels, metric) if options.answer else _form(asked, labels, metric, where)
    answer = Answer(form, reason, labels.classes)
    if form == "probability":
        classes, note = positive_last(where, asked, labels.classes, options.target)
        return replace(answer, classes=classes, notes=(note,))
    placeholder = max(cells, key=len, default="")
    separator = _separator(cells, placeholder, labels)
    if form == "ranked":
        shown = len([part for part in placeholder.split(separator) if part])
        most = metric.most or max(shown, 1)
        return replace(answer, most=min(most, len(labels.classes)), separator=separator)
    if form == "label_list":
        written = f"{placeholder} in {where} is in brackets; submissions are written without"
        notes = (f"warning: {written}: put them around each answer if the site asks for them",)
        return replace(answer, separator=separator, notes=notes if in_brackets(placeholder) else ())
    return replace(answer, notes=_of_another_kind(cells, labels.classes, where)) if form == "label" else answer


def _separator(cells: Sequence[str], longest: str, labels: Labels) -> str:
    """Return what stands between the labels of an answer: by which most parts of the placeholders are classes.

    The training table's where the placeholders are single labels. Where no part is a class, a mark that the longest
    one holds; a blank may belong to a name.
    """
    classes, shown = {*labels.classes}, {*cells} - {""}
    if shown <= classes:
        return labels.separator
    known = {mark: sum(len(classes & {*split_cell(cell, mark)}) for cell in shown) for mark in SEPARATORS}
    return max((labels.separator, *SEPARATORS), key=lambda mark: (known[mark], mark != " " and mark in longest))


def _of_another_kind(cells: Sequence[str], classes: Sequence[str], where: str) -> tuple[str, ...]:
    """Return a warning where the placeholders are no classes; whole numbers may be any, where classes are some too."""
    shown = {cell for cell in cells if cell}
    numbers, whole = all(map(is_number, shown)), is_whole(shown)
    if not shown or shown & set(classes) or (whole and is_whole(classes)):
        return ()
    names = f'write a JSON file beside the tables, such as {{"{classes[0]}": "{min(shown)}", ...}}'
    number = "if a probability is asked for, name a metric of probabilities with --metric"
    fix = f"if the site has other names for them, {names}" if whole or not numbers else number
    return (
        f"warning: the answers in {where} look like {min(shown)}, the classes like {examples(classes, most=3)}, "
        f"which is what will be submitted; {fix}",
    )


def ask_for_metric(asked: Sequence[str], cells: Sequence[str], labels: Labels, where: str) -> ContractError:
    """Return the error that asks for the metric, with those that fit what was found."""
    shown = f"placeholder {cells[0]}" if len(cells) and cells[0] else "empty cells"
    if len(asked) > 1:
        takes, what = ("probabilities",), f"{len(asked)} answer columns"
    elif labels.several:
        takes, what = ("labels", "ranks"), f"one answer column ({shown}), several labels an image"
    elif len(cells) and " " in cells[0] and cells[0] not in labels.classes:
        takes, what = ("ranks",), f"one answer column with several labels ({shown})"
    elif len(labels.classes) == 2 and len(cells) and all(map(is_number, cells)):
        takes, what = ("probabilities", "labels"), f"one answer column ({shown}), two classes"
    else:
        takes, what = ("labels", "ranks"), f"one answer column ({shown}), {len(labels.classes)} classes"
    fitting = metrics_that_fit(labels.kind, takes)
    return ContractError(
        [
            f"{where}: no file tells how answers are scored; the competition's page does: name it with --metric. "
            f"Found: labels {labels.kind}, {labels.reason}; {what}. What fits: {', '.join(fitting)} (all: "
            f"{', '.join(all_metrics())})"
        ]
    )


def _told(form: str, labels: Labels, metric: MetricFacts) -> tuple[str, str]:
    """Return the form that a person named. Raises ValueError for an unknown one, or one that fits nothing else."""
    try:
        known = ANSWERS[form]
    except ValueError as error:
        raise ValueError(f"--answer {form}: {error}") from None
    if labels.kind in known.kinds and metric.takes in known.scored_as:
        return form, "as told"
    fitting = [name for name, one in ANSWERS.items() if labels.kind in one.kinds and metric.takes in one.scored_as]
    raise ContractError(
        [
            f"--answer {form} doesn't go with labels {labels.kind}, {labels.reason}, and --metric {metric.name}, which "
            f"scores {metric.takes}; --answer {' or '.join(fitting)} does"
        ]
    )


def _form(asked: Sequence[str], labels: Labels, metric: MetricFacts, where: str) -> tuple[str, str]:
    if len(asked) > 1:
        if metric.takes == "labels":
            raise ContractError(
                [
                    f"--metric {metric.name} scores labels, but {where} has {len(asked)} answer columns "
                    f"({examples(asked)}), a "
                    "number for each class; name a metric of probabilities "
                    f"({_names(labels.kind, 'probabilities', 'ranks')})"
                ]
            )
        return "probabilities", f"since {where} has a column for each of {len(asked)} classes"
    if metric.takes == "ranks":
        return "ranked", f"since {metric.name} scores the likeliest labels in order"
    if metric.takes == "labels":
        form = "label_list" if labels.several else "label"
        return form, f"since {metric.name} scores labels and an image has {'several' if labels.several else 'one'}"
    if labels.kind == "single" and len(labels.classes) == 2:
        return "probability", f"since {metric.name} scores probabilities and there are two classes"
    there = f"{counted(len(labels.classes), 'classes')} ({examples(labels.classes)})"
    if not asked:
        raise ContractError(
            [
                f"{where}: no sample submission says how {metric.name} takes the probabilities of {there}; put it "
                "beside the tables, or say --answer probabilities: a column for each class"
            ]
        )
    raise ContractError(
        [
            f"{where}: one answer column ({asked[0]}), but --metric {metric.name} scores probabilities and there are "
            f"{there}: a column for each class was expected; take the sample submission that has them, or name a "
            f"metric of labels ({_names(labels.kind, 'labels')})"
        ]
    )


def _names(kind: str, *takes: str) -> str:
    return ", ".join(metrics_that_fit(kind, takes or ("labels", "probabilities", "ranks")))
