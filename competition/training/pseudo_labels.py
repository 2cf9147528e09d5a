"""Pseudo-labelling: a second training run, with the test images that the network is sure about.

The labels are the network's own predictions (Lee, Pseudo-Label, ICML 2013 workshop on challenges in representation
learning). It has seen neither the fold's validation images nor the holdout, and no other network has a say in its
labels. So they carry nothing of those images' labels, and the second run is scored out of fold as the first one was.
Labels voted by all folds' networks would carry them: each validation image has taught all networks but its own fold's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from competition.common.files import digest
from competition.common.seeds import derived_seed
from competition.compute.distributed import processes
from competition.data.image_store import ImageStore
from competition.inference.predictor import Predictor
from competition.models.networks import Normalisation
from competition.settings.finetuned import FinetunedSettings
from competition.training.checkpoints import load_state, save_state
from competition.training.fit import fit
from competition.training.fold_data import FoldData
from competition.training.run import TrainingResult

RATE = 0.3  # of the first run's learning rate: the second begins with good weights


@dataclass(frozen=True)
class PseudoLabelResult:
    """Result of the second run: images that were labelled, the score with and without, whether its weights are kept."""

    images: int
    score_without: float
    score_with: float | None  # None where no prediction was sure enough
    kept: bool


def confident_predictions(
    probabilities: np.ndarray, threshold: float, most: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (R,), ascending, and labels (R,) of those predictions whose probability is at least `threshold`.

    probabilities: (N, C); most: (C,), how many of a class at most, the likeliest, of equals the first.
    """
    labels, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = [np.empty(0, np.int64)]
    for label, limit in enumerate(most):
        own = np.flatnonzero((labels == label) & (confidence >= threshold))
        chosen.append(own[np.argsort(-confidence[own], kind="stable")[:limit]])
    rows = np.sort(np.concatenate(chosen))
    return rows, labels[rows]


def bar_copies(data: FoldData, duplicates: pd.DataFrame) -> FoldData:
    """Return `data` with the test images barred that are duplicates of its validation images or of the holdout's.

    duplicates: the rows of folds/duplicates.csv. Trained on, such a copy would be scored on what it has seen.
    """
    scored = {*data.valid_ids, *data.holdout_ids}
    ends = (("set", "ID"), ("other_set", "other_ID"))
    barred = {
        pair[other_id]
        for pair in duplicates.to_dict("records")
        for (a_set, an_id), (other_set, other_id) in (ends, ends[::-1])
        if pair[a_set] == "train" and pair[other_set] == "test" and pair[an_id] in scored
    }
    return replace(data, barred=frozenset(barred))


def with_labels(data: FoldData, rows: np.ndarray, labels: np.ndarray) -> FoldData:
    """Return `data` with the test images `rows` (R,) among its training images, labelled `labels` (R,).

    A test image has no copies and comes once an epoch, as any image does (its row as often as the least copied image
    has copies: see `loader.epoch_rows`); flips and turns make it another one each time.
    """
    copies = min(map(len, data.train_rows))
    added = tuple(np.full(copies, len(data.store) + row, np.int64) for row in rows)
    return replace(
        data,
        store=ImageStore(data.store.path, data.test_store.path),
        train_rows=(*data.train_rows, *added),
        train_labels=np.concatenate([data.train_labels, labels]),
    )


def fit_again(
    network: nn.Module,
    normalise: Normalisation,
    data: FoldData,
    settings: FinetunedSettings,
    orientation_weights: np.ndarray,
    state_file: Path,
    report: Callable[[dict], None],
    targets: Sequence[str],
    first: TrainingResult,
) -> tuple[TrainingResult, PseudoLabelResult]:
    """Train `network` again, which `fit` has trained with these arguments to `first`; return the better run's result.

    The history is both runs'. The network has the better weights too; of two equal scores the first run's are kept.
    Labels and state have files of their own beside `state_file`: what is killed loses an epoch at the most. See `fit`
    for errors and for several processes.
    """
    state = state_file.with_name(
        f"{state_file.stem}-pseudo-{digest(data.test_store.path, orientation_weights.tolist(), sorted(data.barred))}.pt"
    )
    rows, labels = _labelled(network, normalise, data, settings, orientation_weights, state.with_suffix(".labels.pt"))
    without = first.best_score
    if not len(rows):
        processes().print(
            f"pseudo-labels: none of {len(data.test_ids)} test images has a probability of "
            f"{settings.pseudo_labels:g}: no second run"
        )
        return first, PseudoLabelResult(0, without, None, False)
    begun = len(first.history)

    def counted_on(row: dict) -> dict:
        return row | {"epoch": begun + row["epoch"], "second_run": 1}

    second = fit(
        network,
        normalise,
        with_labels(data, rows, labels),
        _second_run(settings),
        state,
        lambda row: report(counted_on(row)),
        targets,
    )
    kept = second.best_score > without
    processes().print(
        f"pseudo-labels of {len(rows)} of {len(data.test_ids)} test images: the second run scores "
        f"{second.best_score:.4f}, the first {without:.4f}: {'kept' if kept else 'left out'}"
    )
    best = replace(second, best_epoch=begun + second.best_epoch) if kept else first
    network.load_state_dict(best.best_weights)
    history = first.history + [counted_on(row) for row in second.history]
    return replace(best, history=history), PseudoLabelResult(len(rows), without, second.best_score, kept)


def _labelled(
    network: nn.Module,
    normalise: Normalisation,
    data: FoldData,
    settings: FinetunedSettings,
    orientation_weights: np.ndarray,
    file: Path,
) -> tuple[np.ndarray, np.ndarray]:
    """Return `confident_predictions` of `network` to the test images; from `file`, if they were asked for before."""
    known = load_state(file)
    if known is None:
        predictor = Predictor.of(network, normalise, settings.size, settings.precision)
        probabilities = predictor(data.test_store, np.arange(len(data.test_store)), orientation_weights)
        counts = np.bincount(data.train_labels, minlength=probabilities.shape[1])
        probabilities[np.isin(data.test_ids, list(data.barred))] = 0
        found = confident_predictions(
            probabilities, settings.pseudo_labels, np.floor(settings.pseudo_share * counts).astype(np.int64)
        )
        known = dict(zip(("rows", "labels"), map(torch.from_numpy, found), strict=True))
        if processes().main:
            save_state(file, known)
    return known["rows"].numpy(), known["labels"].numpy()


def _second_run(settings: FinetunedSettings) -> FinetunedSettings:
    return settings.model_copy(
        update={
            "epochs": settings.pseudo_epochs,
            "learning_rate": RATE * settings.learning_rate,
            "first_size": None,
            "tuning": "full" if settings.tuning == "gradual" else settings.tuning,
            "seed": derived_seed(settings.seed, "pseudo-labels"),
        }
    )
