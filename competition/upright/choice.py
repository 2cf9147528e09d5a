"""Whether turning pages upright pays: a classifier on frozen features, out of fold, with and without it.

What a fine-tuned network gains can't be known before it is trained; frozen features gain where it does, in a minute.
Out of fold are clean images and test-like ones, weighted to be answered as the test images are (see `shift_weights`):
where the test images are no photographs of pages, what a damaged copy gains counts for nothing. The log loss decides,
of calibrated answers: of a few hundred images it tells more than how many are right, which is all that a metric sees.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from competition.augmentation.augraphy.bank import Bank
from competition.augmentation.offline import Augmenter
from competition.common import paths
from competition.common.files import digest
from competition.common.imports import code_digest
from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.data.label_sets import split_labels
from competition.data.packing import build
from competition.data.predictions import Predictions
from competition.ensembling.shift_weights import shift_weights
from competition.members.kinds.features import FeaturesSettings
from competition.members.training import train_member
from competition.metrics.checks import checked_answers
from competition.metrics.make import make_metric
from competition.metrics.metric import Metric
from competition.settings.augment import AugmentSettings
from competition.settings.ensemble import EnsembleSettings
from competition.settings.params import Settings
from competition.settings.upright import UprightSettings
from competition.training.fold_data import FoldData, load_fold
from competition.upright.gain import AS_IT_IS, UPRIGHT, Gain, Scored, gained_log_losses
from competition.upright.straighten import FoldStraightener
from competition.upright.stratified_sample import stratified_sample

PAGES_PER_PART = 64
SIZE, COPIES = 160, 1  # pixels, and damaged copies of each page, that the classifier gets
PAGES = 300  # training images, and as many test images, that are enough to tell


def look_key(settings: Settings, straighten: FoldStraightener, orientation_weights: np.ndarray) -> str:
    """Return a digest of all that the look depends on beside the networks' own `resume_key`; see `measured_gain`."""
    augment = _augment(settings.augment)
    return digest(
        straighten.key(),
        paths.TEST_STORE,
        settings.rules.test_statistics,
        settings.task.labels,
        orientation_weights.tolist(),
        augment.model_dump(),
        augment.dumped_transforms(),
        code_digest(__name__),
    )


def measured_gain(
    settings: Settings,
    pages: np.ndarray,
    folds: pd.DataFrame,
    targets: tuple[str, ...],
    straighten: FoldStraightener,
    bank: Bank,
    orientation_weights: np.ndarray,
    state: Path,
) -> Gain:
    """Return what `straighten` gains on PAGES, at the most, of `pages`, rows of the training images' store.

    folds: the split, whose scored images are looked at; targets: (C,); orientation_weights: (8,), of images that
    aren't turned upright. state: folder of what a stopped run goes on from. Where `rules.test_statistics` forbids a
    look at the test images, the test-like images count alone, all alike. A fold without two classes to learn from is
    left out.
    """
    metric, several = make_metric(settings.task), settings.task.several
    draws = generator(settings.upright.seed, "upright gain")
    train = ImageStore(paths.TRAIN_STORE)
    ids = np.array(train.column("id"))
    scored = folds[folds["fold"] >= 0].set_index("ID")
    order = draws.permutation(pages[np.isin(ids[pages], scored.index)])
    own = scored.loc[ids[order].tolist()]
    labels = [split_labels(target) if several else (target,) for target in own["target"]]
    pages = np.sort(order[stratified_sample(own["fold"].to_numpy(), labels, PAGES)])
    looked_at = PAGES if settings.rules.test_statistics else 1  # a fold's data have to have one
    test = np.sort(draws.permutation(len(ImageStore(paths.TEST_STORE)))[:looked_at])
    augment = _augment(settings.augment)
    folds = folds[folds["ID"].isin(ids[pages])]
    learnt = [fold for fold in settings.split.folds if _can_be_learnt(folds, fold)]
    left_out = tuple(fold for fold in settings.split.folds if fold not in learnt)
    if not learnt:
        return Gain.unknown(left_out)
    given = {}
    for name, way in ((AS_IT_IS, None), (UPRIGHT, straighten)):
        store, test_store = _packed(settings, pages, test, augment, bank, way, several, state / name)
        parts = []
        for fold in learnt:
            data = load_fold(fold, folds, targets, store, test_store, metric, several)
            told = _told(data, targets, orientation_weights, settings.upright, state / name / "features")
            parts.append(_scored(told, data.valid_labels, several, settings.rules.test_statistics))
        given[name] = Scored.joined(parts)
    groups = folds.set_index("ID")["group"].loc[given[AS_IT_IS].ids.tolist()].to_numpy(str)
    scores = {name: _score(metric, one, several) for name, one in given.items()}
    return Gain.of(scores, *gained_log_losses(given, groups, EnsembleSettings(), several), left_out)


def _augment(settings: AugmentSettings) -> AugmentSettings:
    """Return the settings of the copies that are looked at."""
    changed = {"size": min(SIZE, settings.size), "copies": COPIES, "balance": 0.0, "class_copies": {}}
    return settings.model_copy(update=changed)


def _can_be_learnt(folds: pd.DataFrame, fold: int) -> bool:
    """Whether `folds` (ID, target, fold) has an image of the fold to score, and others of two targets."""
    own = folds["fold"] == fold
    return bool(own.any()) and folds["target"][~own].nunique() > 1


def _scored(told: Mapping[str, Predictions], labels: np.ndarray, several: bool, weighted: bool) -> Scored:
    """Return a fold's answers, clean and test-like, as they count for the test images; else the test-like ones."""
    found = told["test_like"]
    if not weighted:
        return Scored(found.ids, labels, found.probabilities, np.ones(len(labels)))
    clean = told["clean"].select(found.ids.tolist())
    probabilities = np.concatenate([found.probabilities, clean.probabilities])
    weights = shift_weights(probabilities, told["test"].probabilities, several)
    return Scored(np.tile(found.ids, 2), np.concatenate([labels, labels]), probabilities, weights)


def _score(metric: Metric, one: Scored, several: bool) -> float | None:
    """Return the metric's value, None where it isn't defined on these images."""
    classes = one.probabilities.shape[1]
    answers = metric.plain(one.probabilities.astype(float), several)
    score = metric.score(*checked_answers(one.labels, answers, classes, metric.takes), classes, one.weights)
    return None if np.isnan(score) else float(score)


def _packed(
    settings: Settings,
    pages: np.ndarray,
    test_rows: np.ndarray,
    augment: AugmentSettings,
    bank: Bank,
    straighten: FoldStraightener | None,
    several: bool,
    state: Path,
) -> tuple[Path, Path]:
    """Return the packed training and test images."""
    store, test_store = state / "train.arrow", state / "test.arrow"
    source, test_source = (str(path.resolve()) for path in (paths.TRAIN_STORE, paths.TEST_STORE))
    train = Augmenter(source, augment, bank, several=several, straighten=straighten, severe=False)
    of_all = None if straighten is None else replace(straighten, out_of_fold=False)
    test = Augmenter(test_source, augment, clean_only=True, straighten=of_all)
    for target, rows, make, each in (
        (store, pages.tolist(), train, COPIES + 2),
        (test_store, test_rows.tolist(), test, 1),
    ):
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
    return store, test_store


def _told(
    data: FoldData, targets: tuple[str, ...], weights: np.ndarray, upright: UprightSettings, cache: Path
) -> Mapping[str, Predictions]:
    """Return a classifier's predictions of the fold's images, clean and test-like, and of the test images."""
    settings = FeaturesSettings(
        network=upright.network, weights=upright.weights, size=data.store.image(0).shape[0], copies=COPIES
    )
    trained = train_member(settings, data, targets, weights, cache / "no.pt", cache=cache)
    return trained.predictions
