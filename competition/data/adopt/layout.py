"""The layout that a download is taken for, tables or class folders, and why; refused where files speak against it."""

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.beside import GROUP_WORDS
from competition.data.adopt.cells import looks_like_numbers
from competition.data.adopt.class_folders import in_natural_order, visible_entries
from competition.data.adopt.folder_names import names_no_class, names_part, part_of
from competition.data.adopt.given_split import given_parts, holds_images
from competition.data.adopt.nearly_named import almost_named
from competition.data.adopt.options import Options
from competition.data.adopt.roles import find_sample
from competition.data.adopt.split_column import NAMES
from competition.data.adopt.survey import FEW, FoundTable, Survey
from competition.data.adopt.unread_labels import unread_labels
from competition.data.image_files import is_image_file

LABEL_WORDS = re.compile(r"label|class|target|categor|species|diagnos|breed|kind|type|truth|answer|grade|variety", re.I)
OF_FILES = ("label_from", "id", "target", "train_images", "test_images", "group")  # options that tables or parts need


@dataclass(frozen=True)
class Layout:
    """What a download is taken for. tables: tables, names or parts say what the images are; else their folders do."""

    tables: bool
    why: str


def layout_of(found: Survey, options: Options, groups: Path | str | None) -> Layout:
    """Return the layout. groups: the file that --groups names, which holds no labels.

    Raises ContractError where folders would be classes by their names and a table says otherwise.
    """
    told = [name for name in OF_FILES if getattr(options, name) is not None]
    if told and not (told == ["target"] and _is_class_folder(found, options.target)):
        return Layout(True, f"tables and parts, as told by --{told[0].replace('_', '-')}")
    sample = None if options.class_folders else find_sample(found)
    if sample is not None:
        return Layout(True, f"a competition with a sample submission, {sample.name}")
    if not found.index.files:
        return Layout(bool(found.tables), "")
    given = given_parts(found.root)
    if given or options.class_folders or _are_class_folders(found.root):
        if not options.class_folders:
            _refuse_tables_of_other_labels(found, groups, deep=bool(given))
        return Layout(False, _of_folders(found.root, given, options.class_folders))
    if named := [table.name for table in found.tables if table.id is not None]:
        return Layout(True, f"tables: {examples(named)} {'names' if len(named) == 1 else 'name'} images")
    if found.documents:
        return Layout(True, f"annotations: {examples(found.documents)}")
    parts = _parts_of_images(found.root)
    return Layout(bool(parts), f"training images and test images apart ({examples(parts)})" if parts else "")


def _of_folders(root: Path, given: dict[str, Path], told: bool) -> str:
    if given:
        return f"a given split ({examples(given)}), each part with a folder for each class"
    folders = in_natural_order(entry.name for entry in visible_entries(root) if entry.is_dir())
    reason = "as told" if told else "since each holds images, none is called as a part is, and no table says otherwise"
    return f"class folders, {counted(len(folders), 'folders')} ({examples(folders)}): {reason}"


def _are_class_folders(root: Path) -> bool:
    """Return whether the folders in `root` hold images and none is called as a part is."""
    folders = [entry for entry in visible_entries(root) if entry.is_dir()]
    return bool(folders) and not any(names_no_class(one.name) for one in folders) and all(map(holds_images, folders))


def _is_class_folder(found: Survey, name: str) -> bool:
    """Return whether a folder of the download, or of a part of it, is called so, and no column of a table."""
    inside = [entry for entry in visible_entries(found.root) if entry.is_dir()]
    inside += [entry for part in inside if part_of(part.name) for entry in visible_entries(part) if entry.is_dir()]
    return name in {entry.name for entry in inside} and not any(name in table.frame for table in found.tables)


def _parts_of_images(root: Path) -> list[str]:
    """Return the folders in `root` where one holds test images, by its name, and others hold images too; else []."""
    folders = [entry for entry in visible_entries(root) if entry.is_dir() and holds_images(entry)]
    flat = [one for one in folders if names_part(one.name, "test") and _holds_loose_images(one)]
    return [one.name for one in folders] if flat and len(folders) > len(flat) else []


def _holds_loose_images(folder: Path) -> bool:
    return any(is_image_file(entry) for entry in visible_entries(folder))


def _refuse_tables_of_other_labels(found: Survey, groups: Path | str | None, deep: bool) -> None:
    """Raise ContractError for a table that may hold other labels than the folders, whether it could be read or not."""
    every = {table.name: table for table in (*found.tables, *found.listings)}.values()
    tables = [table for table in every if not (groups and _same(found.root / table.name, groups))]
    decides = "; --class-folders takes the folders as classes, --target COLUMN the table, --groups FILE as groups"
    problems = [problem + decides for problem in (*unread_labels(found), *almost_named(found, tables))]
    for table in tables:
        place = found.root / table.name
        if table.id is not None and (columns := _other_labels(found, table, deep)):
            what = f"names the images that lie in folders, with other values in {examples(columns)} than the folders'"
            problems.append(f"{place}: {what}{decides}")
    if problems:
        raise ContractError(problems)


def _same(path: Path, other: Path | str) -> bool:
    return os.path.exists(other) and os.path.samefile(path, other)


def _other_labels(found: Survey, table: FoundTable, deep: bool) -> list[str]:
    """Return the columns that may be labels and whose values lie in several folders each; [] if one is the folder.

    deep: the classes lie in a part's folder.
    """
    places = [found.index.candidates(id) for id in table.ids]
    rows = [row for row, files in enumerate(places) if len(files) == 1]
    if len(rows) < FEW * len(places):
        names = {file.split("/")[int(deep)] for files in places for file in files}
        return _apart_from(names, table)
    folders = [places[row][0].split("/")[int(deep)] for row in rows]
    crossing = []
    for column in table.others:
        cells = table.frame[column].iloc[rows].tolist()
        of_value, of_folder = defaultdict(set), defaultdict(set)
        for cell, folder in zip(cells, folders, strict=True):
            of_value[cell].add(folder)
            of_folder[folder].add(cell)
        if all(len(some) == 1 for some in of_value.values()):
            if all(len(some) == 1 for some in of_folder.values()):
                return []  # the folder's name, written otherwise
            continue  # a finer one than the folders
        if _may_be_label(column, cells, len(table.others)):
            crossing.append(column)
    return crossing


def _apart_from(names: set[str], table: FoundTable) -> list[str]:
    """Return the columns called as labels are, where IDs name files of several folders; [] if one has their names."""
    called = [column for column in table.others if LABEL_WORDS.search(column)]
    able = [column for column in called if _may_be_label(column, table.frame[column].tolist(), len(table.others))]
    same = {name.casefold() for name in names}
    return [] if any({cell.casefold() for cell in table.frame[column]} == same for column in able) else able


def _may_be_label(column: str, cells: list[str], columns: int) -> bool:
    if GROUP_WORDS.search(column) or NAMES.fullmatch(column) or looks_like_numbers(cells):
        return False
    different = len({*cells})
    few = 1 < different <= max(20, len(cells) / 2)
    return few and (columns == 1 or bool(LABEL_WORDS.search(column)))
