"""CSV files: people's, read as text with everything wrong with them listed at once, and the stages' own."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from competition.common.errors import ContractError, counted, examples, repeated
from competition.common.files import replace_file

SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, eq=False)
class Table:
    """A CSV file: its cells as str (an empty cell is ""), and how it was saved."""

    frame: pd.DataFrame
    separator: str
    encoding: str


def sort_targets(targets: Iterable[str]) -> tuple[str, ...]:
    """Return the different targets, sorted: by number when all are whole numbers, else as text."""
    different = set(targets)
    if all(target.removeprefix("-").isdecimal() for target in different):
        return tuple(sorted(different, key=lambda target: (int(target), target)))
    return tuple(sorted(different))


def read_table(path: Path | str, strip: bool = True) -> Table:
    """Return the CSV file at `path`: commas, semicolons or tabs; UTF-8 with or without BOM, or UTF-16 with BOM.

    Nothing is guessed about types: "007", "NA" and "1.0" stay as they are. `strip` removes white space around cells.
    Raises FileNotFoundError, or ContractError for what is no table.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    text, encoding = _decode(path)
    header_line = next((line for line in text.splitlines() if line.strip()), "")[:10_000]
    separator = max(SEPARATORS, key=lambda mark: len(next(csv.reader([header_line], delimiter=mark), [])))
    header, rows = _parse(path, text, separator, strip)
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    frame = pd.DataFrame({name: pd.Series(column, dtype=str) for name, column in zip(header, columns, strict=True)})
    return Table(frame, separator, encoding)


def write_table(path: Path | str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows of text as CSV: commas, "\\n", UTF-8 without BOM; equal cells give equal bytes."""
    with replace_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_frame(path: Path | str, frame: pd.DataFrame, float_format: str | None = None) -> None:
    """Write a table as CSV, in the order of its rows and without its index: see `write_table`.

    float_format: such as "%.6g"; None writes all digits.
    """
    with replace_file(path) as temporary:
        frame.to_csv(temporary, index=False, float_format=float_format, lineterminator="\n", encoding="utf-8")


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


def class_hint(unknown: Iterable[str], targets: Sequence[str]) -> str:
    """Return what to do about answers that are none of `targets`."""
    if any(value.endswith(".0") and value[:-2] in targets for value in unknown):
        return "write whole numbers, without .0"
    return f"the classes are {examples(targets, most=20)}"


def _decode(path: Path) -> tuple[str, str]:
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        raise ContractError([f"{path}: is a spreadsheet or an archive; export the table as CSV (UTF-8)"])
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = f"byte 0x{content[error.start]:02x} in line {line}"
        raise ContractError([f"{path}: is not UTF-8 text ({found}); save it as CSV (UTF-8)"]) from None


def _parse(path: Path, text: str, separator: str, strip: bool) -> tuple[list[str], list[list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        numbered = [(reader.line_num, row) for row in reader if row and row != [""]]
    except csv.Error as error:
        raise ContractError([f"{path}: line {reader.line_num}: {error}; check the quotes there"]) from None
    if not numbered:
        raise ContractError([f"{path}: is empty; expected a header line and rows"])
    if strip:
        numbered = [(line, [cell.strip() for cell in row]) for line, row in numbered]
    header = numbered[0][1]
    if twice := repeated(header):
        raise ContractError([f"{path}: columns stand twice: {examples(twice)}; rename or remove one of each"])
    ragged = [f"line {line} ({len(row)})" for line, row in numbered[1:] if len(row) != len(header)]
    if ragged:
        what = f"{counted(len(ragged), 'rows have')} another number of fields than the header's {len(header)}"
        raise ContractError([f"{path}: {what}: {examples(ragged)}; quote the cells that hold a {separator!r}"])
    return header, [row for _, row in numbered[1:]]
