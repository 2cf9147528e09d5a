"""No image on both sides of a split: what every stage that derives data checks of what it reads and makes.

A source (a row of train.csv) and its group belong to one fold, or to the holdout, which no fold sees; copies, features
and predictions belong where their source does. Each function reads one kind of table and raises LeakError, which names
what stands where it must not.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations

import pandas as pd

AGAIN = "run `dvc repro` again"
SCORED = ("clean", "test_like")  # the views that validation and holdout images are predicted in
HELD = "holdout_"  # begins the names of the holdout's predictions


class LeakError(ValueError):
    """An image, or one of its group, stands on a side of the split that is not its own."""


def check_folds(folds: pd.DataFrame, where: str = "folds/folds.csv") -> None:
    """Raise LeakError naming the groups of `folds` (ID, target, fold, group) that stand in two folds, or in one and in
    the holdout.
    """
    counts = folds.groupby("group")["fold"].nunique()
    divided = counts.index[counts > 1].tolist()
    if divided:
        raise LeakError(
            f"{where}: {len(divided)} groups stand in more than one fold: {_examples(divided)}; a group is never "
            "divided: "
            "take back what was edited, or run `python -m pipelines.split`"
        )


def check_apart(what: str, sides: Mapping[str, Iterable[str]], where: str) -> None:
    """Raise LeakError if one of `what` (groups, source IDs) stands on two sides; sides: name of the side -> what stands
    there.
    """
    for (one, values), (other, others) in combinations(
        {side: set(values) for side, values in sides.items()}.items(), 2
    ):
        if shared := sorted(values & others):
            raise LeakError(
                f"{where}: {len(shared)} {what} stand in {one} and in {other}: {_examples(shared)}; {AGAIN}"
            )


def check_views(views: pd.DataFrame, targets: Mapping[str, str | None], where: str) -> None:
    """Raise LeakError unless each packed view is of one source, known by its ID, and has the source's target.

    views: id, source_id, target, view and copy of each row of a store; targets: source ID -> target. A view's id is
    SOURCE/VIEW/COPY, which was written with its pixels: a view under another's source ID would be trained on where it
    is scored.
    """
    source = views["source_id"]
    own = source + "/" + views["view"] + "/" + views["copy"].astype(str)
    wrong = {
        "are of no image of the set": ~source.isin(targets.keys()),
        "carry another image's source ID": views["id"] != own,
        "carry another target than their source": views["target"].fillna("") != source.map(dict(targets)).fillna(""),
        "stand twice": views["id"].duplicated(),
    }
    for what, rows in wrong.items():
        if rows.any():
            raise LeakError(
                f"{where}: {rows.sum()} views {what}: {_examples(views['id'][rows].tolist())}; delete the file and "
                f"{AGAIN}"
            )


def check_predicted(
    parts: Mapping[str, Iterable[str]], fold: int, folds: pd.DataFrame, where: str, some: bool = False
) -> None:
    """Raise LeakError unless the predictions of `fold` are of the images that it is to be asked about, and of all of
    them.

    parts: name -> IDs: "clean" and "test_like" of the fold's validation images; where there is a holdout, the same of
    the holdout ("holdout_clean", "holdout_test_like"); "test", whose IDs are not looked at. some: not all of the IDs
    need be there, since a specialist is asked about some only. Raises ValueError where another part is there, or one is
    missing.
    """
    own, held = (set(folds["ID"][folds["fold"] == number]) for number in (fold, -1))
    expected = {view: own for view in SCORED} | {HELD + view: held for view in SCORED if held}
    if parts.keys() != {*expected, "test"}:
        raise ValueError(
            f"{where}: expected predictions named {sorted({*expected, 'test'})}, found {sorted(parts)}; {AGAIN}"
        )
    for name, ids in expected.items():
        found, side = set(parts[name]), "the holdout" if name.startswith(HELD) else f"fold {fold}"
        if wrong := sorted(found - ids if some else found ^ ids):
            raise LeakError(
                f"{where}: {name}: {len(wrong)} IDs are not those of {side} in folds/folds.csv: {_examples(wrong)}; "
                f"it comes from another split, {AGAIN}"
            )


def _examples(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
