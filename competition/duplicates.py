"""Images that stand in a competition more than once, folds/duplicates.csv: a row for each pair.

Exact: the same file; each is paired with the first of its set, and the sets' first ones with each other. Near: see
near_duplicates; of equal files only the first of a set is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from competition.near_duplicates import find_near_duplicates
from competition.perceptual_hash import Thumbnails
from competition.tables import read_frame, write_frame

COLUMNS = ["kind", "similarity", "set", "ID", "target", "other_set", "other_ID", "other_target", "targets_differ"]


@dataclass(frozen=True, eq=False)
class Duplicates:
    """`table`: a row per pair, columns COLUMNS, targets "" in the test set. `crowded`: images with too many look-alikes to compare all."""

    table: pd.DataFrame
    crowded: int


def find_duplicates(images: Sequence[dict], thumbnails: Thumbnails, at_least: float, threads: int = 1) -> Duplicates:
    """Return the pairs of equal and of near-equal `images` (dicts with set, ID, target, content), whose rows `thumbnails` has."""
    content = [image["content"] for image in images]
    firsts: dict[str, dict[str, int]] = {}  # content -> set -> row
    pairs = []
    for row, image in enumerate(images):
        first = firsts.setdefault(content[row], {}).setdefault(image["set"], row)
        if first != row:
            pairs.append((first, row, "exact", 1.0))
    for rows in firsts.values():
        pairs += [(one, other, "exact", 1.0) for one, other in pairwise(rows.values())]
    distinct = np.array(sorted(row for rows in firsts.values() for row in rows.values()), np.int64)
    near = find_near_duplicates(thumbnails, distinct, at_least, threads)
    pairs += [(one, other, "near", similarity) for one, other, similarity in zip(near.one, near.other, near.similarity, strict=True)
              if content[one] != content[other]]
    return Duplicates(_as_table(images, sorted(pairs)), near.crowded)


def _as_table(images: Sequence[dict], pairs: list[tuple]) -> pd.DataFrame:
    lines = []
    for one, other, kind, similarity in pairs:
        this, that = images[one], images[other]
        differ = this["set"] == that["set"] == "train" and this["target"] != that["target"]
        lines.append([kind, similarity, *_named(this), *_named(that), differ])
    return pd.DataFrame(lines, columns=COLUMNS).astype({"similarity": "float64", "targets_differ": "bool"})


def _named(image: dict) -> tuple[str, str, str]:
    return image["set"], image["ID"], image["target"] or ""


def write_duplicates(path: Path | str, table: pd.DataFrame) -> None:
    """Write `table` (COLUMNS) as CSV, in the order of its rows."""
    write_frame(path, table[COLUMNS])


def read_duplicates(path: Path | str) -> pd.DataFrame:
    """Return folds/duplicates.csv, IDs and targets as str. Raises FileNotFoundError, ValueError for other columns."""
    table = read_frame(path, COLUMNS, "prepare")
    return table.astype({"similarity": "float64"}).assign(targets_differ=table["targets_differ"] == "True")


def of_sets(table: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    """Return the pairs of `table` that have an image in set `one` and one in set `other`."""
    sets = table[["set", "other_set"]]
    return table[(sets == [one, other]).all(axis=1) | (sets == [other, one]).all(axis=1)]
