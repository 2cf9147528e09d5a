"""Class folders, one sub-folder per class: their images, IDs and groups."""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from competition.common.csv import is_whole_number, read_table, sort_targets
from competition.common.errors import ContractError, counted, examples
from competition.common.names import is_litter, is_writable, match_names
from competition.data.adopt.archives import download_files
from competition.data.adopt.folder_names import odd_folders
from competition.data.adopt.train_test_split import choose_test_images, public_private
from competition.data.image_files import claims_to_be_image, is_image_file

FILE_COLUMNS = ("id", "file", "image", "path", "name", "filename")


@dataclass(frozen=True)
class ClassImage:
    """An image of a class folder, its ID, its group and its part."""

    id: str
    file: str  # <class>/<path below it>, of a given split with <part>/ before
    class_name: str  # the folder's name, or what it was joined to
    group: str  # "" without groups
    usage: str  # "Public" or "Private" in the test part, "" for training
    fold: str = ""  # "0" for the validation part of a given split


def image_id(file: str) -> str:
    """Return the ID of `<class>/<path below it>`: 12 hex digits, which don't give the class away, and the extension."""
    return hashlib.sha1(file.encode()).hexdigest()[:12] + os.path.splitext(file)[1].lower()


def draw_test_part(
    files: list[str], group_of: dict[str, str], share: float, seed: int, spelling: Mapping[str, str]
) -> list[ClassImage]:
    """Return the images, sorted by ID, with about `share` of every class held out and no group on both sides.

    spelling: folder -> class, of the folders that another one's class was joined to.
    """
    files = sorted(files)
    folders = [file.split("/")[0] for file in files]
    labels = [spelling.get(folder, folder) for folder in folders]
    is_test = choose_test_images(labels, [group_of.get(file, file) for file in files], share, seed)
    usage = public_private(labels, is_test, seed)
    images = [
        ClassImage(image_id(file), file, label, group_of.get(file, ""), use)
        for file, label, use in zip(files, labels, usage, strict=True)
    ]
    assert len({image.id for image in images}) == len(images), "two files with the same 48 bits of sha1"
    return sorted(images, key=lambda image: image.id)


def visible_entries(folder: Path) -> list[Path]:
    """Return the folder's entries by name, without hidden ones and what systems leave behind."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".") and not is_litter(entry.name))


def in_natural_order(classes: Iterable[str]) -> list[str]:
    """Return classes as people count them: whole numbers by their value, in names too (`grade 2`, `grade 10`)."""
    names = sort_targets(classes)
    if all(map(is_whole_number, names)):
        return [*names]
    return sorted(
        names, key=lambda name: [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]
    )


def list_class_folders(
    path: Path, problems: list[str], told: bool = False, fewest: int = 2
) -> tuple[list[str], list[str]]:
    """Return the images as `<class>/<path below it>`, and what was skipped; `problems` grows by what is wrong.

    Images in folders inside a class folder are its class's. told: the folders are classes, whatever they are called;
    fewest: classes that there have to be.
    """
    files, skipped, loose, empty, unread = [], [], [], [], []
    for entry in visible_entries(path):
        if not entry.is_dir():
            if claims_to_be_image(entry.name):
                loose.append(entry.name)
            else:
                skipped.append(f"{entry.name}: not in a class folder")
            continue
        inside = [f"{entry.name}/{name}" for name in download_files(entry)]
        images = [name for name in inside if is_image_file(path / name)]
        others = sorted({*inside} - {*images})
        files += images
        unread += filter(claims_to_be_image, others)
        skipped += [f"{name}: not an image" for name in others if not claims_to_be_image(name)]
        if not images:
            empty.append(entry.name)
    if unread:
        problems.append(
            f"{path}: {counted(len(unread), 'images are')} of a format that can't be read: {examples(unread)}; "
            "convert them to JPEG or PNG, or take them away"
        )
    if loose:
        problems.append(
            f"{path}: {counted(len(loose), 'images lie')} in no class folder: {examples(loose)}; move them into "
            "their class's folder, or take them away"
        )
    problems += _folder_problems(path, files, empty, fewest)
    problems += [] if told or empty else odd_folders(path, files)
    return files, skipped


def _folder_problems(path: Path, files: list[str], empty: list[str], fewest: int) -> list[str]:
    if not files and not empty:
        return [f"{path}: has neither train.csv nor sub-folders; expected a competition, or one sub-folder per class"]
    if empty:
        names = examples(empty)
        return [f"{path}: {counted(len(empty), 'class folders have')} no images: {names}; fill or remove them"]
    if len({file.split("/")[0] for file in files}) < fewest:
        if all(file.count("/") > 1 for file in files):
            return []  # said better by odd_folders
        return [f"{path}: only one class folder; there is nothing to tell apart, at least two are needed"]
    if strange := [ascii(file) for file in files if not is_writable(file)]:
        return [f"{path}: names can't be written into a CSV: {examples(strange)}; rename them"]
    return []


def read_groups(
    path: Path, column: str | None, files: list[str], problems: list[str]
) -> tuple[dict[str, str], list[str]]:
    """Return file -> group from a CSV, and notes; `problems` grows by what is wrong.

    Rows name a file as `<class>/<file name>`, with more folders before it or none, with or without its extension.
    """
    try:
        frame = read_table(path).frame
    except (ContractError, FileNotFoundError) as error:
        problems += getattr(error, "problems", [str(error)])
        return {}, []
    names = list(frame.columns)
    file_column = next((name for wanted in FILE_COLUMNS for name in names if name.lower() == wanted), None)
    group_column = column or next((name for name in names if name.lower() == "group"), names[-1])
    there = f"(there: {examples(names, most=20)})"
    if file_column is None:
        problems.append(f"{path}: no column with the files {there}; call it one of {', '.join(FILE_COLUMNS)}")
    if group_column not in names:
        problems.append(f"{path}: no column {group_column!r} {there}; name the groups' column with --group-column")
    elif group_column == file_column:
        problems.append(f"{path}: no column with the groups {there}; add one, and name it with --group-column")
    elif file_column is not None:
        return _match_groups(path, frame[file_column], frame[group_column], files, problems)
    return {}, []


def _match_groups(
    path: Path, rows: list[str], groups: list[str], files: list[str], problems: list[str]
) -> tuple[dict[str, str], list[str]]:
    known, classes = _by_alias(files), {file.split("/")[0] for file in files}
    named = [_from_class(row, classes) for row in rows]
    spelled = match_names((form for name in named for form in (name, _small_extension(name))), known)
    found: dict[str, set[str]] = {}
    unknown = []
    for row, name, group in zip(rows, named, groups, strict=True):
        file = known.get(spelled[name]) or known.get(spelled[_small_extension(name)])
        if file is None:
            unknown.append(row)
        else:
            found.setdefault(file, set()).add(group)
    if missing := [name for name in files if not found.get(name, {""}) - {""}]:
        fix = "add a row class/file,group for each, with a group of its own where it has none"
        problems.append(f"{path}: {counted(len(missing), 'images have')} no group: {examples(missing)}; {fix}")
    if torn := [f"{name} ({', '.join(sorted(some))})" for name, some in found.items() if len(some) > 1]:
        problems.append(
            f"{path}: {counted(len(torn), 'images are')} in several groups: {examples(sorted(torn))}; keep one row "
            "for each"
        )
    notes = [f"{path}: {counted(len(unknown), 'rows fit')} no image here: {examples(unknown)}"] if unknown else []
    return {name: min(some) for name, some in found.items()}, notes


def _small_extension(name: str) -> str:
    stem, extension = os.path.splitext(name)
    return stem + extension.lower()


def _from_class(row: str, classes: set[str]) -> str:
    """Return a path from its class folder on; its last two parts, or one, where none is named."""
    parts = row.replace("\\", "/").split("/")
    start = next((place for place, part in enumerate(parts[:-1]) if part in classes), max(0, len(parts) - 2))
    return "/".join(parts[start:])


def _by_alias(files: list[str]) -> dict[str, str]:
    """Return every way of naming a file that fits that file only."""
    meant: dict[str, set[str]] = {}
    for file in files:
        for name in (file, "/".join(file.split("/")[-2:]), file.rpartition("/")[2]):
            for alias in (name, _small_extension(name), os.path.splitext(name)[0]):
                meant.setdefault(alias, set()).add(file)
    return {
        alias: alias if alias in some else min(some) for alias, some in meant.items() if alias in some or len(some) == 1
    }
