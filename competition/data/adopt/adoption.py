"""Adoption of a download into data/raw: of a competition, or of class folders."""

from dataclasses import replace
from pathlib import Path

from competition.data.adopt.archives import opened
from competition.data.adopt.class_folder_adoption import adopt_class_folders
from competition.data.adopt.competition_adoption import adopt_competition
from competition.data.adopt.destination import Adopted, Destination, destination_problems
from competition.data.adopt.layout import layout_of
from competition.data.adopt.metric_facts import metric_facts
from competition.data.adopt.options import Options
from competition.data.adopt.survey import Survey, survey
from competition.data.adopt.unpacking_place import is_ours
from competition.data.hidden_images import hidden_images, hidden_note
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings


def adopt(
    path: Path | str,
    destination: Destination,
    settings: CompetitionSettings,
    ratio: tuple[float, ...] = (8, 1, 1),
    groups: Path | str | None = None,
    group_column: str | None = None,
    seed: int = 0,
    options: Options = Options(),
    task: TaskSettings = TaskSettings(),
) -> Adopted:
    """Bring `path` to `destination.root` and return what came; on an error nothing there has changed.

    settings, task: the sections of params.yaml as they are. `ratio` (train, validation, test; or train, test), `groups`
    and `seed` are for class folders: the last part is held out, the others are training images. Raises ContractError
    with everything that is wrong, FileNotFoundError without `path`, ValueError for an unknown metric.
    """
    path, before = Path(path), (settings, task)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such folder or file; expected a competition's folder or archive, or one sub-folder per class"
        )
    metric = metric_facts(options.metric) if options.metric is not None else None
    notes: list[str] = []
    folder = opened(path, notes)
    found = survey(folder, options.id)
    layout = layout_of(found, options, groups)
    if layout.tables:
        problems = destination_problems(path, destination, [destination.root])
        if groups:
            problems.append(f"{groups}: --groups is for class folders; name the table's column with --group")
        if metric is None and _called_as_in(settings, found):
            metric = metric_facts(task.metric)
            notes.append(f"metric: {metric.name}, as params.yaml says, which calls the columns so; --metric decides")
        adopted = adopt_competition(found, destination, before, options, metric, problems)
    else:
        written = [destination.root, destination.solution, destination.mapping]
        problems = destination_problems(path, destination, written)
        told = (options, metric)
        adopted = adopt_class_folders(
            folder, destination, before, (ratio, seed), (groups, group_column), told, problems
        )
    hidden = _left_hidden(path, folder, found.index.hidden_found)
    return replace(adopted, notes=(*notes, *hidden, *adopted.notes), layout=layout.why)


def _called_as_in(settings: CompetitionSettings, found: Survey) -> bool:
    """Return whether the columns of two tables, to learn from and of answers, are called as params.yaml calls them."""
    columns = [list(table.frame.columns) for table in found.tables]
    if (answers := list(settings.submission_columns)) not in columns:
        return False
    columns.remove(answers)
    return any({settings.id, settings.target} <= {*one} for one in columns)


def _left_hidden(path: Path, folder: Path, used: set[str]) -> list[str]:
    """Return a warning of hidden images in the download at `path` or in `folder`, where it is unpacked.

    used: those in `folder` that rows name.
    """
    places = [place for place in dict.fromkeys([path, folder]) if place.is_dir()]
    hidden = dict.fromkeys(name for place in places for name in hidden_images(place, is_ours) if name not in used)
    return [f"warning: {hidden_note(hidden, path)}"] if hidden else []
