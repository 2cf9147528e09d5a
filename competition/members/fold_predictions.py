"""Predictions of a fold by what was trained on it: validation images (clean, test-like), holdout, test set."""

import math
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np

from competition.common.progress import progress
from competition.compute.distributed import processes
from competition.data.predictions import CONDITIONS, Predictions
from competition.members.member import Fitted
from competition.metrics.plain_score import plain_score
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
    """Return `fitted`'s predictions of the validation images by part, of the holdout's, and of the "test" images.

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
                np.array([ids[index] for index in positions], dtype=str),
                probabilities,
                tuple(targets),
                not data.several,
            )
    return found


def score_fold(predictions: dict[str, Predictions], data: FoldData) -> dict[str, float | None]:
    """Return the score of the fold's validation images by condition; None where it can't be.

    There it has predicted no image with a label, or the metric isn't defined on them. The holdout is never scored here,
    nor is anything where all images were trained on.
    """
    label = {id: row for row, id in enumerate(data.valid_ids)}
    scores = {}
    for condition in (name for name in CONDITIONS if name in predictions):
        part = predictions[condition]
        known = [index for index, id in enumerate(part.ids) if id in label]
        y_true = data.valid_labels[[label[part.ids[index]] for index in known]] if known else None
        score = plain_score(data.metric, y_true, part.probabilities[known], data.several) if known else math.nan
        scores[condition] = None if math.isnan(score) else score
    return scores
