"""Labels of the training images as the sample submission asks for them: its classes, in its order, by its names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from competition.common.errors import ContractError, examples
from competition.data.adopt.cells import Hints, in_order, is_number, is_whole
from competition.data.adopt.class_names import find_class_names
from competition.data.adopt.image_parts import ImageParts
from competition.data.adopt.joined_classes import alike_warnings, class_counts, joined
from competition.data.adopt.label_columns import choose_label_columns, column_of_placeholders, label_of_column
from competition.data.adopt.labels import Labels, check_texts, labels_of_columns, labels_of_sets, only_asked
from competition.data.adopt.metric_facts import MetricFacts
from competition.data.adopt.options import Options
from competition.data.adopt.sources import Source
from competition.data.adopt.survey import Survey
from competition.data.adopt.training_rows import without_repeats, without_unasked


@dataclass(frozen=True, eq=False)
class LabelsAsked:
    """Labels, the images that have one which is asked for, and readable names of classes where there are any."""

    source: Source
    labels: Labels
    names: dict[str, str]
    notes: tuple[str, ...]


def find_labels(
    survey: Survey, parts: ImageParts, group: str | None, options: Options, metric: MetricFacts | None
) -> LabelsAsked:
    """Return the labels of the training images. group: the group's column, which is no label. Raises ContractError."""
    source, asked = parts.source, parts.roles.asked
    labels = _labels(parts, group, options, metric)
    if options.join_classes:
        labels = joined(labels, {*asked, *parts.cells}, source.where)
    source, labels = without_repeats(source, labels)
    names, note = _names(survey, parts, labels)
    labels, names = _as_asked(_graded(labels, names, source.where), asked, parts.cells, names, source.where)
    if source.guessed and (other := [cell for cell in parts.cells if cell and not is_number(cell)]):
        _check_guessed(other, labels, source.where, parts)
    source, labels = without_unasked(source, labels)
    if problems := check_texts(labels, source.where):
        raise ContractError(problems)
    if options.target is not None and options.target not in (*labels.columns, *labels.classes):
        there = examples(source.frame.columns, most=20) or "none"
        raise ContractError(
            [
                f"--target {options.target}: neither a column of {source.where} (there: {there}) nor a class "
                f"({examples(labels.classes, most=20)}); name one of them"
            ]
        )
    alike = alike_warnings(class_counts(labels.classes, labels.sets), names, source.where)
    shown = [] if parts.test.frame is None else [name for name in labels.columns if name in parts.test.frame]
    unused = [f"{parts.roles.test.name}: has labels too ({examples(shown)}); not used"] if shown else []
    notes = (*source.notes, *([note] if note else []), *labels.notes, *unused, *alike)
    return LabelsAsked(source, labels, names, notes)


def _labels(parts: ImageParts, group: str | None, options: Options, metric: MetricFacts | None) -> Labels:
    source, asked, test = parts.source, parts.roles.asked, parts.test
    if source.sets is not None:
        target = asked[0] if len(asked) == 1 else "target"
        return replace(labels_of_sets(source.where, source.sets, options, metric, source.what), target=target)
    shared = set(source.frame) & set(test.frame) if test.frame is not None else set()
    if parts.roles.sample is None and shared == set(source.frame):
        shared = set()  # one of them is the label, which the test table has too
    left_out = shared | {group} - {None}
    shown = column_of_placeholders(source.frame, asked, parts.cells)
    chosen = choose_label_columns(source.where, source.frame, asked, options, left_out, shown, parts.cells)
    hints = Hints(asked, parts.cells, one_each=len(set(source.ids)) < len(source.ids))
    return labels_of_columns(source.where, source.frame, chosen, hints, options, metric)


def _check_guessed(shown: Sequence[str], labels: Labels, where: str, parts: ImageParts) -> None:
    """Raise ContractError where labels were guessed from file names, and the sample is filled with no such class."""
    if {*shown} & {*labels.classes}:
        return
    raise ContractError(
        [
            f"{where}: nothing says the labels; the files' names would give {examples(labels.classes)}, but "
            f"{parts.test.where} is filled with {examples(sorted({*shown}))}; put the table of labels beside it, or "
            "say --label-from if these are the classes"
        ]
    )


def _names(survey: Survey, parts: ImageParts, labels: Labels) -> tuple[dict[str, str], str]:
    if parts.source.names:
        return parts.source.names, f"class names: from {parts.source.where}"
    return find_class_names(survey, parts.roles.unused, labels.classes)


def _graded(labels: Labels, names: dict[str, str], where: str) -> Labels:
    """Return the labels, grades in words in the order of the file that names them. Raises ContractError without one."""
    if labels.kind != "ordinal" or all(map(is_number, labels.classes)):
        return labels
    if not {*labels.classes} <= {*names}:
        raise ContractError(
            [
                f"{where}: nothing says the order of the grades {examples(labels.classes, most=20)}; put a "
                "table beside it that lists them from the least to the most, such as grade,name with a row for each"
            ]
        )
    listed = [label for label in names if label in labels.classes]
    if all(is_number(names[label]) for label in listed):  # a JSON file's keys may be sorted as text
        listed.sort(key=lambda label: float(names[label]))
    return replace(labels, classes=tuple(listed))


def _as_asked(
    labels: Labels, asked: Sequence[str], cells: Sequence[str], names: dict[str, str], where: str
) -> tuple[Labels, dict[str, str]]:
    """Return labels and names with the sample's classes, in its order but for grades, or as it writes them."""
    if len(asked) > 1:
        known = set(labels.classes)
        by_column = {column: label_of_column(column, known) for column in asked}
        odd = {label: column for column, label in by_column.items() if label is not None and label != column}
        names = names | odd  # a column such as prob_3 is the name of class 3
        here = {label: name for label, name in names.items() if label in known}
        found = only_asked(labels, asked, here, where)
        if labels.kind == "ordinal" and {*found.classes} <= {*labels.classes}:
            found = replace(found, classes=tuple(label for label in labels.classes if label in found.classes))
        return found, names
    shown = set(cells) - {""}
    if len(asked) == 1 and shown and not shown & set(labels.classes):
        if shown <= set(names.values()):
            return _renamed(labels, names, f"by name, as {cells[0]!r} in the sample submission is one"), {}
        plain = {label: str(int(float(label))) for label in labels.classes if is_whole([label])}
        if len(set(plain.values())) == len(labels.classes) and shown <= set(plain.values()):
            renamed = _renamed(labels, plain, f"as whole numbers, as {cells[0]!r} in the sample submission is one")
            return renamed, {plain[label]: name for label, name in names.items() if label in plain}
    return labels, names


def _renamed(labels: Labels, names: dict[str, str], how: str) -> Labels:
    """Return labels by other names: grades in the order of their numbers, in words in the same order."""
    sets = [tuple(names[label] for label in one) for one in labels.sets]
    classes = tuple(names[label] for label in labels.classes)
    if labels.kind != "ordinal" or all(map(is_number, classes)):
        classes = in_order(classes)
    return replace(labels, sets=sets, classes=classes, notes=(*labels.notes, f"classes are answered {how}"))
