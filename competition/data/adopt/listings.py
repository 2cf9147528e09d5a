"""Files that list images as tables do: JSON, JSON lines, lines of text.

A JSON file that maps images to labels, or labels to images, becomes a table with the columns file and label. What maps
few names, or each to another value, such as classes to their names, is none. Lines of text become a table where each
has as many parts and one of them names images.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from competition.common.errors import ContractError, repeated
from competition.common.text import read_text
from competition.data.adopt.image_index import ImageIndex

PLAIN = (str, int, float, bool, type(None))
PROBED = 300  # names that are looked for
FEW = 0.5  # of them are images
LEAST = 0.1  # of all images are named by what lists them
HEADER = ("file", "label")
LARGEST = 1 << 26  # bytes of a text that is looked into


def table_of_json(content: object, index: ImageIndex) -> pd.DataFrame | None:
    """Return a list of flat objects, or a map of images or to images, as a table of text; None for anything else."""
    if isinstance(content, list):
        return _of_objects(content)
    if not isinstance(content, dict) or not content:
        return None
    values = list(content.values())
    if all(isinstance(value, PLAIN) for value in values):
        rows = list(content.items()) if len({*values}) < len(values) else []
    elif all(isinstance(value, list) and all(isinstance(one, str) for one in value) for value in values):
        rows = [(file, label) for label, files in content.items() for file in files]
    elif all(isinstance(value, dict) and HEADER[0] not in value for value in values) and _lists(content, index):
        return _of_objects([{HEADER[0]: file} | value for file, value in content.items()])
    else:
        return None
    if not _lists([file for file, _ in rows], index):
        return None
    return pd.DataFrame([tuple(map(_text, row)) for row in rows], columns=HEADER, dtype=str)


def table_of_lines(path: Path, index: ImageIndex) -> pd.DataFrame | None:
    """Return what lines of text or of JSON list, as a table; None where they list no images, or nothing beside them."""
    shortest = 4 * LEAST * len(index.files)  # a name, a label, a mark between them, a line's end
    if not shortest <= path.stat().st_size <= LARGEST:
        return None
    try:
        text, _ = read_text(path, "")
    except ContractError:
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and all(line.startswith("{") for line in lines):
        try:
            return _of_objects([json.loads(line) for line in lines])
        except ValueError:
            return None
    ways: tuple[Callable[[str], list[str]], ...] = (_parted("\t"), _parted(","), _parted(";"), str.split)
    tables = (_of_rows([way(line) for line in lines], index) for way in ways)
    return next((table for table in tables if table is not None), None)


def _of_rows(rows: list[list[str]], index: ImageIndex) -> pd.DataFrame | None:
    """Return rows of as many cells, of which one names images, as a table; the first may be a header."""
    width = len(rows[0]) if rows else 0
    if width < 2 or any(len(row) != width for row in rows):
        return None
    place = next((one for one in range(width) if _lists([row[one] for row in rows], index)), None)
    if place is None:
        return None
    named = bool(index.candidates(rows[0][place]))  # else line 1 is a header
    if not named and not repeated(rows[0]):
        return pd.DataFrame(rows[1:], columns=rows[0], dtype=str)
    header = [HEADER[1], *(f"{HEADER[1]}_{number}" for number in range(2, width))]
    header.insert(place, HEADER[0])
    return pd.DataFrame(rows if named else rows[1:], columns=header, dtype=str)


def _parted(mark: str) -> Callable[[str], list[str]]:
    return lambda line: [part.strip() for part in line.split(mark)]


def _lists(names: Iterable[str], index: ImageIndex) -> bool:
    """Return whether the names are those of images, of a good part of all."""
    different = list(dict.fromkeys(names))
    return len(different) >= LEAST * len(index.files) > 0 and index.share(different[:PROBED]) >= FEW


def _of_objects(content: list) -> pd.DataFrame | None:
    if len(content) < 2 or not all(isinstance(row, dict) for row in content):
        return None
    keys = list(content[0])
    if not keys or repeated(keys) or any(list(row) != keys for row in content):
        return None
    cells = [[*row.values()] for row in content]
    if not all(isinstance(cell, PLAIN) for row in cells for cell in row):
        return None
    return pd.DataFrame([[*map(_text, row)] for row in cells], columns=keys, dtype=str)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)
