"""Split that train.csv gives, in its column `fold`: checked, and used as it is."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from competition.common.errors import counted, examples
from competition.data.given_folds import free_folds
from competition.folds.leakage import LeakError
from competition.folds.split import make_folds

ELSE = "or take the column fold out of train.csv, for a split that is made here"


def use_given_folds(
    ids: Sequence[str], groups: Sequence[str], given: Mapping[str, str], n_splits: int, where: str
) -> np.ndarray:
    """Return (N,) int64: each image's fold as `given`, ID -> fold, says, -1 for the holdout.

    groups: (N,) of duplicates and of the competition's own. Raises ValueError unless every image has a fold and these
    are 0 to n_splits - 1, with images in each; LeakError for a group that is divided.
    """
    folds = [given.get(id, "") for id in ids]
    if wrong := [id for id, fold in zip(ids, folds, strict=True) if not fold.removeprefix("-").isdecimal()]:
        raise ValueError(
            f"{where}: {counted(len(wrong), 'rows have')} no whole number as fold: {examples(wrong)}; fill it in, "
            f"{ELSE}"
        )
    numbers = np.array(folds, np.int64)
    found = sorted(set(numbers[numbers != -1].tolist()))
    if found != list(range(n_splits)):
        numbered = found == list(range(max(2, len(found))))
        fix = f"set split.folds: {found}, or split.n_splits: {len(found)}" if numbered else "number them from 0 on"
        raise ValueError(
            f"{where}: column fold has {examples(found)}, but split makes {list(range(n_splits))}; {fix}, {ELSE}"
        )
    _check_undivided(ids, groups, numbers, where)
    return numbers


def spread_over_free_folds(
    ids: Sequence[str],
    targets: Sequence[str],
    groups: Sequence[str],
    given: Mapping[str, str],
    n_splits: int,
    seed: int,
    several: bool = False,
) -> dict[str, str]:
    """Return ID -> fold with the rows that have none spread over the folds that no row has.

    So a given validation part is fold 0, whole, and the training part makes the other folds: every image has a
    prediction out of fold, and none of fold 0 is parted from the others. Without a free fold nothing changes. See
    `make_folds` for the arguments.
    """
    free = free_folds(given.values(), n_splits)
    rows = [row for row, id in enumerate(ids) if not given.get(id)]
    if not free or not rows or len(rows) == len(ids):
        return dict(given)
    spread = np.zeros(len(rows), np.int64)
    if len(free) > 1:
        columns = ([column[row] for row in rows] for column in (ids, targets, groups))
        spread = make_folds(*columns, len(free), seed, several=several)
    return {**given, **{ids[row]: free[fold] for row, fold in zip(rows, spread.tolist(), strict=True)}}


def _check_undivided(ids: Sequence[str], groups: Sequence[str], folds: np.ndarray, where: str) -> None:
    rows = pd.DataFrame({"ID": list(ids), "group": list(groups), "fold": folds})
    divided = rows[rows.groupby("group")["fold"].transform("nunique") > 1]
    if divided.empty:
        return
    described = [
        " and ".join(f"{id} (fold {fold})" for id, fold in zip(own["ID"][:2], own["fold"][:2], strict=True))
        for _, own in divided.drop_duplicates(["group", "fold"]).groupby("group")
    ]
    raise LeakError(
        f"{where}: column fold puts images on two sides that are copies of one another or of one group, so that a "
        f"score would be of what was learnt: {examples(described)} (folds/duplicates.csv has the copies); give them "
        f"one fold, leave one out, raise prepare.near_duplicate_similarity where they are different pages, {ELSE}"
    )
