"""What each fold's network predicted, read from folds/predictions/ and held against folds.csv.

Predictions of another split must be neither scored nor combined with this one's.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from competition.predictions import Predictions, load_predictions
from competition.splitting import HOLDOUT
from competition.voting import OOF_VIEWS

ROOT = Path("folds/predictions")


def holdout_view(view: str) -> str:
    """What a fold calls its predictions of the locked holdout, seen as `view`, one of OOF_VIEWS."""
    return f"holdout_{view}"


def read_fold(name: str, fold: int, folds: pd.DataFrame, targets: Sequence[str], holdout: bool = False) -> dict[str, Predictions]:
    """Fold number `fold` of member `name`: `clean`, `test_like`, `test`; with `holdout` also the `holdout_view` of both.

    folds: ID, target, fold; targets: (C,) the classes. The specialist (`specialist`) may answer fewer images and classes.
    Raises FileNotFoundError for a member that wasn't trained, ValueError for predictions that lack images, or are of other ones.
    """
    path = ROOT / name / f"{fold}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` trains what is missing")
    views = load_predictions(path)
    expected = dict.fromkeys(OOF_VIEWS, fold) | ({holdout_view(view): HOLDOUT for view in OOF_VIEWS} if holdout else {})
    if missing := {*expected, "test"} - views.keys():
        raise ValueError(f"{path}: no predictions named {sorted(missing)}; run `dvc repro` again")
    for view, number in expected.items():
        _check_ids(f"{path}: {view}", views[view], set(folds["ID"][folds["fold"] == number]), number, name == "specialist")
    for view, part in views.items():
        if name != "specialist" and part.targets != tuple(targets):
            raise ValueError(f"{path}: {view}: targets {list(part.targets)}; expected {list(targets)}")
    return views


def most_frequent(true: Sequence[str], targets: Sequence[str]) -> str:
    """The target that stands most often in `true`, for a test image without predictions; of equals the first of `targets`."""
    counts = Counter(true)
    return max(targets, key=lambda target: counts[target])


def _check_ids(where: str, part: Predictions, expected: set[str], fold: int, is_specialist: bool) -> None:
    found = set(part.ids.tolist())  # the specialist is asked only where its base answers with a hard class
    if wrong := sorted(found - expected if is_specialist else found ^ expected):
        raise ValueError(f"{where}: {len(wrong)} IDs are not those of fold {fold} in folds/folds.csv: "
                         f"{', '.join(wrong[:5])}; it comes from another split, run `dvc repro` again")
