"""Submission CSV: read, written, checked."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from competition.common.csv import class_hint, read_columns, read_table, write_table
from competition.common.errors import ContractError, counted, examples, repeated
from competition.data.competition import Competition


def read_submission(path: Path | str, columns: tuple[str, str] = ("ID", "target")) -> pd.DataFrame:
    """Return the submission's `ID` and `target` columns as str, whatever the file calls them (`columns`).

    Raises FileNotFoundError; ContractError without these columns or rows.
    """
    problems: list[str] = []
    frame = read_columns(Path(path), columns, problems)
    if frame is None:
        raise ContractError(problems)
    return frame[list(columns)].set_axis(["ID", "target"], axis=1)


def write_submission(
    path: Path | str, ids: Sequence[str], targets: Sequence[str], columns: tuple[str, str] = ("ID", "target")
) -> None:
    """Write the submission's CSV: equal contents give equal bytes."""
    write_table(path, columns, zip(ids, targets, strict=True))


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
            f"{path}: columns {','.join(table.frame.columns)}; expected {','.join(expected)}, in this order"
        )
    if expected[0] in table.frame:
        found = list(table.frame[expected[0]])
        different = id_problems(path, found, competition.test_ids, "the sample submission")
        problems += different or _order_problems(path, found, competition.test_ids)
    if expected[1] in table.frame:
        problems += _answer_problems(path, list(table.frame[expected[1]]), competition.targets)
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
        "extensions differ: use the sample submission's IDs as they are": lambda id: id.rsplit(".", 1)[0],
        "capitals differ: use the sample submission's IDs as they are": str.lower,
    }
    for cause, simplify in causes.items():
        if {simplify(id) for id in missing} & {simplify(id) for id in extra}:
            return cause
    return ""


def _answer_problems(path: Path, answers: list[str], targets: tuple[str, ...]) -> list[str]:
    problems = []
    classes = set(targets)
    is_blank = [answer.strip().lower() in ("", "nan") and answer not in classes for answer in answers]
    if any(is_blank):
        rows = [row for row, blank in enumerate(is_blank, start=1) if blank]
        problems.append(
            f"{path}: {counted(len(rows), 'answers are')} empty or NaN: rows {examples(rows)}; answer each with a class"
        )
    unknown = [answer for answer, blank in zip(answers, is_blank, strict=True) if answer not in classes and not blank]
    if unknown:
        different = list(dict.fromkeys(unknown))
        problems.append(
            f"{path}: {counted(len(unknown), 'answers are')} no class: {examples(different)}; "
            f"{class_hint(different, targets)}"
        )
    return problems
