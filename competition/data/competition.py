"""What a competition is: its files, columns and classes, and what a valid submission is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import class_hint, read_columns, sort_targets
from competition.common.errors import ContractError, counted, examples, repeated
from competition.data.image_files import ImageFolder, find_image, is_plain_name
from competition.data.submission import check_submission, read_submission, write_submission
from competition.settings.competition import CompetitionSettings

__all__ = [
    "Competition",
    "ContractError",
    "check_submission",
    "find_image",
    "read_class_names",
    "read_competition",
    "read_submission",
    "write_submission",
]

BOX = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True, eq=False)
class Competition:
    """A competition whose files have been checked."""

    root: Path
    train: pd.DataFrame  # ID, target [, group] as str [, x1, y1, x2, y2 as float, NaN for "the whole image"]
    test_ids: tuple[str, ...]  # the submission's IDs, in its order
    targets: tuple[str, ...]  # meta.csv's order, else sorted; the position is the class index
    class_names: tuple[str, ...]  # in the targets' order
    train_paths: dict[str, Path] = field(default_factory=dict)  # ID -> image
    test_paths: dict[str, Path] = field(default_factory=dict)
    test_boxes: pd.DataFrame | None = (
        None  # x1, y1, x2, y2 as float in the order of test_ids, NaN for "the whole image"; None without any
    )
    columns: tuple[str, str] = ("ID", "target")  # what the submission's columns are called

    @cached_property
    def class2index(self) -> dict[str, int]:
        """Target -> class index."""
        return {target: index for index, target in enumerate(self.targets)}

    @cached_property
    def target2class(self) -> dict[str, str]:
        """Target -> readable name."""
        return dict(zip(self.targets, self.class_names, strict=True))


def read_competition(settings: CompetitionSettings, images: bool = True) -> Competition:
    """Return the competition under `settings.root`, or raise ContractError with everything that is wrong with it.

    With `images=False` only the CSV files are looked at and the paths stay empty.
    """
    root = Path(settings.root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; bring a competition in with python -m pipelines.adopt PATH")
    problems: list[str] = []
    meta = _read_meta(root / "meta.csv", settings, problems)
    train = _read_train(root / "train.csv", settings, problems)
    test_ids = _read_test_ids(root, settings, problems)
    targets = tuple(meta) or (sort_targets(train["target"]) if train is not None else ())
    if train is not None:
        _check_targets(root / "train.csv", train["target"], meta, targets, problems)
    paths: dict[str, dict[str, Path]] = {"train": {}, "test": {}}
    if images:
        named = {"train": train["ID"] if train is not None else (), "test": test_ids}
        paths = {part: _find_images(root / part, ids, problems) for part, ids in named.items()}
    with_boxes = train is not None and BOX[0] in train  # else test.csv may be anything
    boxes = _read_test_boxes(root / "test.csv", test_ids, settings, problems) if with_boxes else None
    if problems:
        raise ContractError(problems)
    names = tuple(meta.get(target, target) for target in targets)
    return Competition(
        root, train, test_ids, targets, names, paths["train"], paths["test"], boxes, settings.submission_columns
    )


def read_class_names(path: Path, settings: CompetitionSettings) -> dict[str, str]:
    """Return target -> readable name from a meta.csv, in its order; {} without the file. Raises ContractError."""
    problems: list[str] = []
    names = _read_meta(path, settings, problems)
    if problems:
        raise ContractError(problems)
    return names


def _read_meta(path: Path, settings: CompetitionSettings, problems: list[str]) -> dict[str, str]:
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


def _read_train(path: Path, settings: CompetitionSettings, problems: list[str]) -> pd.DataFrame | None:
    frame = read_columns(path, (settings.id, settings.target), problems)
    if frame is None:
        return None
    _check_ids(path, frame[settings.id], problems)
    train = pd.DataFrame({"ID": frame[settings.id], "target": frame[settings.target]})
    if settings.group not in frame and settings.group != CompetitionSettings().group:  # only the usual one is optional
        problems.append(
            f"{path}: no column {settings.group} (there: {examples(frame.columns, most=20)}); set competition.group "
            "to the "
            "column that says which images belong together, or leave it out"
        )
    if settings.group in frame:  # an image without a group stands alone
        train["group"] = frame[settings.group].where(frame[settings.group] != "", frame[settings.id])
    return pd.concat([train, _read_boxes(path, frame, problems)], axis=1)


def _read_boxes(path: Path, frame: pd.DataFrame, problems: list[str]) -> pd.DataFrame:
    there = [name for name in BOX if name in frame]
    if not there:
        return frame[[]]
    if len(there) < len(BOX):
        missing = examples(name for name in BOX if name not in frame)
        problems.append(f"{path}: boxes need the columns {','.join(BOX)}, there is no {missing}; add or rename them")
        return frame[[]]
    texts = frame[list(BOX)]
    boxes = texts.apply(pd.to_numeric, errors="coerce").astype(float)
    if len(boxes) and 0 < np.nanmax(boxes.to_numpy(), initial=0) <= 1:
        problems.append(
            f"{path}: no value of the boxes is above 1, so they are shares of the image; give {','.join(BOX)} in its "
            "pixels"
        )
    wrong = ~(texts == "").all(axis=1) & ~np.isfinite(boxes.to_numpy()).all(axis=1)
    if wrong.any():
        rows = [f"row {row + 1} ({','.join(texts.iloc[row])})" for row in np.flatnonzero(wrong)]
        problems.append(
            f"{path}: {counted(len(rows), 'boxes are')} malformed: {examples(rows)}; "
            "give four numbers, or leave all four empty for the whole image"
        )
    return boxes


def _read_test_ids(root: Path, settings: CompetitionSettings, problems: list[str]) -> tuple[str, ...]:
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


def _read_test_boxes(
    path: Path, test_ids: tuple[str, ...], settings: CompetitionSettings, problems: list[str]
) -> pd.DataFrame | None:
    if not path.exists():
        return None
    frame = read_columns(path, (settings.id,), problems)
    if frame is None or not any(name in frame for name in BOX):
        return None
    if twice := repeated(frame[settings.id]):
        problems.append(
            f"{path}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; keep one row for each image"
        )
        return None
    boxes = _read_boxes(path, frame, problems)
    return boxes.set_axis(frame[settings.id]).reindex(list(test_ids)) if len(boxes.columns) else None


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


def _check_targets(
    path: Path, column: pd.Series, meta: dict[str, str], targets: tuple[str, ...], problems: list[str]
) -> None:
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


def _find_images(folder: Path, ids: Iterable[str], problems: list[str]) -> dict[str, Path]:
    csv_name = {"train": "train.csv", "test": "sample submission"}[folder.name]
    if not folder.is_dir():
        problems.append(f"{folder}: no such folder; put the images named by the {csv_name} there")
        return {}
    images = ImageFolder(folder)
    ids = [id for id in dict.fromkeys(ids) if is_plain_name(id)]
    names = {id: images.candidates(id) for id in ids}
    if missing := [id for id in ids if not names[id]]:
        fix = "copy them there, or remove the rows"
        problems.append(
            f"{csv_name}: {counted(len(missing), 'IDs have')} no image under {folder}: {examples(missing)}; {fix}"
        )
    if unclear := [f"{id} ({', '.join(names[id])})" for id in ids if len(names[id]) > 1]:
        fix = "keep one file, or write the extension into the ID"
        problems.append(
            f"{csv_name}: {counted(len(unclear), 'IDs fit')} several images under {folder}: {examples(unclear)}; {fix}"
        )
    if shared := repeated(names[id][0] for id in ids if names[id]):
        fix = "keep one row for each image"
        problems.append(
            f"{csv_name}: {counted(len(shared), f'images under {folder} have')} two IDs: {examples(shared)}; {fix}"
        )
    return {id: folder / names[id][0] for id in ids if names[id]}
