"""A download understood: images, labels, what is asked, how it is answered; everything found, nothing written."""

from dataclasses import dataclass
from pathlib import Path

from competition.common.errors import examples
from competition.data.adopt.answers_asked import Answer, ask_for_metric, find_answer
from competition.data.adopt.beside import find_group, find_metadata
from competition.data.adopt.image_parts import find_image_parts
from competition.data.adopt.label_columns import column_of_placeholders
from competition.data.adopt.labels import Labels
from competition.data.adopt.labels_asked import find_labels
from competition.data.adopt.metric_facts import MetricFacts
from competition.data.adopt.options import Options
from competition.data.adopt.sources import Source
from competition.data.adopt.survey import Survey
from competition.data.adopt.test_part import TestPart
from competition.data.label_sets import join_labels


@dataclass(frozen=True, eq=False)
class FoundCompetition:
    """All that a download says, checked."""

    root: Path
    source: Source  # the training images
    test: TestPart
    labels: Labels
    answer: Answer
    metric: MetricFacts
    names: dict[str, str]  # class -> readable name, where there are any
    group: list[str] | None  # (N,) in the order of the training images
    metadata: tuple[str, ...]  # columns of both parts
    sample: str | None  # the sample submission's path below root
    asked: tuple[str, ...]  # its columns behind the ID
    notes: tuple[str, ...]
    skipped: tuple[str, ...]


def find_competition(
    survey: Survey, options: Options, metric: MetricFacts | None, group_column: str
) -> FoundCompetition:
    """Return what a download says. metric: as told, or None; group_column: what `competition.group` is called.

    Raises ContractError for what is missing, ambiguous or can't be learnt from; without a metric for that, last.
    """
    parts = find_image_parts(survey, options)
    test, sample, asked = parts.test, parts.roles.sample, parts.roles.asked
    shown = column_of_placeholders(parts.source.frame, asked, parts.cells)
    taken = {*asked, options.target, shown}
    group, of_group = find_group(parts.source.where, parts.source.frame, options.group, taken, group_column)
    found = find_labels(survey, parts, group, options, metric)
    source, labels = found.source, found.labels
    where = test.where if sample is not None else "the submission"
    if metric is None:
        raise ask_for_metric(asked, parts.cells, labels, where)
    answer = find_answer(asked, parts.cells, labels, options, metric, where)
    texts = [join_labels(one) for one in labels.sets]
    used = {*labels.columns, group, group_column}
    metadata, of_metadata = find_metadata(source.where, source.frame, test.frame, texts, used)
    order = f"; in the order {examples(answer.classes, most=8)}" if labels.kind == "ordinal" else ""
    moved = sample is not None and sample.frame.columns[0] != sample.id
    notes = [
        *test.notes,
        *([f"{sample.name}: {sample.id} isn't its first column; in a submission it is"] if moved else []),
        *([of_group] if of_group else []),
        *found.notes,
        f"labels: {labels.kind}, {labels.reason}{order}",
        f"answer: {answer.form}, {answer.reason}",
        *answer.notes,
        *of_metadata,
        *([f"metadata of both parts: {examples(metadata, most=6)}"] if metadata else []),
    ]
    return FoundCompetition(
        survey.root,
        source,
        test,
        labels,
        answer,
        metric,
        found.names,
        source.frame[group].tolist() if group is not None else source.groups,
        metadata,
        sample.name if sample is not None else None,
        asked,
        tuple(note.replace(f"{survey.root}/", "") for note in notes),
        parts.skipped,
    )
