"""Adoption of a competition whose files are called as params.yaml calls them already: taken as it is."""

import shutil
from pathlib import Path

from competition.common.csv import read_table
from competition.common.errors import ContractError
from competition.common.files import replace_folder
from competition.common.folders import files_below
from competition.data.adopt.class_folders import visible_entries
from competition.data.adopt.competition_adoption import changed
from competition.data.adopt.destination import Adopted, Destination, left_notes, link_or_copy
from competition.data.adopt.metric_facts import MetricFacts
from competition.data.adopt.options import Options
from competition.data.adopt.params_changes import write_changes
from competition.data.competition import read_competition
from competition.data.data_warnings import data_warnings
from competition.data.image_files import place_of
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings

CSV_FILES = ("train.csv", "sample_submission.csv", "test.csv", "meta.csv")


def is_native(
    path: Path, before: tuple[CompetitionSettings, TaskSettings], options: Options, metric: MetricFacts | None
) -> bool:
    """Return whether `path` is in the form that params.yaml describes: one class an image, in one column."""
    settings, task = before
    plain = (task.labels, task.answer) == ("single", "label") if metric is None else metric.takes == "labels"
    if options.of_files or not plain or (metric is not None and (metric.graded or "single" not in metric.kinds)):
        return False
    train, sample = _header(path / "train.csv"), _header(path / "sample_submission.csv")
    ours = ([], [settings.id], list(settings.submission_columns))
    return {settings.id, settings.target} <= set(train) and sample in ours and (path / "train").is_dir()


def _header(path: Path) -> list[str]:
    try:
        return list(read_table(path).frame.columns)
    except (ContractError, FileNotFoundError):
        return []


def adopt_native(
    path: Path,
    destination: Destination,
    before: tuple[CompetitionSettings, TaskSettings],
    groups: Path | str | None,
    metric: MetricFacts | None,
    problems: list[str],
) -> Adopted:
    """Bring `path` to the destination, file by file; what is no part of it is named."""
    settings, task = before
    if groups:
        problems.append(
            f"{groups}: groups are for class folders; add a column {settings.group!r} to {path / 'train.csv'}"
        )
    try:
        competition = read_competition(settings.model_copy(update={"root": str(path)}))
    except ContractError as error:
        raise ContractError(problems + error.problems) from None
    if problems:
        raise ContractError(problems)
    asked = {"labels": "single", "answer": "label", "metric": metric.name if metric else task.metric}
    changes = changed(destination, {}, asked, before, "labels")
    parts = {"train": competition.train_paths, "test": competition.test_paths}
    csv_files = [name for name in CSV_FILES if (path / name).is_file()]
    with replace_folder(destination.root) as folder:
        for name in csv_files:  # copied, so that labels corrected here leave the original as it was
            shutil.copyfile(path / name, folder / name)
        for part, paths in parts.items():
            (folder / part).mkdir()
            for id, image in paths.items():
                target = folder / part / place_of(id, image)
                target.parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(image, target)
    if destination.params is not None:
        write_changes(destination.params, changes)
    sizes = (len(competition.train), len(competition.test_ids), len(competition.targets))
    skipped = tuple(_skipped(path, csv_files, parts))
    notes = [f"warning: {warning}" for warning in data_warnings(competition)]
    return Adopted("competition", destination.root, *sizes, skipped, (*notes, *left_notes(destination)), changes)


def _skipped(path: Path, csv_files: list[str], parts: dict[str, dict[str, Path]]) -> list[str]:
    lines = [
        f"{entry.name}: not part of a competition"
        for entry in visible_entries(path)
        if entry.name not in [*csv_files, *parts]
    ]
    for part, paths in parts.items():
        named = set(paths.values())
        names = files_below(path / part).names
        lines += [f"{part}/{name}: no ID names it" for name in names if path / part / name not in named]
    return lines
