"""CSV files: people's, read as text with everything wrong with them listed at once, and the stages' own."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from competition.common.errors import ContractError, counted, examples, repeated
from competition.common.files import replace_file
from competition.common.text import read_text

SEPARATORS = (",", ";", "\t", "|")
CURE = "save it as CSV (UTF-8)"
FIRST_LINE = re.compile(r'"?(?:sep=([,;\t])|#TYPE [^\r\n]*?)"?[ ,;\t]*(?:\r\n?|\n)')  # of Excel; of PowerShell
DECIMAL_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?([eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


@dataclass(frozen=True, eq=False)
class Table:
    """A CSV file: its cells as str (an empty cell is ""), and how it was saved."""

    frame: pd.DataFrame
    separator: str
    encoding: str


def sort_targets(targets: Iterable[str]) -> tuple[str, ...]:
    """Return the different targets, sorted: by number when all are whole numbers ("10.0" too), else as text."""
    different = set(targets)
    if all(map(is_whole_number, different)):
        return tuple(sorted(different, key=lambda target: (int(target.partition(".")[0]), target)))
    return tuple(sorted(different))


def is_whole_number(target: str) -> bool:
    """Return whether the text is a whole number: "10", "-1", "007", "3.0"."""
    whole, _, zeros = target.removeprefix("-").partition(".")
    return whole.isdecimal() and not zeros.strip("0")


def read_table(path: Path | str, strip: bool = True) -> Table:
    """Return the CSV file at `path`: commas, semicolons, tabs or `|`; UTF-8 or UTF-16, with or without BOM.

    Nothing is guessed about types: "007", "NA" and "1.0" stay as they are. `strip` leaves white space around cells out.
    So is what spreadsheets and shells add: a first line `sep=;` or `#TYPE ...`, empty rows around, columns behind.
    Raises FileNotFoundError, or ContractError for what is no table.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    text, encoding = _decode(path)
    told = FIRST_LINE.match(text) if strip else None
    rest = text[told.end() :] if told else text
    separator = (told and told[1]) or max(SEPARATORS, key=lambda mark: _header_width(rest, mark))
    header, rows = _parse(path, rest, separator, strip, skipped=1 if told else 0)
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    frame = pd.DataFrame({name: pd.Series(column, dtype=str) for name, column in zip(header, columns, strict=True)})
    return Table(frame, separator, encoding)


def write_table(path: Path | str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows of text as CSV: commas, "\\n", UTF-8 without BOM; equal cells give equal bytes."""
    with replace_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        quoting = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in (header, *rows):  # Python before 3.13 leaves a cell with "\r" alone unquoted
            (quoting if any("\r" in cell for cell in row if isinstance(cell, str)) else writer).writerow(row)


def write_frame(path: Path | str, frame: pd.DataFrame, float_format: str | None = None) -> None:
    """Write a table as CSV, in the order of its rows and without its index: see `write_table`.

    float_format: such as "%.6g"; None writes all digits.
    """
    texts = frame.select_dtypes(exclude=["number", "bool"])
    has_returns = any("\r" in cell for name in texts for cell in texts[name] if isinstance(cell, str))
    with replace_file(path) as temporary:
        frame.to_csv(
            temporary,
            index=False,
            float_format=float_format,
            lineterminator="\n",
            encoding="utf-8",
            quoting=csv.QUOTE_NONNUMERIC if has_returns else csv.QUOTE_MINIMAL,
        )


def read_frame(path: Path | str, columns: Sequence[str], made_by: str) -> pd.DataFrame:
    """Return the table that stage `made_by` wrote, all cells str.

    Raises FileNotFoundError, and ValueError for other `columns`.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` makes it (stage {made_by})")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    if list(frame.columns) != list(columns):
        raise ValueError(f"{path}: expected the columns {list(columns)}, found {list(frame.columns)}")
    return frame


def read_columns(
    path: Path, needed: Sequence[str], problems: list[str], no_rows: str = "has a header but no rows; fill it in"
) -> pd.DataFrame | None:
    """Return a table that has the columns `needed` and rows; else None, and `problems` grows by what is wrong."""
    try:
        frame = read_table(path).frame
    except (ContractError, FileNotFoundError) as error:
        problems += getattr(error, "problems", [str(error)])
        return None
    missing = [name for name in needed if name not in frame]
    if missing:
        fix = "rename the file's, or set their names under competition: in params.yaml"
        problems.append(f"{path}: no column {examples(missing)} (there: {examples(frame.columns, most=20)}); {fix}")
    elif frame.empty:
        problems.append(f"{path}: {no_rows}")
    else:
        return frame
    return None


def with_decimal_points(path: Path | str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of text with 0.5 for 0,5 in each column of which every filled cell is a number written so.

    Raises ContractError for a column of numbers such as 1,234 alone, which may be a decimal or thousands.
    """
    frame, unclear = frame.copy(), []
    for place, name in enumerate(frame.columns):
        cells = frame.iloc[:, place]
        with_comma = [cell for cell in cells if "," in cell]
        if not with_comma or not all(DECIMAL_COMMA.fullmatch(cell) for cell in cells if cell):
            continue
        if all(map(THOUSANDS.fullmatch, with_comma)):
            unclear.append(f"{name} ({with_comma[0]})")
        frame.isetitem(place, cells.str.replace(".", "", regex=False).str.replace(",", ".", regex=False))
    if unclear:
        raise ContractError(
            [
                f"{path}: {counted(len(unclear), 'columns have')} numbers that may be decimals or thousands: "
                f"{examples(unclear)}; write 1.234 or 1234, or leave the column out (task.metadata)"
            ]
        )
    return frame


def class_hint(unknown: Iterable[str], targets: Sequence[str]) -> str:
    """Return what to do about answers that are none of `targets`."""
    if any(value.endswith(".0") and value[:-2] in targets for value in unknown):
        return "write whole numbers, without .0"
    return f"the classes are {examples(targets, most=20)}"


def _decode(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        if file.read(4) == b"PK\x03\x04":
            raise ContractError([f"{path}: is a spreadsheet or an archive; export the table as CSV (UTF-8)"])
    return read_text(path, CURE)


def _header_width(text: str, separator: str) -> int:
    rows = csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=separator)
    try:
        return next((len(row) for row in rows if len(row) > 1 or any(cell.strip() for cell in row)), 0)
    except csv.Error:
        return 0


def _parse(path: Path, text: str, separator: str, strip: bool, skipped: int) -> tuple[list[str], list[list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        numbered = [(reader.line_num + skipped, row) for row in reader if row and row != [""]]
    except csv.Error as error:
        raise ContractError([f"{path}: line {reader.line_num + skipped}: {error}; check the quotes there"]) from None
    if strip:
        numbered = _without_empty_edges([(line, [cell.strip() for cell in row]) for line, row in numbered])
    if not numbered:
        raise ContractError([f"{path}: is empty; expected a header line and rows"])
    header = numbered[0][1]
    if twice := repeated(header):
        raise ContractError([f"{path}: columns stand twice: {examples(twice)}; rename or remove one of each"])
    ragged = [f"line {line} ({len(row)})" for line, row in numbered[1:] if len(row) != len(header)]
    if ragged:
        what = f"{counted(len(ragged), 'rows have')} another number of fields than the header's {len(header)}"
        raise ContractError([f"{path}: {what}: {examples(ragged)}; quote the cells that hold a {separator!r}"])
    return header, [row for _, row in numbered[1:]]


def _without_empty_edges(rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """Return numbered rows without those above, below, and the columns at their end, in which nothing stands."""
    filled = [max((place for place, cell in enumerate(row, 1) if cell), default=0) for _, row in rows]
    first = next((number for number, width in enumerate(filled) if width), 0)
    last = max((number for number, width in enumerate(filled, 1) if width), default=0)
    width = max(filled, default=0)
    fits = bool(rows) and width <= len(rows[first][1])
    return [(line, row[:width] if fits else row) for line, row in rows[first:last]]
