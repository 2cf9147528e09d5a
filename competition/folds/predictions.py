"""What each fold's network predicted, read from folds/predictions/ and held against folds.csv.

Predictions of another split must be neither scored nor combined with this one's.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from competition.data.predictions import Predictions, concatenate, load_predictions
from competition.folds.leakage import HELD, check_predicted

ROOT = Path("folds/predictions")


def holdout_view(view: str) -> str:
    """What a fold calls its predictions of the locked holdout, seen as `view`, one of OOF_VIEWS."""
    return f"{HELD}{view}"


def read_fold(name: str, fold: int, folds: pd.DataFrame, targets: Sequence[str]) -> dict[str, Predictions]:
    """Fold number `fold` of member `name`: `clean`, `test_like`, `test`; with a holdout also the `holdout_view` of
    both.

    folds: ID, target, fold, the holdout's rows among them; targets: (C,) the classes. The specialist (`specialist`) may
    answer fewer images and classes. Raises FileNotFoundError for a member that wasn't trained, ValueError for
    predictions that lack images, or are of other ones.
    """
    path = ROOT / name / f"{fold}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` trains what is missing")
    views = load_predictions(path)
    check_predicted(
        {view: part.ids.tolist() for view, part in views.items()}, fold, folds, str(path), some=name == "specialist"
    )
    for view, part in views.items():
        if name != "specialist" and part.targets != tuple(targets):
            raise ValueError(f"{path}: {view}: targets {list(part.targets)}; expected {list(targets)}")
    return views


def most_frequent(true: Sequence[str], targets: Sequence[str]) -> str:
    """The target that stands most often in `true`, for a test image without predictions; of equals the first of
    `targets`.
    """
    counts = Counter(true)
    return max(targets, key=lambda target: counts[target])


OOF_VIEWS = ("clean", "test_like")


def out_of_fold(per_fold: Sequence[dict[str, Predictions]], view: str, oof_ids: Sequence[str]) -> Predictions:
    """The folds' predictions of their own validation images, put together in the order of `oof_ids`.

    Raises ValueError when an image is missing, or stands in two folds.
    """
    return concatenate([fold[view] for fold in per_fold]).select(oof_ids)
