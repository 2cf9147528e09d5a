"""Boxes of images: the columns x1, y1, x2, y2 of train.csv and test.csv, in the upright image's pixels."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from competition.common.csv import read_columns
from competition.common.errors import counted, examples, repeated
from competition.data.image_ids import match_ids
from competition.settings.competition import CompetitionSettings

BOX = ("x1", "y1", "x2", "y2")


def read_boxes(path: Path, frame: pd.DataFrame, problems: list[str]) -> pd.DataFrame:
    """Return `frame`'s columns BOX as float, NaN for "the whole image"; no columns without boxes.

    `problems` grows by what is wrong with them in the file `path`.
    """
    there = [name for name in BOX if name in frame]
    if not there:
        return frame[[]]
    if len(there) < len(BOX):
        missing = examples(name for name in BOX if name not in frame)
        problems.append(f"{path}: boxes need the columns {','.join(BOX)}, there is no {missing}; add or rename them")
        return frame[[]]
    texts = frame[list(BOX)]
    boxes = texts.apply(pd.to_numeric, errors="coerce").astype(float)
    if len(boxes) and 0 < np.nanmax(boxes.to_numpy(), initial=0) <= 1:
        problems.append(
            f"{path}: no value of the boxes is above 1, so they are shares of the image; give {','.join(BOX)} in its "
            "pixels"
        )
    wrong = ~(texts == "").all(axis=1) & ~np.isfinite(boxes.to_numpy()).all(axis=1)
    if wrong.any():
        rows = [f"row {row + 1} ({','.join(texts.iloc[row])})" for row in np.flatnonzero(wrong)]
        problems.append(
            f"{path}: {counted(len(rows), 'boxes are')} malformed: {examples(rows)}; "
            "give four numbers, or leave all four empty for the whole image"
        )
    return boxes


def read_test_boxes(
    path: Path, test_ids: tuple[str, ...], settings: CompetitionSettings, problems: list[str]
) -> pd.DataFrame | None:
    """Return the boxes of test.csv at `path` in the order of `test_ids`; None without any."""
    if not path.exists():
        return None
    frame = read_columns(path, (settings.id,), problems)
    if frame is None or not any(name in frame for name in BOX):
        return None
    ids = frame[settings.id].map(match_ids(frame[settings.id], test_ids))
    if twice := repeated(ids):
        problems.append(
            f"{path}: {counted(len(twice), 'IDs are')} repeated: {examples(twice)}; keep one row for each image"
        )
        return None
    problems += without_row(path, test_ids, ids)
    boxes = read_boxes(path, frame, problems)
    return boxes.set_axis(ids).reindex(list(test_ids)) if len(boxes.columns) else None


def without_row(path: Path, test_ids: Iterable[str], ids: Iterable[str]) -> list[str]:
    """Return what is wrong where some of the test images have no row, and so no box."""
    known = {*ids}
    missing = [id for id in test_ids if id not in known]
    if not missing:
        return []
    return [
        f"{path}: {counted(len(missing), 'test images have')} no row: {examples(missing)}; write one, with a box as in "
        "the training table or four empty cells for the whole image"
    ]


def different_boxes(where: str, ids: Sequence[str], frame: pd.DataFrame) -> list[str]:
    """Return what is wrong where rows of one ID, "" for none, have different boxes."""
    if not {*BOX} <= {*frame}:
        return []
    boxes: dict[str, dict[str, None]] = {id: {} for id in ids if id}
    for id, *box in zip(ids, *(frame[name] for name in BOX), strict=True):
        if id:
            boxes[id][",".join(box)] = None
    several = [f"{id} ({'; '.join(some)})" for id, some in boxes.items() if len(some) > 1]
    if not several:
        return []
    return [
        f"{where}: {counted(len(several), 'IDs have')} rows with different boxes: {examples(several)}; an image has "
        f"one box: write an image file for each crop, or take the columns {','.join(BOX)} out to learn from whole "
        "images"
    ]
