"""A split that is given in a column of the training table: its rows, parted, or the fold of each."""

import re

import pandas as pd

from competition.common.errors import examples
from competition.data.adopt.cells import is_whole
from competition.data.adopt.class_folders import in_natural_order
from competition.data.adopt.folder_names import part_of
from competition.data.adopt.survey import FoundTable

NAMES = re.compile(r"(data_?)?(split|set|subset)|partition|phase|usage|fold", re.I)
GIVEN = "fold"  # column of folds
MOST = 20  # names of folds


def parted(table: FoundTable) -> tuple[dict[str, FoundTable], str]:
    """Return train, val and test -> the rows of each, without the column that says it, and a note.

    Only train, as it is, and no note, unless a column called split or the like holds nothing but names of parts. The
    test part has its IDs alone: its labels are not ours to see.
    """
    for column in table.others:
        parts = [part_of(cell) for cell in table.frame[column]]
        if NAMES.fullmatch(column) and None not in parts and "train" in parts and len({*parts}) > 1:
            frame = table.frame.drop(columns=column)
            rows = {part: frame[[one == part for one in parts]].reset_index(drop=True) for part in dict.fromkeys(parts)}
            if "test" in rows:
                rows["test"] = rows["test"][[table.id]]
            counts = ", ".join(f"{part} {len(some)}" for part, some in rows.items())
            also = tuple(name for name in table.also if name != column)
            found = {part: FoundTable(table.name, some, table.id, also, table.separator) for part, some in rows.items()}
            return found, f"{column} of {table.name}: a given split ({counts} rows), used as it is"
    return {"train": table}, ""


def folds_of(frame: pd.DataFrame, name: str) -> tuple[list[str] | None, str]:
    """Return the fold of each row as column `fold` of table `name` has it, "" for none, and a note.

    (None, "") without the column; None and a warning where it gives no folds.
    """
    if GIVEN not in frame:
        return None, ""
    cells, note = frame[GIVEN].tolist(), f"folds: as column {GIVEN} of {name} gives them"
    names = in_natural_order({*cells} - {""})
    if is_whole(names):
        numbers = [int(float(cell)) if cell else -1 for cell in cells]
        first = int(min((number for number in numbers if number >= 0), default=0) > 0)  # 1 to 5 are 0 to 4
        folds = [str(number - first) if number >= 0 else "" for number in numbers]
        return folds, f"{note}{', less 1' if first else ''}"
    if "" in cells or not 1 < len(names) <= min(MOST, len(cells) / 2):
        wrong = f"it holds {examples(names)}; expected whole numbers, or a few names and no empty cell"
        return None, f"warning: column {GIVEN} of {name} gives no folds: {wrong}; not used"
    place = {one: str(number) for number, one in enumerate(names)}
    places = examples((f"{one} as {number}" for one, number in place.items()), most=MOST)
    return [place[cell] for cell in cells], f"{note}, {places}"
