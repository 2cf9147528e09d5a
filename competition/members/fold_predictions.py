"""Predictions of a fold by what was trained on it: validation images (clean, test-like), holdout, test set."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np

from competition.common.progress import progress
from competition.compute.distributed import processes
from competition.data.predictions import Predictions
from competition.members.member import Fitted
from competition.training.fold_data import FoldData

Positions = dict[str, np.ndarray]
SILENT = SimpleNamespace(update=lambda images: None)


def predict_fold(
    fitted: Fitted,
    data: FoldData,
    targets: tuple[str, ...],
    orientation_weights: np.ndarray,
    only: Positions | None = None,
) -> dict[str, Predictions]:
    """Return `fitted`'s predictions of the validation images by condition, of the holdout's, and of the "test" images.

    targets: (C,) its classes. only: which positions of each of these sets are predicted; None: all.
    """
    valid = {condition: (data.store, rows, data.valid_ids) for condition, rows in data.valid_rows.items()}
    holdout = {name: (data.store, rows, data.holdout_ids) for name, rows in data.holdout_rows.items()}
    sets = valid | holdout | {"test": (data.test_store, np.arange(len(data.test_ids)), data.test_ids)}
    only = only or {name: np.arange(len(rows)) for name, (_, rows, _) in sets.items()}
    found = {}
    with progress(sum(map(len, only.values())), "predict") if processes().main else nullcontext(SILENT) as bar:
        for name, positions in only.items():
            store, rows, ids = sets[name]
            probabilities = fitted.predict_proba(store, rows[positions], orientation_weights, bar.update)
            found[name] = Predictions(
                np.array([ids[index] for index in positions], dtype=str), probabilities, tuple(targets)
            )
    return found


def score_fold(predictions: dict[str, Predictions], data: FoldData) -> dict[str, float | None]:
    """Return the score of the fold's validation images by condition; None where no image with a label was predicted.

    The holdout is never scored here.
    """
    label = dict(zip(data.valid_ids, data.valid_labels, strict=True))
    scores = {}
    for condition in data.valid_rows:
        part = predictions[condition]
        known = [index for index, id in enumerate(part.ids) if id in label]
        y_true = np.array([label[part.ids[index]] for index in known], np.int64)
        scores[condition] = data.metric(y_true, part.indices[known], len(part.targets)) if known else None
    return scores
