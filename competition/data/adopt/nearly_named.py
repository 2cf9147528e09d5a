"""A column of a table that would name images, were they called a little otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from competition.data.adopt.survey import FoundTable, Survey
from competition.data.missing_images import AlmostNamed, why_missing

PROBED = 300  # rows
FEW = 0.5  # of the different cells


@dataclass(frozen=True)
class NearColumn:
    """A column whose cells are almost the names of files, and in what they differ."""

    column: str
    what: str


def almost_named(survey: Survey, tables: Iterable[FoundTable]) -> list[str]:
    """Return what is wrong with those of `tables` that name no image, but almost."""
    found = []
    for table in tables:
        near = nearly_named(table.frame, survey.files) if table.id is None and len(table.frame.columns) > 1 else None
        if near is not None:
            found.append(
                f"{survey.root / table.name}: its column {near.column} names images almost, and so no image has a "
                f"label: {near.what}"
            )
    return found


def nearly_named(frame: pd.DataFrame, files: Iterable[str]) -> NearColumn | None:
    """Return the column of which most cells differ from a file's name as IDs in tables often do; None without one.

    files: all that lie there, images or not, relative. A column of few different cells is a label's, not an ID's.
    """
    almost = AlmostNamed(files)
    for column in frame:
        cells = [cell for cell in frame[column].iloc[:PROBED] if cell]
        different = list(dict.fromkeys(cells))
        if len(different) < 2 or 2 * len(different) <= len(cells):
            continue
        if sum(almost.find(cell) is not None for cell in different) > FEW * len(different):
            return NearColumn(column, why_missing(different, almost))
    return None
