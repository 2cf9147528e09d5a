"""Whether turning pages upright pays: a classifier on frozen features, out of fold, with and without it.

What a fine-tuned network gains can't be known before it is trained; frozen features gain where it does, in a minute.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from competition.augmentation.augraphy.bank import Bank
from competition.augmentation.offline import Augmenter, Straightener
from competition.common import paths
from competition.common.seeds import generator
from competition.compute.pool import release
from competition.data.image_store import ImageStore
from competition.data.packing import build
from competition.data.predictions import Predictions, concatenate
from competition.ensembling.one_standard_error import paired_bootstrap
from competition.members.kinds.features import FeaturesSettings
from competition.members.training import train_member
from competition.metrics.make import make_metric
from competition.settings.augment import AugmentSettings
from competition.settings.ensemble import EnsembleSettings
from competition.settings.params import Settings
from competition.settings.upright import UprightSettings
from competition.training.fold_data import FoldData, load_fold

PAGES_PER_PART = 64
SIZE, COPIES = 160, 1  # pixels, and damaged copies of each page, that the classifier gets
PAGES = 500  # training images that are enough to tell
AS_IT_IS, UPRIGHT = "as_it_is", "upright"


@dataclass(frozen=True)
class Gain:
    """The metric's value of the test-like images, out of fold, with and without; gains: whether it is better by more
    than the standard error of the difference.
    """

    scores: dict[str, float]
    standard_error: float
    gains: bool


def measured_gain(
    settings: Settings,
    pages: np.ndarray,
    folds: pd.DataFrame,
    targets: tuple[str, ...],
    straighten: Straightener,
    bank: Bank,
    orientation_weights: np.ndarray,
    state: Path,
) -> Gain:
    """Return what `straighten` gains on training images: PAGES, at the most, of `pages`, rows of their store.

    folds: the split; targets: (C,); orientation_weights: (8,), of images that aren't turned upright. state: folder of
    what a stopped run goes on from.
    """
    metric, several = make_metric(settings.task), settings.task.several
    pages = np.sort(generator(settings.upright.seed, "upright gain").permutation(pages)[:PAGES])
    augment = settings.augment.model_copy(
        update={"size": min(SIZE, settings.augment.size), "copies": COPIES, "balance": 0.0, "class_copies": {}}
    )
    train = ImageStore(paths.TRAIN_STORE)
    ids = np.array(train.column("id"))[pages]
    folds = folds[folds["ID"].isin(ids)]
    answers, y_true = {}, np.empty(0)
    for name, way in ((AS_IT_IS, None), (UPRIGHT, straighten)):
        store, test_store = _packed(settings, pages, augment, bank, way, several, state / name)
        parts, labels = [], []
        for fold in settings.split.folds:
            data = load_fold(fold, folds, targets, store, test_store, metric, several)
            parts.append(_test_like(data, targets, orientation_weights, settings.upright, state / name / "features"))
            labels.append(data.valid_labels)
        found = concatenate(parts)
        answers[name], y_true = found.probabilities, np.concatenate(labels)
        groups = folds.set_index("ID")["group"].loc[found.ids.tolist()].to_numpy(str)
    given = [metric.plain(answers[name].astype(np.float64), several) for name in (AS_IT_IS, UPRIGHT)]
    names, settings = [AS_IT_IS, UPRIGHT], EnsembleSettings()
    compared = paired_bootstrap(given, names, y_true, len(targets), metric, settings, groups)
    without, with_it = compared
    gain = metric.sign * (with_it.score - without.score)
    error = max(without.standard_error, with_it.standard_error)  # of the best to itself it is 0
    return Gain({one.name: round(one.score, 4) for one in compared}, round(error, 4), bool(gain > error))


def _packed(
    settings: Settings,
    pages: np.ndarray,
    augment: AugmentSettings,
    bank: Bank,
    straighten: Straightener | None,
    several: bool,
    state: Path,
) -> tuple[Path, Path]:
    """Return the packed training images, and one test image, which a fold's data have to have."""
    store, test_store = state / "train.arrow", state / "test.arrow"
    source, test_source = (str(path.resolve()) for path in (paths.TRAIN_STORE, paths.TEST_STORE))
    train = Augmenter(source, augment, bank, several=several, straighten=straighten)
    test = Augmenter(test_source, augment, clean_only=True)
    for target, rows, make, each in ((store, pages.tolist(), train, COPIES + 2), (test_store, [0], test, 1)):
        if not target.is_file():
            build(
                target,
                rows,
                make,
                state / target.stem,
                part_size=PAGES_PER_PART,
                machine=settings.machine,
                title=f"{state.name} {target.stem}",
                per_job=np.full(len(rows), each),
            )
    release()  # what the workers have loaded
    return store, test_store


def _test_like(
    data: FoldData, targets: tuple[str, ...], weights: np.ndarray, upright: UprightSettings, cache: Path
) -> Predictions:
    """Return a classifier's predictions of the fold's test-like images."""
    settings = FeaturesSettings(
        network=upright.network, weights=upright.weights, size=data.store.image(0).shape[0], copies=COPIES
    )
    trained = train_member(settings, data, targets, weights, cache / "no.pt", cache=cache)
    return trained.predictions["test_like"]
