"""Submission CSV: read, written, checked."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import read_columns, read_table, write_table
from competition.common.errors import ContractError, counted, examples, repeated
from competition.common.names import composed, name_key
from competition.data.competition import Competition
from competition.data.competition_tables import header_of
from competition.data.image_files import without_extension


def read_submission(path: Path | str, columns: tuple[str, str] = ("ID", "target")) -> pd.DataFrame:
    """Return the submission's `ID` and `target` columns as str, whatever the file calls them (`columns`).

    Raises FileNotFoundError; ContractError without these columns or rows.
    """
    problems: list[str] = []
    frame = read_columns(Path(path), columns, problems)
    if frame is None:
        raise ContractError(problems)
    return frame[list(columns)].set_axis(["ID", "target"], axis=1)


def write_submission(path: Path | str, competition: Competition, answers: np.ndarray) -> None:
    """Write `answers` to the competition's test IDs as a submission's CSV: equal contents give equal bytes."""
    cells = competition.task.form.cells(answers)
    rows = ((id_, *row) for id_, row in zip(competition.test_ids, cells, strict=True))
    write_table(path, competition.columns, rows)


def read_answers(path: Path | str, competition: Competition) -> np.ndarray:
    """Return the answers of a submission that `check_submission` finds nothing wrong with."""
    return competition.task.form.read(read_table(path, strip=False).frame.iloc[:, 1:])


def check_submission(submission_path: Path | str, competition: Competition) -> list[str]:
    """Return the problems of a submission, [] when it is valid.

    Strict where reading is kind: the site that scores it may know only commas and UTF-8, and compares IDs as they
    stand.
    """
    path = Path(submission_path)
    try:
        table = read_table(path, strip=False)
    except (ContractError, FileNotFoundError) as error:
        return getattr(error, "problems", [str(error)])
    problems = []
    if table.separator != "," and len(table.frame.columns) > 1:
        problems.append(f"{path}: separated by {table.separator!r}; a submission is separated by commas")
    if table.encoding != "utf-8-sig":
        problems.append(f"{path}: saved as {table.encoding}; save it as UTF-8")
    expected = list(competition.columns)
    if list(table.frame.columns) != expected:
        problems.append(
            f"{path}: columns {header_of(table.frame.columns)}; expected {header_of(expected)}, in this order"
        )
    if expected[0] in table.frame:
        found = list(table.frame[expected[0]])
        different = id_problems(path, found, competition.test_ids, "the sample submission")
        problems += different or _order_problems(path, found, competition.test_ids)
    if all(name in table.frame for name in expected[1:]):
        problems += competition.task.form.problems(path, table.frame[expected[1:]])
    return problems


def id_problems(path: Path, found: list[str], expected: Sequence[str], reference: str) -> list[str]:
    """Return which IDs are missing, extra or repeated in `path`, held against `expected`, which `reference` names."""
    problems = []
    wanted, there = set(expected), set(found)
    missing = [id for id in expected if id not in there]
    extra = [id for id in dict.fromkeys(found) if id not in wanted]
    hint = _why_ids_differ(missing, extra)
    if missing:
        fix = hint or "add a row for each"
        problems.append(
            f"{path}: {counted(len(missing), f'IDs of {reference} are')} missing: {examples(missing)}; {fix}"
        )
    if extra:
        problems.append(
            f"{path}: {counted(len(extra), 'IDs are')} not in {reference}: {examples(extra)}; {hint or 'remove them'}"
        )
    if twice := repeated(found):
        problems.append(f"{path}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; keep one row for each")
    return problems


def _order_problems(path: Path, found: list[str], expected: Sequence[str]) -> list[str]:
    row = next((row for row, (id, other) in enumerate(zip(found, expected, strict=True)) if id != other), None)
    if row is None:
        return []
    where = f"row {row + 1} is {found[row]}, expected {expected[row]}"
    return [f"{path}: rows in another order than the sample submission's: {where}; sort them like that file"]


def _why_ids_differ(missing: list[str], extra: list[str]) -> str:
    causes = {
        "leading zeros were lost: read and write IDs as text": lambda id: id.lstrip("0"),
        "white space around them differs: remove it": str.strip,
        "letters are composed otherwise (é as one character or as two): use the sample submission's IDs as they are": (
            composed
        ),
        "kinds of blanks or unseen marks differ: use the sample submission's IDs as they are": name_key,
        "extensions differ: use the sample submission's IDs as they are": without_extension,
        "capitals differ: use the sample submission's IDs as they are": str.lower,
    }
    for cause, simplify in causes.items():
        if {simplify(id) for id in missing} & {simplify(id) for id in extra}:
            return cause
    return ""
