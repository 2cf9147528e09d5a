"""What lies in a download: its tables, its JSON files, its images, everything else by its extension."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from competition.common.csv import read_table
from competition.common.errors import ContractError, repeated
from competition.data.adopt.archives import download_files
from competition.data.adopt.image_index import ImageIndex
from competition.data.image_files import is_image_file, is_image_name

TABLES = (".csv", ".tsv")
PROBED = 300  # rows of a table that are looked at to find the column with the IDs
FEW = 0.5  # a column names images if this share of it does


@dataclass(frozen=True, eq=False)
class FoundTable:
    """A table of a download, and its column that names images."""

    name: str  # relative path
    frame: pd.DataFrame  # all cells str
    id: str | None  # None: no column names images
    also: tuple[str, ...] = ()  # other columns that name images
    separator: str = ","

    @property
    def ids(self) -> list[str]:
        """The cells of the ID column."""
        return self.frame[self.id].tolist() if self.id is not None else []

    @property
    def others(self) -> list[str]:
        """All columns but the ID's."""
        return [column for column in self.frame.columns if column != self.id]

    @cached_property
    def base(self) -> str:
        """The file's name without folders and extension, in small letters."""
        return os.path.splitext(os.path.basename(self.name))[0].lower()


@dataclass(eq=False)
class Survey:
    """Everything in a download. tables: CSV first; documents: JSON files that are no tables."""

    root: Path
    index: ImageIndex
    tables: list[FoundTable] = field(default_factory=list)
    documents: dict[str, object] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)  # files that are neither
    unread: list[str] = field(default_factory=list)  # tables that can't be read, each with the reason

    @property
    def files(self) -> list[str]:
        """Images and what is neither image nor table."""
        return [*self.index.files, *self.others]

    @property
    def kinds_of_others(self) -> str:
        """Extensions of what is neither table nor image, with their counts: ".tfrec (16), .txt (1)"."""
        counts = Counter(os.path.splitext(name)[1].lower() or os.path.basename(name) for name in self.others)
        return ", ".join(f"{kind} ({count})" for kind, count in counts.most_common(5))


def survey(root: Path, id_column: str | None = None) -> Survey:
    """Return what lies in and below `root`, a folder without archives; id_column: the IDs' column, as told."""
    images, tables, documents, others = [], [], [], []
    for name in download_files(root):
        extension = os.path.splitext(name)[1].lower()
        if is_image_name(name):
            images.append(name)
        else:
            kind = {".csv": tables, ".tsv": tables, ".json": documents}.get(extension)
            if kind is None:  # looked into: an image may be called anything
                kind = images if is_image_file(root / name) else others
            kind.append(name)
    found = Survey(root, ImageIndex(root, images), others=others)
    for name in tables:
        try:
            table = read_table(root / name)
        except ContractError as error:
            found.unread += error.problems
            continue
        found.tables.append(as_table(name, table.frame, found.index, id_column, table.separator))
    for name in documents:
        try:
            content = json.loads((root / name).read_text(encoding="utf-8-sig"))
        except (ValueError, UnicodeDecodeError) as error:
            found.unread.append(f"{root / name}: not valid JSON: {error}; save it again, or take it away")
            continue
        frame = _flat(content)
        if frame is None:
            found.documents[name] = content
        else:
            found.tables.append(as_table(name, frame, found.index, id_column))
    return found


def as_table(
    name: str, frame: pd.DataFrame, index: ImageIndex, id_column: str | None = None, separator: str = ","
) -> FoundTable:
    """Return `frame` with the columns that name images: the ID is the one told, else the best, the first of equals."""
    shares = {column: index.share(frame[column].iloc[:PROBED]) for column in frame.columns} if index.files else {}
    named = [column for column, share in shares.items() if share >= FEW]
    if id_column in frame:
        return FoundTable(name, frame, id_column, (), separator)
    different = {column: frame[column].nunique() for column in named}
    best = max(named, key=lambda column: shares[column] * different[column], default=None)
    return FoundTable(name, frame, best, tuple(column for column in named if column != best), separator)


def _flat(content: object) -> pd.DataFrame | None:
    """Return a JSON list of flat objects with the same keys as a table of text; None for anything else."""
    if not (isinstance(content, list) and len(content) > 1 and all(isinstance(row, dict) for row in content)):
        return None
    keys = list(content[0])
    plain = (str, int, float, bool, type(None))
    if not keys or any(
        list(row) != keys or not all(isinstance(cell, plain) for cell in row.values()) for row in content
    ):
        return None
    rows = [["" if cell is None else str(cell) for cell in row.values()] for row in content]
    return None if repeated(keys) else pd.DataFrame(rows, columns=keys, dtype=str)
