"""What a test table says of the test images beside their IDs; its rows are found by the images that they name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from competition.common.errors import ContractError, counted, examples
from competition.data.adopt.image_index import ImageIndex
from competition.data.adopt.survey import FoundTable
from competition.data.boxes import BOX, different_boxes, without_row


def rows_beside(
    root: Path, table: FoundTable, files: Mapping[str, str], index: ImageIndex, train: pd.DataFrame
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    """Return the table's other columns, a row for each ID of `files`, "" where it has none, and notes; None without.

    files: ID -> image; train: the training table. Raises ContractError where both tables have boxes, and an image none
    or several.
    """
    column = next((name for name in table.frame if {*files} <= {*table.frame[name]}), table.id)
    if not table.others or column is None:
        return None, ()
    ids = _ids(table.frame[column].tolist(), files, index)
    frame, where = table.frame.drop(columns=column), root / table.name
    missing = [id for id in files if id not in {*ids}]
    if {*BOX} <= {*train} & {*frame}:
        problems = different_boxes(str(where), ids, frame) + without_row(where, files, ids)
        if problems:
            raise ContractError(problems)
    if len(missing) == len(files):
        return None, ()
    what = f"{where}: {counted(len(missing), 'test images have')} no row: {examples(missing)}; its cells are empty"
    frame = frame.set_axis(ids)
    frame = frame[~frame.index.duplicated()].reindex([*files], fill_value="").reset_index(drop=True)
    return frame, (what,) if missing else ()


def _ids(cells: Sequence[str], files: Mapping[str, str], index: ImageIndex) -> list[str]:
    """Return the ID that each cell means: itself, else that of the only image it names; "" for other images."""
    owners = {file: id for id, file in files.items()}
    ids = []
    for cell in cells:
        named = [owners[file] for file in index.candidates(cell) if file in owners]
        ids.append(cell if cell in files else named[0] if len(named) == 1 else "")
    return ids
