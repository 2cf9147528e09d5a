"""Metadata of images: columns that train.csv and test.csv both have beside the image, by ID; data/metadata.csv."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import read_table, with_decimal_points, write_table
from competition.common.errors import examples
from competition.data.boxes import BOX
from competition.data.given_folds import FOLD
from competition.data.image_ids import match_ids
from competition.settings.competition import CompetitionSettings

PARTS = ("train", "test")
KEYS = ["set", "ID"]  # of data/metadata.csv; the other columns are the metadata
MISSING = ("", "na", "n/a", "nan", "null", "none", "?")  # cells, whatever their case, that say nothing


@dataclass(frozen=True, eq=False)
class Metadata:
    """Metadata of the training and the test images.

    numbers, categories: the columns' names. parts: "train" and "test" -> a row for each ID (the index), float64 and NaN
    in the columns of numbers, str and None in those of categories.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    parts: Mapping[str, pd.DataFrame]

    def of(self, part: str, ids: Sequence[str]) -> pd.DataFrame:
        """Return the rows (N, ...) of images `ids` (N,) of `part`, "train" or "test"; all missing of unknown ones."""
        rows = self.parts[part]
        spelled = match_ids(ids, rows.index)
        return rows.reindex([spelled[id] for id in ids]).set_axis(list(ids))


def metadata_table(settings: CompetitionSettings) -> pd.DataFrame:
    """Return set, ID and the metadata of all images, as str; of a competition without any, no rows.

    A column is metadata if both tables have it, and it is neither ID, target, group, box nor fold.
    """
    files = [Path(settings.root) / f"{part}.csv" for part in PARTS]
    if not files[1].is_file():
        return pd.DataFrame(columns=KEYS, dtype=str)
    tables = [read_table(file).frame for file in files]
    known = {settings.id, settings.target, settings.group, FOLD, *BOX}
    names = [name for name in tables[0].columns if name in tables[1] and name not in known]
    if not names or any(settings.id not in table for table in tables):
        return pd.DataFrame(columns=KEYS, dtype=str)
    parts = []
    for part, file, table in zip(PARTS, files, tables, strict=True):
        keys = pd.DataFrame({"set": part, "ID": table[settings.id]})
        parts.append(pd.concat([keys, with_decimal_points(file, table[names])], axis=1))
    return pd.concat(parts, ignore_index=True)


def write_metadata(path: Path | str, table: pd.DataFrame) -> None:
    """Write what `metadata_table` returned."""
    write_table(path, list(table.columns), table.itertuples(index=False, name=None))


def read_metadata(path: Path | str, wanted: str | Sequence[str] = "auto") -> Metadata:
    """Return the metadata that `write_metadata` wrote; wanted: "auto" for all columns, "none", or their names.

    A column is of numbers if all that isn't missing in both sets is. Raises FileNotFoundError, and ValueError for names
    that aren't there.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage prepare)")
    cells = pd.read_csv(path, dtype=str, keep_default_na=False, header=None, encoding="utf-8")
    table = cells.iloc[1:].set_axis(cells.iloc[0].tolist(), axis=1)
    names = table.columns[2:].tolist()  # one of them may be called as a key is
    if not isinstance(wanted, str):
        if unknown := [name for name in wanted if name not in names]:
            raise ValueError(
                f"task.metadata: no column {examples(unknown)} in both train.csv and test.csv, beside ID, target, "
                f"group, box and fold (there: {examples(names, most=20)})"
            )
    kept = [position for position, name in enumerate(names, start=2) if wanted == "auto" or name in wanted]
    return as_metadata(table.iloc[:, [0, 1, *kept]] if wanted != "none" else table.iloc[:, :2])


def as_metadata(table: pd.DataFrame) -> Metadata:
    """Return the metadata of a table of str: set, ID, and the columns that are metadata."""
    sets, ids, columns, numbers, categories = table.iloc[:, 0], table.iloc[:, 1], {}, [], []
    for position, name in enumerate(table.columns[2:], start=2):
        cells = table.iloc[:, position]
        cells = cells.mask(cells.str.lower().isin(MISSING))
        values = pd.to_numeric(cells, errors="coerce").replace([np.inf, -np.inf], np.nan).astype("float64")
        is_number = bool((values.notna() == cells.notna()).all())
        (numbers if is_number else categories).append(name)
        columns[name] = values if is_number else cells.astype(object).where(cells.notna(), None)
    values = pd.DataFrame(columns, index=table.index)
    parts = {part: values[sets == part].set_axis(ids[sets == part].tolist()) for part in PARTS}
    parts = {part: rows[~rows.index.duplicated()] for part, rows in parts.items()}
    return Metadata(tuple(numbers), tuple(categories), parts)
