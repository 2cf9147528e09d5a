"""CSV files of a competition: train.csv, meta.csv, and the test IDs of sample_submission.csv or test.csv.

Each reader adds what is wrong to `problems`, so that all of it can be said at once.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import class_hint, read_columns, sort_targets
from competition.common.errors import counted, examples, repeated
from competition.data.boxes import read_boxes
from competition.data.image_files import is_plain_name
from competition.data.label_sets import SEPARATOR, split_labels
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings


def read_meta(path: Path, settings: CompetitionSettings, problems: list[str]) -> dict[str, str]:
    """Return target -> readable name, in the order of meta.csv; {} without the file."""
    if not path.exists():
        return {}
    frame = read_columns(path, (settings.target, settings.class_name), problems)
    if frame is None:
        return {}
    for column in (settings.target, settings.class_name):
        if twice := repeated(frame[column]):
            problems.append(f"{path}: {column} stands twice: {examples(twice)}; give each class one row and one name")
        if empty := int((frame[column] == "").sum()):
            problems.append(f"{path}: {counted(empty, 'rows have')} no {column}; fill it in or remove the row")
    return dict(zip(frame[settings.target], frame[settings.class_name], strict=True))


def read_train(path: Path, settings: CompetitionSettings, problems: list[str]) -> pd.DataFrame | None:
    """Return train.csv: ID, target [, group] as str [, x1, y1, x2, y2 as float]; None where it can't be read."""
    frame = read_columns(path, (settings.id, settings.target), problems)
    if frame is None:
        return None
    _check_ids(path, frame[settings.id], problems)
    train = pd.DataFrame({"ID": frame[settings.id], "target": frame[settings.target]})
    if settings.group not in frame and settings.group != CompetitionSettings().group:  # only the usual one is optional
        problems.append(
            f"{path}: no column {settings.group} (there: {examples(frame.columns, most=20)}); set competition.group "
            "to the column that says which images belong together, or leave it out"
        )
    if settings.group in frame:  # an image without a group stands alone
        train["group"] = frame[settings.group].where(frame[settings.group] != "", frame[settings.id])
    return pd.concat([train, read_boxes(path, frame, problems)], axis=1)


def check_targets(
    path: Path,
    column: pd.Series,
    meta: dict[str, str],
    targets: tuple[str, ...],
    task: TaskSettings,
    problems: list[str],
) -> None:
    """Check the targets of train.csv: each is one of `targets`, and there are two or more.

    Where an image may have several labels, each of them is checked, and an empty cell is "no label".
    """
    sets = [split_labels(text) if task.several else (text,) for text in column]
    if empty := [row for row, labels in enumerate(sets, 1) if "" in labels]:
        what, fix = (f"a {SEPARATOR} too many", "remove it") if task.several else ("no class", "fill it in")
        problems.append(f"{path}: {counted(len(empty), 'rows have')} {what}: rows {examples(empty)}; {fix}")
    known = {"", *targets}
    unknown = [strange for labels in sets if (strange := {*labels} - known)]
    if meta and unknown:
        different = sort_targets(set().union(*unknown))
        fix = class_hint(different, targets)
        problems.append(
            f"{path}: {counted(len(unknown), 'rows have')} a class that is not in meta.csv: {examples(different)}; "
            f"{fix}"
        )
    if len(set().union(*sets) - {""}) < 2:
        problems.append(f"{path}: only one class; there is nothing to tell apart, at least two are needed")


def read_test_ids(
    root: Path, settings: CompetitionSettings, task: TaskSettings, problems: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the test IDs in the submission's order, and the submission's columns.

    Both are those of sample_submission.csv; without it the IDs are test.csv's, and no columns are returned.
    """
    sample, plain = root / "sample_submission.csv", root / "test.csv"
    path = sample if sample.exists() or not plain.exists() else plain
    if not path.exists():
        problems.append(f"{sample}: no such file, nor {plain.name}; one of them has to name the test images")
        return (), ()
    frame = read_columns(
        path, (settings.id,), problems, no_rows="the test set is empty; expected one row for each test image"
    )
    if frame is None:
        return (), ()
    _check_ids(path, frame[settings.id], problems)
    columns = _answer_columns(path, list(frame.columns), settings, task, problems) if path == sample else ()
    return tuple(frame[settings.id]), columns


def _answer_columns(
    path: Path, found: list[str], settings: CompetitionSettings, task: TaskSettings, problems: list[str]
) -> tuple[str, ...]:
    """Return the columns that the site expects of a submission; () where the file has IDs alone."""
    expected = list(settings.submission_columns)
    if found == expected[:1]:
        return ()
    if task.answer == "probabilities":
        if found[0] != settings.id:
            problems.append(f"{path}: columns {header_of(found)}; the first one has to be {settings.id}")
        return tuple(found)
    if found == expected:
        return tuple(found)
    if len(found) == 2 and found[0] == settings.id:
        fix = f"set competition.answer: {found[1]}"
    else:
        fix = f"task.answer: {task.answer} has two columns; adopt the competition, which finds the answer's form"
    problems.append(f"{path}: columns {header_of(found)}; a submission here has {','.join(expected)}; {fix}")
    return ()


def header_of(columns: Iterable[str]) -> str:
    """Return columns as a file has them; of many the first ones."""
    names = list(columns)
    return ",".join(names) if len(names) <= 5 else examples(names)


def _check_ids(path: Path, ids: pd.Series, problems: list[str]) -> None:
    if empty := int((ids == "").sum()):
        problems.append(
            f"{path}: {counted(empty, 'rows have')} no ID: rows {examples(np.flatnonzero(ids == '') + 1)}; fill it in"
        )
    if unsafe := [id for id in ids if id and not is_plain_name(id)]:
        problems.append(
            f"{path}: {counted(len(unsafe), 'IDs are')} not plain file names: {examples(unsafe)}; "
            "use names on one line, without \\ and .., and with / only between folders and file"
        )
    if twice := [id for id in repeated(ids) if id]:
        problems.append(
            f"{path}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; keep one row for each image"
        )
