"""Predictions of each fold's network, read from folds/predictions/ and checked against folds.csv.

Predictions of another split must be neither scored nor combined with this one's.
"""

from collections.abc import Sequence

import pandas as pd

from competition.common import paths
from competition.data.predictions import Predictions, concatenate, load_predictions
from competition.folds.leakage import AGAIN, HOLDOUT_PREFIX, LeakError, check_predicted
from competition.folds.split import HOLDOUT


def holdout_part(condition: str) -> str:
    """Return the name of a fold's predictions of the holdout's images under `condition`, one of CONDITIONS."""
    return f"{HOLDOUT_PREFIX}{condition}"


def read_fold(name: str, fold: int, folds: pd.DataFrame, targets: Sequence[str]) -> dict[str, Predictions]:
    """Return the predictions of a member's fold: `clean`, `test_like`, `test`; with a holdout `holdout_part` of both.

    folds: ID, target, fold, the holdout's rows among them; targets: (C,) the classes. The specialist may answer fewer
    images and classes. Raises FileNotFoundError for a member that wasn't trained, ValueError for predictions that lack
    images, or are of other ones.
    """
    path = paths.predictions(name, fold)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` trains what is missing")
    parts = load_predictions(path)
    check_predicted(
        {part: found.ids.tolist() for part, found in parts.items()}, fold, folds, str(path), some=name == "specialist"
    )
    for part, found in parts.items():
        if name != "specialist" and found.targets != tuple(targets):
            raise ValueError(f"{path}: {part}: targets {list(found.targets)}; expected {list(targets)}")
    return parts


def read_networks(
    name: str, networks: Sequence[int | str], folds: pd.DataFrame, targets: Sequence[str]
) -> list[dict[str, Predictions]]:
    """Return the predictions of a member's networks, see `read_fold`; of one trained on all images `test`, and with a
    holdout `holdout_part` of both.
    """
    return [
        read_fold(name, one, folds, targets) if isinstance(one, int) else _read_refit(name, one, folds, targets)
        for one in networks
    ]


def _read_refit(name: str, network: str, folds: pd.DataFrame, targets: Sequence[str]) -> dict[str, Predictions]:
    path = paths.predictions(name, network)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; `dvc repro` trains what is missing")
    parts = load_predictions(path)
    held = set(folds["ID"][folds["fold"] == HOLDOUT])
    for part, found in parts.items():
        if found.targets != tuple(targets):
            raise ValueError(f"{path}: {part}: targets {list(found.targets)}; expected {list(targets)}")
        if part != "test" and set(found.ids.tolist()) != held:
            raise LeakError(f"{path}: {part}: not the images of the holdout in {paths.FOLDS}; {AGAIN}")
    return parts


def out_of_fold(per_fold: Sequence[dict[str, Predictions]], condition: str, oof_ids: Sequence[str]) -> Predictions:
    """Return the folds' predictions of their own validation images, put together in the order of `oof_ids`.

    A network that was trained on all images has none, and is passed over.

    Raises ValueError when an image is missing, or stands in two folds.
    """
    return concatenate([fold[condition] for fold in per_fold if condition in fold]).select(oof_ids)
