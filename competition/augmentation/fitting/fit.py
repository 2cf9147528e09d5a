"""Policy fitted to the unlabelled test images: searched on one half of a sample, judged on the other."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from competition.audit.domain_shift import STATISTICS, table
from competition.augmentation.augraphy.bank import Bank
from competition.augmentation.fitting.domain_gap import DomainGap, Embed, Features, GapMeasure
from competition.augmentation.fitting.families import as_mapping, policy_text, scaled
from competition.augmentation.fitting.sample import Sample, clean_images, halves, read_sample
from competition.augmentation.fitting.search import Trial, search
from competition.augmentation.fitting.shift_table import write_shift
from competition.common.files import replace_file
from competition.common.paths import DOMAIN_SHIFT, FITTED_POLICY
from competition.data.image_store import ImageStore
from competition.settings.augment import AugmentSettings


@dataclass(frozen=True, eq=False)
class Half:
    """Half of the sample: training images, what compares them with test images, and the features of the clean ones."""

    sample: Sample
    measure: GapMeasure
    clean: Features

    def table(self) -> pd.DataFrame:
        """Return a row per statistic: how the clean training images and the test images differ in it."""
        return table(self.clean.statistics, self.measure.test.statistics, list(STATISTICS))


@dataclass(frozen=True)
class Fit:
    """Fitted policy, as params.yaml has it, the factors it came from, and the domain gap before and after.

    gaps: of the clean images, of the present policy's copies and of the fitted one's, on images that the search never
    saw; table: the same by statistic.
    """

    factors: dict[str, float]
    transforms: dict[str, dict]
    gaps: dict[str, DomainGap]
    table: pd.DataFrame


def fit_policy(
    train: ImageStore,
    test: ImageStore,
    settings: AugmentSettings,
    bank: Bank,
    embed: Embed,
    *,
    images: int,
    trials: int,
    seconds: float | None,
    seed: int,
    workers: int,
    started: Callable[[Half], object] = lambda half: None,
    report: Callable[[int, Trial], object] = lambda number, trial: None,
) -> Fit:
    """Return the policy, that of `settings` with its families scaled, whose copies are nearest to the test images.

    images: training images damaged for each trial; twice as many test images. `started` gets the half that is searched
    on; `report` see `search`. Raises ValueError for fewer than 20 images of a set.
    """
    rows = list(zip(halves(train, images, seed), halves(test, 2 * images, seed), strict=True))

    def prepared(rows: tuple[np.ndarray, np.ndarray]) -> Half:
        sample, others = read_sample(train, rows[0], settings.size), read_sample(test, rows[1], settings.size)
        clean, there = clean_images(sample, settings), clean_images(others, settings)
        measure = GapMeasure(there, clean, embed, settings, bank, seed=seed, workers=workers)
        return Half(sample, measure, measure.features(clean))

    searched = prepared(rows[0])
    started(searched)
    best = search(searched.measure, searched.sample, trials, seconds, report)
    return _judged(best, prepared(rows[1]))


def _judged(best: Trial, half: Half) -> Fit:
    measure, present = half.measure, half.measure.settings
    fitted = scaled(present, best.factors)
    features = {"clean": half.clean} | {
        name: measure.features(measure.copies(half.sample, transforms, 0))
        for name, transforms in (("present", present.merged()), ("fitted", fitted))
    }
    gaps = {name: measure.gap(there) for name, there in features.items()}
    return Fit(best.factors, as_mapping(fitted), gaps, measure.table(features))


def write_fit(fit: Fit, policy: str) -> None:
    """Write folds/fitted_policy.yaml, on top of the shipped `policy`, and folds/shift.csv."""
    with replace_file(FITTED_POLICY) as temporary:
        temporary.write_text(policy_text(policy, fit.transforms, _comment(fit)), encoding="utf-8")
    write_shift(DOMAIN_SHIFT, fit.table)


def _comment(fit: Fit) -> str:
    gaps = [
        f"  {name}: " + ", ".join(f"{fact} {value:.3f}" for fact, value in gap.facts().items())
        for name, gap in fit.gaps.items()
    ]
    factors = ", ".join(f"{name} {factor:.2f}" for name, factor in fit.factors.items())
    return "\n".join(
        [
            "A policy fitted to the unlabelled test images by `python -m pipelines.fit_augmentation`.",
            "AUC of telling training images from test images (0.5: alike), on images that the search never saw:",
            *gaps,
            *textwrap.wrap(f"factors: {factors}", 120),
            "To use it, copy `transforms` into params.yaml, under augment (training copies) or augment.test_like (the",
            "images that members are scored on), or run the command with --apply train, test_like or both.",
        ]
    )
