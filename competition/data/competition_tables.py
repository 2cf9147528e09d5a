"""CSV files of a competition: train.csv, meta.csv, and the test IDs of sample_submission.csv or test.csv.

Each reader adds what is wrong to `problems`, so that all of it can be said at once.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import class_hint, read_columns, sort_targets
from competition.common.errors import counted, examples, repeated
from competition.data.boxes import read_boxes
from competition.data.image_files import is_plain_name
from competition.settings.competition import CompetitionSettings


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
    path: Path, column: pd.Series, meta: dict[str, str], targets: tuple[str, ...], problems: list[str]
) -> None:
    """Check the targets of train.csv: each is one of `targets`, and there are two or more."""
    if empty := int((column == "").sum()):
        problems.append(
            f"{path}: {counted(empty, 'rows have')} no class: rows {examples(np.flatnonzero(column == '') + 1)}; "
            "fill it in"
        )
    known = {"", *targets}
    unknown = [target for target in column if target not in known]
    if meta and unknown:
        different = sort_targets(unknown)
        fix = class_hint(different, targets)
        problems.append(
            f"{path}: {counted(len(unknown), 'rows have')} a class that is not in meta.csv: {examples(different)}; "
            f"{fix}"
        )
    if len(set(column) - {""}) < 2:
        problems.append(f"{path}: only one class; there is nothing to tell apart, at least two are needed")


def read_test_ids(root: Path, settings: CompetitionSettings, problems: list[str]) -> tuple[str, ...]:
    """Return the test IDs in the submission's order: of sample_submission.csv, without it of test.csv."""
    sample, plain = root / "sample_submission.csv", root / "test.csv"
    path = sample if sample.exists() or not plain.exists() else plain
    if not path.exists():
        problems.append(f"{sample}: no such file, nor {plain.name}; one of them has to name the test images")
        return ()
    frame = read_columns(
        path, (settings.id,), problems, no_rows="the test set is empty; expected one row for each test image"
    )
    if frame is None:
        return ()
    _check_ids(path, frame[settings.id], problems)
    if path == sample:
        _check_answer_column(path, list(frame.columns), settings, problems)
    return tuple(frame[settings.id])


def _check_answer_column(path: Path, found: list[str], settings: CompetitionSettings, problems: list[str]) -> None:
    """The file's header is what the site expects of a submission."""
    expected = list(settings.submission_columns)
    if found in (expected, expected[:1]):
        return
    if len(found) == 2 and found[0] == settings.id:
        fix = f"set competition.answer: {found[1]}"
    else:
        fix = "only submissions of an ID and one class can be made: if yours is one, rename or remove columns here"
    problems.append(f"{path}: columns {','.join(found)}; a submission here has {','.join(expected)}; {fix}")


def _check_ids(path: Path, ids: pd.Series, problems: list[str]) -> None:
    if empty := int((ids == "").sum()):
        problems.append(
            f"{path}: {counted(empty, 'rows have')} no ID: rows {examples(np.flatnonzero(ids == '') + 1)}; fill it in"
        )
    if unsafe := [id for id in ids if id and not is_plain_name(id)]:
        problems.append(
            f"{path}: {counted(len(unsafe), 'IDs are')} not plain file names: {examples(unsafe)}; "
            "use names on one line, without / \\ and .."
        )
    if twice := [id for id in repeated(ids) if id]:
        problems.append(
            f"{path}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; keep one row for each image"
        )
