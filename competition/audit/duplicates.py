"""Exact and near-duplicates, folds/duplicates.csv: a row for each pair.

Exact: the same file; each is paired with the first of its set, and the sets' first ones with each other. Near: see
near_duplicates; of equal files with equal boxes only the first of a set is compared. Pages of different colours (see
page_colour) are no near-duplicates, unless one is grey, as a copier makes it, and both are of one class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd

from competition.audit.duplicate_table import COLUMNS
from competition.audit.near_duplicates import find_near_duplicates
from competition.audit.page_colour import colour_grid, colours_differ, is_grey
from competition.audit.perceptual_hash import Thumbnails


@dataclass(frozen=True, eq=False)
class Duplicates:
    """`table`: a row per pair, columns COLUMNS, targets "" in the test set. `crowded`: see NearDuplicates."""

    table: pd.DataFrame
    crowded: int


def find_duplicates(
    images: Sequence[dict],
    thumbnails: Thumbnails,
    at_least: float,
    threads: int = 1,
    picture: Callable[[int], np.ndarray] | None = None,
) -> Duplicates:
    """Return the duplicates among `images` (dicts with set, ID, target, content, box), whose rows `thumbnails` has.

    picture: row -> its image, uint8 (H, W, 3) RGB, of which the colours are compared; None: colours count for nothing.
    Two boxes of one file are an exact pair, since they are of one page, but each is compared with the others for
    itself, and may have a label of its own.
    """
    content = [image["content"] for image in images]
    firsts: dict[str, dict[str, int]] = {}  # content -> set -> row
    shown: dict[tuple, int] = {}  # set, content, box -> row: of equal pictures the first of each set
    pairs = []
    for row, image in enumerate(images):
        first = firsts.setdefault(content[row], {}).setdefault(image["set"], row)
        shown.setdefault((image["set"], content[row], str(image.get("box"))), row)
        if first != row:
            pairs.append((first, row, "exact", 1.0))
    for rows in firsts.values():
        pairs += [(one, other, "exact", 1.0) for one, other in pairwise(rows.values())]
    near = find_near_duplicates(thumbnails, np.array(list(shown.values()), np.int64), at_least, threads)
    alike = [
        (one, other, "near", similarity)
        for one, other, similarity in zip(near.one.tolist(), near.other.tolist(), near.similarity, strict=True)
        if content[one] != content[other]
    ]
    pairs += alike if picture is None else _of_one_colour(images, alike, picture, threads)
    return Duplicates(_as_table(images, sorted(pairs)), near.crowded)


def _of_one_colour(
    images: Sequence[dict], pairs: list[tuple], picture: Callable[[int], np.ndarray], threads: int
) -> list[tuple]:
    rows = sorted({row for one, other, *_ in pairs for row in (one, other)})
    grids = joblib.Parallel(n_jobs=threads, prefer="threads")(
        joblib.delayed(lambda row: colour_grid(picture(row)))(row) for row in rows
    )
    grid_of = dict(zip(rows, grids, strict=True))

    def differ(one: int, other: int) -> bool:
        grids = grid_of[one], grid_of[other]
        is_copy = any(map(is_grey, grids)) and images[one]["target"] == images[other]["target"] is not None
        return not is_copy and colours_differ(*grids)

    return [pair for pair in pairs if not differ(*pair[:2])]


def _as_table(images: Sequence[dict], pairs: list[tuple]) -> pd.DataFrame:
    lines = []
    for one, other, kind, similarity in pairs:
        this, that = images[one], images[other]
        differ = this["set"] == that["set"] == "train" and this["target"] != that["target"]
        differ &= kind == "near" or this.get("box") == that.get("box")
        lines.append([kind, similarity, *_named(this), *_named(that), differ])
    return pd.DataFrame(lines, columns=COLUMNS).astype({"similarity": "float64", "targets_differ": "bool"})


def _named(image: dict) -> tuple[str, str, str]:
    return image["set"], image["ID"], image["target"] or ""
