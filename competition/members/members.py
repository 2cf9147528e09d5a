"""One member on one fold: train it, then predict the fold's validation images (clean, test-like), the test set, and the
holdout.

The holdout's predictions are kept for `ensemble`: no score of them is made here.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

import numpy as np
import torch

from competition.common.files import digest, replace_file
from competition.common.imports import code_digest
from competition.common.progress import progress
from competition.compute.device import check_precision
from competition.compute.distributed import processes
from competition.data.image_store import ImageStore
from competition.data.predictions import Predictions
from competition.inference.features import features, grey_features, network_features
from competition.inference.predictor import Predictor
from competition.metrics.f1 import macro_f1
from competition.models.networks import create_network
from competition.settings.finetuned import FinetunedSettings
from competition.settings.members import FeaturesSettings, GreySettings
from competition.training.fit import fit
from competition.training.fold_data import FoldData
from competition.training.logistic import fit_logistic
from competition.training.mlp import fit_mlp
from competition.training.pseudo_labels import PseudoLabelResult, fit_again

Report = Callable[[dict], None]
SILENT = SimpleNamespace(update=lambda images: None)


@dataclass(frozen=True)
class TrainedMember:
    """What a member leaves of a fold: weights, a history row per epoch, predictions "clean", "test_like", "test".

    With a holdout also "holdout_clean" and "holdout_test_like", which `macro_f1` says nothing about. again_seconds: of
    predict_seconds, those of close calls, of which a network that has hardly learnt has many.
    """

    weights: dict[str, torch.Tensor]
    history: list[dict]
    predictions: dict[str, Predictions]
    macro_f1: dict[str, float]
    best_epoch: int
    train_seconds: float
    predict_seconds: float
    again_seconds: float = 0.0
    pseudo_labels: PseudoLabelResult | None = None


def train_finetuned(
    settings: FinetunedSettings,
    data: FoldData,
    targets: tuple[str, ...],
    view_weights: np.ndarray,
    state_file: Path,
    report: Report,
    start: dict[str, torch.Tensor] | None = None,
    predict_from: FoldData | None = None,
    predicted: dict[str, np.ndarray] | None = None,
) -> TrainedMember:
    """Fine-tune on `data`, whose labels count `targets`, and predict its validation images, its holdout and the test
    set.

    `start`: weights to begin with, but for a classifier of another size. `predict_from` and `predicted`: the fold whose
    images are predicted instead, and which positions of its validation ("clean", "test_like"), holdout and "test"
    images. Where several processes train together, all call this with the same arguments and return the same, but for
    the seconds.
    """
    began = perf_counter()
    check_precision(settings.precision)
    network, normalise = create_network(settings, len(targets), settings.seed)
    if start is not None:
        own = network.state_dict()
        network.load_state_dict(
            {key: start[key] if start[key].shape == value.shape else value for key, value in own.items()}
        )
    progress = fit(network, normalise, data, settings, state_file, report, targets)
    pseudo_labels = None
    if settings.pseudo_labels:
        progress, pseudo_labels = fit_again(
            network, normalise, data, settings, view_weights, state_file, report, targets, progress
        )
    trained = perf_counter()
    predictor = Predictor.of(network, normalise, settings.size, settings.precision)

    def predict(store: ImageStore, rows: np.ndarray, tick: Callable[[int], object]) -> np.ndarray:
        return predictor(store, rows, view_weights, tick)

    predictions = _predictions(predict, predict_from or data, targets, predicted)
    return TrainedMember(
        progress.best_weights,
        progress.history,
        predictions,
        _scores(predictions, data),
        progress.best_epoch,
        sum(row["seconds"] for row in progress.history) or trained - began,
        perf_counter() - trained,
        sum(predictor.again_seconds),
        pseudo_labels,
    )


def train_classical(
    settings: FeaturesSettings | GreySettings,
    data: FoldData,
    targets: tuple[str, ...],
    view_weights: np.ndarray,
    cache: Path,
) -> TrainedMember:
    """Fit a logistic regression on frozen features and predict. Features that no fold changes are kept in `cache`."""
    began = perf_counter()
    if isinstance(settings, GreySettings):
        extract, size = grey_features(settings.size), int(data.store.column("height")[0])
    else:
        network, normalise = create_network(settings, len(targets))
        extract, size = network_features(network, normalise, settings.precision), settings.size
    make = FeatureMaker(settings, extract, size, cache)
    upright, views = np.zeros(1, np.int64), np.flatnonzero(view_weights)
    training = make(data.store, np.sort(_first_copies(data.store, settings.copies)), upright)
    scored = make(data.store, np.flatnonzero(np.array(data.store.column("view")) != "train"), views)
    tested = make(data.test_store, np.arange(len(data.test_store)), views)
    rows, labels = _first_views(data, settings.copies)
    valid = scored.at(data.valid_rows["test_like"]), view_weights[views], data.valid_labels
    if getattr(settings, "classifier", "logistic") == "mlp":
        member = fit_mlp(training.at(rows)[0], labels, len(targets), 0, *valid)
    else:
        member = fit_logistic(training.at(rows)[0], labels, len(targets), settings.c_range, *valid)
    trained = perf_counter()

    def predict(store: ImageStore, rows: np.ndarray, tick: Callable[[int], object]) -> np.ndarray:
        tick(len(rows))
        return member.predict_proba((tested if store is data.test_store else scored).at(rows), view_weights[views])

    predictions = _predictions(predict, data, targets, None)
    scores = _scores(predictions, data)
    history = [{"epoch": 0, **scores, "c": getattr(member, "c", None), "seconds": trained - began}]
    return TrainedMember(member.tensors(), history, predictions, scores, 0, trained - began, perf_counter() - trained)


@dataclass(frozen=True)
class FeatureTable:
    """Features (V, R, F) of the store's `rows` (R,), ascending."""

    rows: np.ndarray
    values: np.ndarray

    def at(self, rows: np.ndarray) -> np.ndarray:
        """Return (V, N, F) for store rows `rows` (N,), all of them among `self.rows`."""
        positions = np.searchsorted(self.rows, rows)
        assert (self.rows[positions] == rows).all()
        return self.values[:, positions]


@dataclass(frozen=True)
class FeatureMaker:
    """Computes a FeatureTable, or takes it from `cache`, where all folds find what the first one computed."""

    settings: FeaturesSettings | GreySettings
    extract: Callable
    size: int
    cache: Path

    def __call__(self, store: ImageStore, rows: np.ndarray, views: np.ndarray) -> FeatureTable:
        settings = self.settings.model_dump(exclude={"c_range", "copies", "classifier"})  # they make no other features
        key = digest(store.path, settings, rows.tolist(), views.tolist(), code_digest("competition.inference.features"))
        file = self.cache / f"features-{key}.npy"
        if not file.exists():
            with progress(len(rows), f"features of {store.path.stem}") as bar:
                values = features(self.extract, store, rows, self.size, views, bar.update)
            with replace_file(file) as temporary, temporary.open("wb") as handle:
                np.save(handle, values, allow_pickle=False)
        return FeatureTable(rows, np.load(file, mmap_mode="r"))


def _first_copies(store: ImageStore, copies: int) -> np.ndarray:
    view, copy = np.array(store.column("view")), store.column("copy")
    return np.flatnonzero((view == "clean") | ((view == "train") & (copy < copies)))


def _first_views(data: FoldData, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and labels of each training image's clean square and first `copies` copies, or as many as it has."""
    views = [
        (rows[n], label)
        for n in range(copies + 1)
        for rows, label in zip(data.train_rows, data.train_labels, strict=True)
        if n < len(rows)
    ]
    rows, labels = np.array(views, np.int64).T
    return rows, labels


def _predictions(
    predict: Callable, data: FoldData, targets: tuple[str, ...], predicted: dict[str, np.ndarray] | None
) -> dict:
    valid = {view: (data.store, rows, data.valid_ids) for view, rows in data.valid_rows.items()}
    holdout = {view: (data.store, rows, data.holdout_ids) for view, rows in data.holdout_rows.items()}
    sets = valid | holdout | {"test": (data.test_store, np.arange(len(data.test_ids)), data.test_ids)}
    chosen = predicted or {name: np.arange(len(rows)) for name, (_, rows, _) in sets.items()}
    result = {}
    total = sum(map(len, chosen.values()))
    with progress(total, "predict") if processes().main else nullcontext(SILENT) as bar:
        for name, positions in chosen.items():
            store, rows, ids = sets[name]
            probabilities = predict(store, rows[positions], bar.update)
            result[name] = Predictions(
                np.array([ids[index] for index in positions], dtype=str), probabilities, tuple(targets)
            )
    return result


def _scores(predictions: dict[str, Predictions], data: FoldData) -> dict[str, float]:
    label = dict(zip(data.valid_ids, data.valid_labels, strict=True))
    scores = {}
    for view in data.valid_rows:
        known = [index for index, id in enumerate(predictions[view].ids) if id in label]
        true = np.array([label[predictions[view].ids[index]] for index in known], np.int64)
        scores[view] = (
            macro_f1(true, predictions[view].indices[known], len(predictions[view].targets)) if known else None
        )
    return scores
