"""A classifier fitted on features that no fold changes, and its predictions."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from competition.common import paths
from competition.data.image_store import ImageStore
from competition.data.orientations import ORIENTATIONS
from competition.inference.tta import view_weights
from competition.members.fitting.feature_tables import FeatureExtractor, cached_features
from competition.members.member import Fit, Fitted, PackedImages, Tensors, Tick
from competition.models.trained import ADVICE, read_trained
from competition.settings.member import MemberSettings
from competition.training.fold_data import FoldData
from competition.training.logistic import LogisticMember, fit_logistic
from competition.training.mlp import MlpMember, fit_mlp

CLASSIFIERS = {"logistic": LogisticMember, "mlp": MlpMember}


@dataclass(eq=False)
class FittedClassifier(Fitted):
    """A fitted classifier; see Fitted. features_of: as FeatureExtractor's call."""

    classifier: LogisticMember | MlpMember
    features_of: Callable[..., np.ndarray]
    facts: dict[str, object] = field(default_factory=dict)

    def predict_proba(
        self,
        images: PackedImages,
        rows: np.ndarray,
        orientation_weights: np.ndarray | None,
        tick: Tick = lambda images: None,
    ) -> np.ndarray:
        orientations, weights = _views(images, rows, orientation_weights)
        values = self.features_of(images, rows, orientations, tick)
        return self.classifier.predict_proba(values, weights)

    def tensors(self) -> Tensors:
        return self.classifier.tensors()


def fit_classifier(
    settings: MemberSettings, classifier: str, extractor: FeatureExtractor, data: FoldData, fit: Fit
) -> FittedClassifier:
    """Return the `classifier`, a name of CLASSIFIERS, fitted on the fold's training images and so many copies of each.

    Features that no fold changes are kept in `fit.cache`.
    """
    as_packed, test_rows = np.zeros(1, np.int64), np.arange(len(data.test_store))
    copied, scored_rows = _first_copies(data.store, settings.copies_used), _rows_to_score(data.store)
    training = cached_features(extractor, data.store, copied, as_packed, fit.cache)
    orientations, _ = _views(data.store, scored_rows, fit.orientation_weights)
    scored = cached_features(extractor, data.store, scored_rows, orientations, fit.cache)
    orientations, _ = _views(data.test_store, test_rows, fit.orientation_weights)
    tested = cached_features(extractor, data.test_store, test_rows, orientations, fit.cache)

    def known_features(images: PackedImages, rows: np.ndarray, orientations: np.ndarray, tick: Tick) -> np.ndarray:
        tick(len(rows))
        return (tested if images is data.test_store else scored).at(rows)

    rows, labels = _images_to_fit_on(data, settings.copies_used)
    valid_rows = data.valid_rows["test_like"]
    valid = (
        scored.at(valid_rows),
        _views(data.store, valid_rows, fit.orientation_weights)[1],
        data.valid_labels,
        data.metric,
        data.several,
    )
    if classifier == "mlp":
        found = fit_mlp(training.at(rows)[0], labels, len(fit.targets), settings.seed, *valid)
        return FittedClassifier(found, known_features)
    found = fit_logistic(training.at(rows)[0], labels, len(fit.targets), settings.c_range, *valid)
    return FittedClassifier(found, known_features, {"c": found.c})


def load_classifier(
    classifier: str,
    width: int,
    features_of: Callable,
    name: str,
    fold: int | str,
    targets: tuple[str, ...],
    several: bool,
) -> FittedClassifier:
    """Return the `classifier` of `width` features that training saved for member `name`, fold `fold`.

    several: an image may have several labels.
    Raises FileNotFoundError for a fold that wasn't trained, ValueError for weights of other features or classes.
    """
    try:
        found = CLASSIFIERS[classifier].from_tensors(read_trained(name, fold), several=several)
    except KeyError as error:
        raise ValueError(f"{paths.weights(name, fold)}: no tensor {error}; {ADVICE}") from error
    if found.n_classes != len(targets):
        raise ValueError(f"{paths.weights(name, fold)}: {found.n_classes} classes, expected {len(targets)}; {ADVICE}")
    if len(found.mean) != width:
        raise ValueError(f"{paths.weights(name, fold)}: {len(found.mean)} features, expected {width}; {ADVICE}")
    return FittedClassifier(found, features_of)


def _views(images: PackedImages, rows: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the orientations (V,) in which `images` at `rows` (N,) are looked at, and their weights: (V,), or (V, N).

    All eight where each image has weights of its own; see `tta.view_weights`.
    """
    found = view_weights(images, rows, weights)
    orientations = np.flatnonzero(found) if found.ndim == 1 else np.arange(ORIENTATIONS)
    return orientations, found.T[orientations]


def _rows_to_score(store: ImageStore) -> np.ndarray:
    return np.flatnonzero(np.array(store.column("view")) != "train")


def _first_copies(store: ImageStore, copies: int) -> np.ndarray:
    view, copy = np.array(store.column("view")), store.column("copy")
    return np.flatnonzero((view == "clean") | ((view == "train") & (copy < copies)))


def _images_to_fit_on(data: FoldData, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and labels of each training image as it is and its first `copies` copies, or as many as it has."""
    found = [(rows[n], index) for n in range(copies + 1) for index, rows in enumerate(data.train_rows) if n < len(rows)]
    rows, images = np.array(found, np.int64).T
    return rows, data.train_labels[images]
