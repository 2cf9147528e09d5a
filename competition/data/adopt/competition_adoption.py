"""Adoption of a competition as it was downloaded: understood, checked, written in the project's form."""

from collections.abc import Mapping
from pathlib import Path

from competition.common.errors import ContractError
from competition.common.files import replace_folder
from competition.data.adopt.destination import Adopted, Destination, left_notes
from competition.data.adopt.find_competition import find_competition
from competition.data.adopt.metric_facts import MetricFacts
from competition.data.adopt.options import Options
from competition.data.adopt.params_changes import changes_of, check_changes, with_consequences, write_changes
from competition.data.adopt.raw_form import settings_of, write_raw
from competition.data.adopt.survey import Survey
from competition.data.competition import Competition, read_competition
from competition.data.data_warnings import alike_groups, boxes_of_one_part
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings


def adopt_competition(
    survey: Survey,
    destination: Destination,
    before: tuple[CompetitionSettings, TaskSettings],
    options: Options,
    metric: MetricFacts | None,
    problems: list[str],
) -> Adopted:
    """Bring what `survey` found to the destination and return what came; on an error nothing there has changed.

    before: the settings as they are; problems: what is wrong already.
    """
    try:
        found = find_competition(survey, options, metric, before[0].group)
    except ContractError as error:
        raise ContractError([*problems, *error.problems]) from None
    if problems:
        raise ContractError(problems)
    columns = settings_of(found, before[0])
    answer = found.answer
    task = {"labels": found.labels.kind, "answer": answer.form, "metric": found.metric.name}
    if answer.form in ("label_list", "ranked"):
        task["separator"] = answer.separator
    if answer.most is not None:
        task["most"] = answer.most
    settings = before[0].model_copy(update=columns)
    changes = changed(destination, columns, task, before, found.metric.takes, bool(found.metadata))
    with replace_folder(destination.root) as folder:
        write_raw(folder, found, settings)
        written = _read(folder, survey.root, settings, TaskSettings(**(before[1].model_dump() | task)))
        texts = [*alike_groups(written), *boxes_of_one_part(written)]
        warnings = [f"warning: {text.replace(str(folder), str(destination.root))}" for text in texts]
    if destination.params is not None:
        write_changes(destination.params, changes)
    sizes = (len(found.source.ids), len(found.test.ids), len(answer.classes))
    notes = (*found.notes, *warnings, *left_notes(destination))
    return Adopted("competition", destination.root, *sizes, tuple(found.skipped), notes, changes)


def changed(
    destination: Destination,
    columns: Mapping[str, object],
    task: Mapping[str, object],
    before: tuple[CompetitionSettings, TaskSettings],
    takes: str,
    metadata: bool | None = None,
) -> dict[tuple[str, ...], object]:
    """Return the changes of params.yaml, checked against the file where one is to be changed.

    takes: what the metric scores; metadata: see `with_consequences`.
    """
    changes = changes_of(columns, task, before)
    if destination.params is not None:
        changes = with_consequences(changes, destination.params, takes, metadata)
        check_changes(destination.params, changes)
    return changes


def _read(folder: Path, root: Path, settings: CompetitionSettings, task: TaskSettings) -> Competition:
    """Return what was written, read as the stages will. Raises ContractError that names the download instead."""
    try:
        return read_competition(settings.model_copy(update={"root": str(folder)}), task)
    except ContractError as error:
        raise ContractError([problem.replace(str(folder), str(root)) for problem in error.problems]) from None
