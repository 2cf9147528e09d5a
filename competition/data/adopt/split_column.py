"""A split that is given in a column of the training table: its rows, parted."""

import re

from competition.data.adopt.folder_names import part_of
from competition.data.adopt.survey import FoundTable

NAMES = re.compile(r"(data_?)?(split|set|subset)|partition|phase|usage", re.I)


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
