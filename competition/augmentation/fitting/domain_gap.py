"""Domain gap between copies of training images and the test images: features of both, and what tells them apart."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from competition.audit.domain_shift import STATISTICS, folded_aucs, statistics, table, train_test_auc
from competition.augmentation.augraphy.bank import Bank
from competition.augmentation.effects import EFFECTS
from competition.augmentation.fitting.families import with_test_like
from competition.augmentation.fitting.sample import Sample
from competition.augmentation.policy import damaged
from competition.common.registry import load_plugins
from competition.settings.augment import AugmentSettings, Transforms

Embed = Callable[[np.ndarray], np.ndarray]
# share of the variance; standardising a component of less shows rounding, not images
COMPONENTS, LEAST_EXPLAINED = (32, 1e-4)


@dataclass(frozen=True, eq=False)
class Features:
    """Features of N images: `statistics` (N, F), as competition.audit.domain_shift has them, and `embedding` (N, E)."""

    statistics: np.ndarray
    embedding: np.ndarray


@dataclass(frozen=True)
class DomainGap:
    """Domain gap: cross-validated AUCs of images against the test's, and the mean distance of single AUCs from 0.5.

    The search minimises `objective`: what both AUCs have above 0.5, on the average (below it is chance), plus
    `univariate`, which goes on falling where the AUCs are still near 1.
    """

    statistics_auc: float
    embedding_auc: float
    univariate: float

    @property
    def objective(self) -> float:
        """0 where nothing tells the images apart, 1 where everything does."""
        return (max(self.statistics_auc - 0.5, 0) + max(self.embedding_auc - 0.5, 0)) / 2 + self.univariate

    def facts(self) -> dict[str, float]:
        """Return all four figures by name, to 4 digits."""
        return {
            name: round(getattr(self, name), 4)
            for name in ("statistics_auc", "embedding_auc", "univariate", "objective")
        }


class GapMeasure:
    """Makes copies, computes features of images, and says how far they are from the test's.

    `test` (M, S, S, 3) are letterboxed test images. `embed` turns images, uint8 (N, S, S, 3), into features (N, E); of
    these the principal components of `test` and of the `clean` images are kept, standardised. Work is dealt to
    `workers` processes.
    """

    def __init__(
        self,
        test: np.ndarray,
        clean: np.ndarray,
        embed: Embed,
        settings: AugmentSettings,
        bank: Bank | None,
        *,
        seed: int,
        workers: int,
    ):
        self.settings, self.bank, self.seed, self.workers = settings, bank, seed, workers
        self._embed = embed
        self._components = _principal(embed(np.concatenate([test, clean])), seed)
        self.test = self.features(test)

    def features(self, images: np.ndarray) -> Features:
        """Return the features of `images`, uint8 (N, S, S, 3)."""
        threads = joblib.Parallel(n_jobs=self.workers, prefer="threads")  # OpenCV needs no lock; nothing is copied
        values = threads(joblib.delayed(_statistics)(part, self.settings.fill) for part in _dealt(images, self.workers))
        return Features(np.concatenate(values), self._components.transform(self._embed(images)))

    def copies(self, sample: Sample, transforms: Transforms, number: int) -> np.ndarray:
        """Return copy `number` of each image, damaged by exactly `transforms`, uint8 (N, S, S, 3)."""
        settings = with_test_like(self.settings, transforms)
        parts = joblib.Parallel(n_jobs=self.workers)(
            joblib.delayed(_damaged)(ids, images, number, settings, self.bank, EFFECTS.plugins())
            for ids, images in zip(
                _dealt(sample.ids, 4 * self.workers), _dealt(sample.images, 4 * self.workers), strict=True
            )
        )
        return np.concatenate(parts)

    def gap(self, features: Features) -> DomainGap:
        """Return how far images of `features` are from the test's."""
        pairs = [(features.statistics, self.test.statistics), (features.embedding, self.test.embedding)]
        single = np.concatenate([np.abs(folded_aucs(*pair) - 0.5) for pair in pairs])
        return DomainGap(*(train_test_auc(*pair, self.seed) for pair in pairs), float(single.mean()))

    def table(self, features: dict[str, Features]) -> pd.DataFrame:
        """Return a row per statistic: the test's median, and each of `features`' median and AUC against the test."""
        tables = {
            name: table(there.statistics, self.test.statistics, list(STATISTICS)).set_index("feature")
            for name, there in features.items()
        }
        first = next(iter(tables.values()))
        columns = {"test": first["test"]}
        for name, rows in tables.items():
            columns |= {name: rows["train"], f"{name}_auc": rows["auc"]}
        return pd.DataFrame(columns).loc[first.index].reset_index()


def _principal(values: np.ndarray, seed: int) -> Pipeline:
    most = min(COMPONENTS, *values.shape)
    explained = PCA(most, random_state=seed).fit(StandardScaler().fit_transform(values)).explained_variance_ratio_
    components = max(1, int((explained > LEAST_EXPLAINED).sum()))
    return make_pipeline(StandardScaler(), PCA(components, random_state=seed), StandardScaler()).fit(values)


def _dealt(values: Sequence | np.ndarray, parts: int) -> Iterator:
    edges = np.linspace(0, len(values), min(parts, len(values)) + 1).round().astype(int)
    return (values[start:stop] for start, stop in zip(edges, edges[1:], strict=False))


def _statistics(images: np.ndarray, fill: int) -> np.ndarray:
    return np.stack([statistics(image, fill) for image in images])


def _damaged(
    ids: Sequence[str],
    images: Sequence[np.ndarray],
    number: int,
    settings: AugmentSettings,
    bank: Bank | None,
    plugins: Sequence[str],
) -> np.ndarray:
    load_plugins(plugins)
    return np.stack(
        [damaged(image, id, "test_like", number, settings, bank) for id, image in zip(ids, images, strict=True)]
    )
