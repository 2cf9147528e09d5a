"""What lies in a download: its tables, its JSON files, its images, everything else by its extension."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from competition.common.csv import read_table
from competition.common.errors import ContractError, examples
from competition.common.folders import files_below, is_hidden
from competition.data.adopt.image_index import ImageIndex
from competition.data.adopt.listings import table_of_json, table_of_lines
from competition.data.adopt.unpacking_place import is_ours
from competition.data.hidden_images import begins_as_image
from competition.data.image_files import is_image_file, is_image_name

LISTINGS = (".txt", ".jsonl", ".ndjson", ".lst", ".list")
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
    """Everything in a download. tables: CSV first; documents: JSON files that are no tables; listings: lines of text
    that list images, which are tables too where no other one names images.
    """

    root: Path
    index: ImageIndex
    tables: list[FoundTable] = field(default_factory=list)
    documents: dict[str, object] = field(default_factory=dict)
    listings: list[FoundTable] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # files that are neither
    unread: list[str] = field(default_factory=list)  # tables that can't be read, each with the reason

    @property
    def files(self) -> list[str]:
        """Images and what is neither image nor table."""
        return [*self.index.files, *self.others]

    def place(self, folder: str) -> str:
        """Return where a folder of the download, "" for all of it, lies."""
        return str(self.root / folder) if folder else str(self.root)

    @property
    def kinds_of_others(self) -> str:
        """Extensions of what is neither table nor image, with their counts: ".tfrec (16), .txt (1)"."""
        counts = Counter(os.path.splitext(name)[1].lower() or os.path.basename(name) for name in self.others)
        return ", ".join(f"{kind} ({count})" for kind, count in counts.most_common(5))


def survey(root: Path, id_column: str | None = None) -> Survey:
    """Return what lies in and below `root`, a folder without archives; id_column: the IDs' column, as told."""
    images, tables, documents, others = [], [], [], []
    files = files_below(root, is_ours)
    for name in files.names:
        extension = os.path.splitext(name)[1].lower()
        if is_image_name(name):
            images.append(name)
        else:
            kind = {".csv": tables, ".tsv": tables, ".json": documents}.get(extension)
            if kind is None:  # looked into: an image may be called anything
                kind = images if is_image_file(root / name) else others
            kind.append(name)
    named = [name for name in files.hidden if is_image_name(name) and not is_hidden(os.path.dirname(name))]
    hidden = [*named, *(name for name in files.hidden if begins_as_image(root, name))]
    found = Survey(root, ImageIndex(root, images, hidden), others=others)
    for name in tables:
        try:
            table = read_table(root / name)
        except ContractError as error:
            found.unread += error.problems
            continue
        read = as_table(name, table.frame, found.index, id_column, table.separator)
        if read.id is not None and found.index.candidates(read.id):
            raise ContractError(
                [
                    f"{root / name}: line 1 names an image ({examples(table.frame.columns, most=5)}), so it is no "
                    "header; put one above it, such as id,label"
                ]
            )
        found.tables.append(read)
    for name in documents:
        try:
            content = json.loads((root / name).read_text(encoding="utf-8-sig"))
        except (ValueError, UnicodeDecodeError) as error:
            found.unread.append(f"{root / name}: not valid JSON: {error}; save it again, or take it away")
            continue
        frame = table_of_json(content, found.index)
        if frame is None:
            found.documents[name] = content
        else:
            found.tables.append(as_table(name, frame, found.index, id_column))
    for name in (one for one in others if os.path.splitext(one)[1].lower() in LISTINGS):
        if (frame := table_of_lines(root / name, found.index)) is not None:
            found.listings.append(as_table(name, frame, found.index, id_column))
    if not any(table.id is not None for table in found.tables):
        found.tables += found.listings
    return found


def as_table(
    name: str, frame: pd.DataFrame, index: ImageIndex, id_column: str | None = None, separator: str = ","
) -> FoundTable:
    """Return `frame` with the columns that name images: the ID is the one told, else the best, the first of equals.

    A file's name with its extension is better than a number that may be a row's.
    """
    shares = {column: index.share(frame[column].iloc[:PROBED]) for column in frame.columns} if index.files else {}
    named = [column for column, share in shares.items() if share >= FEW]
    if id_column in frame:
        return FoundTable(name, frame, id_column, (), separator)
    different = {column: frame[column].nunique() for column in named}
    files = [column for column in named if holds_file_names(frame[column])]
    best = max(files or named, key=lambda column: shares[column] * different[column], default=None)
    return FoundTable(name, frame, best, tuple(column for column in named if column != best), separator)


def holds_file_names(cells: pd.Series) -> bool:
    """Return whether most cells are images' names with their extension."""
    return bool(cells.iloc[:PROBED].map(is_image_name).mean() > FEW)
