"""Leakage checks: no image, and none of its group, on both sides of the split.

A source (a row of train.csv) and its group belong to one fold, or to the holdout, which no fold sees; copies, features
and predictions belong where their source does. Each function checks one kind of table and raises LeakError with what
stands where it must not.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations

import pandas as pd

from competition.common import paths
from competition.common.errors import counted, examples
from competition.data.predictions import CONDITIONS, OUT_OF_FOLD

AGAIN = "run `dvc repro` again"
HOLDOUT_PREFIX = "holdout_"  # of the names of the holdout's predictions


class LeakError(ValueError):
    """An image, or one of its group, on a side of the split that is not its own."""


def check_folds(folds: pd.DataFrame, where: str = str(paths.FOLDS)) -> None:
    """Raise LeakError for groups of `folds` (ID, target, fold, group) on two folds, or on a fold and the holdout."""
    counts = folds.groupby("group")["fold"].nunique()
    divided = counts.index[counts > 1].tolist()
    if divided:
        raise LeakError(
            f"{where}: {len(divided)} groups stand in more than one fold: {examples(divided)}; a group is never "
            "divided: take back what was edited, or run `python -m pipelines.split`"
        )


def check_apart(what: str, sides: Mapping[str, Iterable[str]], where: str) -> None:
    """Raise LeakError if one of `what` (groups, source IDs) stands on two sides.

    sides: name of the side -> what stands there.
    """
    for (one, values), (other, others) in combinations(
        {side: set(values) for side, values in sides.items()}.items(), 2
    ):
        if shared := sorted(values & others):
            raise LeakError(f"{where}: {len(shared)} {what} stand in {one} and in {other}: {examples(shared)}; {AGAIN}")


def check_packed_images(packed: pd.DataFrame, targets: Mapping[str, str | None], where: str) -> None:
    """Raise LeakError unless each row of a store is of one source, known by its ID, and has the source's target.

    packed: id, source_id, target, view and copy of each row; targets: source ID -> target. A row's id is
    SOURCE/VIEW/COPY, which was written with its pixels: a row under another's source ID would be trained on where it
    is scored.
    """
    source = packed["source_id"]
    own = source + "/" + packed["view"] + "/" + packed["copy"].astype(str)
    wrong = {
        "are of no image of the set": ~source.isin(targets.keys()),
        "carry another image's source ID": packed["id"] != own,
        "carry another target than their source": packed["target"].fillna("") != source.map(dict(targets)).fillna(""),
        "stand twice": packed["id"].duplicated(),
    }
    for what, rows in wrong.items():
        if rows.any():
            wrong_images = counted(rows.sum(), f"packed images {what}")
            raise LeakError(f"{where}: {wrong_images}: {examples(packed['id'][rows])}; delete the file and {AGAIN}")


def check_predicted(
    parts: Mapping[str, Iterable[str]], fold: int, folds: pd.DataFrame, where: str, some: bool = False
) -> None:
    """Raise LeakError unless the predictions of `fold` are of its own validation images, and of all of them.

    parts: name -> IDs: "clean", "test_like" and "severe" of the validation images; where there is a holdout, of it
    "holdout_clean" and "holdout_test_like"; "test", whose IDs are not checked. some: not all of the IDs need be
    there, since a specialist predicts some only. Raises ValueError for a part too many or one that is missing.
    """
    own, held = (set(folds["ID"][folds["fold"] == number]) for number in (fold, -1))
    expected = dict.fromkeys(OUT_OF_FOLD, own)
    expected |= {HOLDOUT_PREFIX + condition: held for condition in CONDITIONS if held}
    if parts.keys() != {*expected, "test"}:
        raise ValueError(
            f"{where}: expected predictions named {sorted({*expected, 'test'})}, found {sorted(parts)}; {AGAIN}"
        )
    for name, ids in expected.items():
        found, side = set(parts[name]), "the holdout" if name.startswith(HOLDOUT_PREFIX) else f"fold {fold}"
        if wrong := sorted(found - ids if some else found ^ ids):
            raise LeakError(
                f"{where}: {name}: {len(wrong)} IDs are not those of {side} in {paths.FOLDS}: {examples(wrong)}; "
                f"it comes from another split, {AGAIN}"
            )
