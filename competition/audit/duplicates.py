"""Exact and near-duplicates, folds/duplicates.csv: a row for each pair.

Exact: the same file; each is paired with the first of its set, and the sets' first ones with each other. Near: see
near_duplicates; of equal files with equal boxes only the first of a set is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from competition.audit.duplicate_table import COLUMNS
from competition.audit.near_duplicates import find_near_duplicates
from competition.audit.perceptual_hash import Thumbnails


@dataclass(frozen=True, eq=False)
class Duplicates:
    """`table`: a row per pair, columns COLUMNS, targets "" in the test set. `crowded`: see NearDuplicates."""

    table: pd.DataFrame
    crowded: int


def find_duplicates(images: Sequence[dict], thumbnails: Thumbnails, at_least: float, threads: int = 1) -> Duplicates:
    """Return the duplicates among `images` (dicts with set, ID, target, content, box), whose rows `thumbnails` has.

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
    pairs += [
        (one, other, "near", similarity)
        for one, other, similarity in zip(near.one, near.other, near.similarity, strict=True)
        if content[one] != content[other]
    ]
    return Duplicates(_as_table(images, sorted(pairs)), near.crowded)


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
