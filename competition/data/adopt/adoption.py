"""Adoption of a download into data/raw: of a competition, or of class folders."""

import re
from dataclasses import replace
from pathlib import Path

from competition.data.adopt.archives import opened
from competition.data.adopt.class_folder_adoption import adopt_class_folders
from competition.data.adopt.class_folders import visible_entries
from competition.data.adopt.competition_adoption import adopt_competition
from competition.data.adopt.destination import Adopted, Destination, destination_problems
from competition.data.adopt.given_split import given_parts, part_of
from competition.data.adopt.metric_facts import metric_facts
from competition.data.adopt.native_adoption import adopt_native, is_native
from competition.data.adopt.options import Options
from competition.data.adopt.roles import find_sample
from competition.data.adopt.survey import Survey, survey
from competition.data.image_files import is_image_name
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings

PART_FOLDERS = ("images", "imgs", "jpeg", "jpg", "png")  # that are no class's, like train and test


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
    if is_native(folder, before, options, metric):
        problems = destination_problems(path, destination, [destination.root])
        adopted = adopt_native(folder, destination, before, groups, metric, problems)
    elif (found := survey(folder, options.id)) and _is_competition(found, options):
        problems = destination_problems(path, destination, [destination.root])
        if groups:
            problems.append(f"{groups}: --groups is for class folders; name the table's column with --group")
        adopted = adopt_competition(found, destination, before, options, metric, problems)
    else:
        written = [destination.root, destination.solution, destination.mapping]
        problems = destination_problems(path, destination, written)
        told = (options, metric)
        adopted = adopt_class_folders(
            folder, destination, before, (ratio, seed), (groups, group_column), told, problems
        )
    return replace(adopted, notes=(*notes, *adopted.notes))


def _is_competition(found: Survey, options: Options) -> bool:
    """Return whether tables or options say what the images are; else their folders do."""
    told = (options.label_from, options.id, options.target, options.train_images, options.test_images, options.group)
    if any(option is not None for option in told) or find_sample(found) is not None:
        return True
    if given_parts(found.root) or not found.index.files:
        return bool(found.tables) and not found.index.files
    if _are_class_folders(found.root):
        return False
    parts = {part_of(entry.name) for entry in visible_entries(found.root) if entry.is_dir()}
    return any(table.id is not None for table in found.tables) or bool(found.documents) or {"train", "test"} <= parts


def _are_class_folders(root: Path) -> bool:
    """Return whether the folders in `root` hold images and none is called as a part is."""
    folders = [entry for entry in visible_entries(root) if entry.is_dir()]
    parts = [entry for entry in folders if part_of(entry.name) or _names_images(entry.name)]
    return bool(folders) and not parts and all(any(map(_is_image, entry.iterdir())) for entry in folders)


def _names_images(name: str) -> bool:
    words = re.split(r"[^a-z]+", name.lower())
    return any(word in PART_FOLDERS or part_of(word) for word in words)


def _is_image(entry: Path) -> bool:
    return is_image_name(entry.name)
