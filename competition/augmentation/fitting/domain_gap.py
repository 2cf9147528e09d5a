"""How far damaged training pages are from the test images: both as features, and what tells them apart."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from competition.audit.domain_shift import STATISTICS, folded_aucs, statistics, table, train_test_auc
from competition.augmentation.bank import Bank
from competition.augmentation.families import describing_test
from competition.augmentation.policy import OVERSAMPLING, damaged
from competition.data.image_store import ImageStore
from competition.data.images import letterbox, shrink
from competition.settings.augment import AugmentSettings, Transforms

Embed = Callable[[np.ndarray], np.ndarray]
# share of the variance; standardising a component of less shows rounding, not images
COMPONENTS, LEAST_EXPLAINED = (32, 1e-4)


@dataclass(frozen=True, eq=False)
class Pages:
    """Decoded pages, uint8 (H, W, 3) each, and their IDs."""

    ids: tuple[str, ...]
    images: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Measured:
    """Features of N squares: `statistics` (N, F), as competition.audit.domain_shift has them, and `embedding` (N,
    E).
    """

    statistics: np.ndarray
    embedding: np.ndarray


@dataclass(frozen=True)
class Distance:
    """How well squares are told from the test's: cross-validated AUCs, and the mean distance of single features' AUCs
    from 0.5.

    The search minimises `objective`: what both AUCs have above 0.5, on the average (below it is chance), plus
    `univariate`, which goes on falling where the AUCs are still near 1.
    """

    statistics_auc: float
    embedding_auc: float
    univariate: float

    @property
    def objective(self) -> float:
        """0 where nothing tells the squares apart, 1 where everything does."""
        return (max(self.statistics_auc - 0.5, 0) + max(self.embedding_auc - 0.5, 0)) / 2 + self.univariate

    def facts(self) -> dict[str, float]:
        """Return all four figures by name, to 4 digits."""
        return {
            name: round(getattr(self, name), 4)
            for name in ("statistics_auc", "embedding_auc", "univariate", "objective")
        }


class Yardstick:
    """Damages pages, measures squares, and says how far they are from the test's.

    `test` (M, S, S, 3) are test squares. `embed` turns squares, uint8 (N, S, S, 3), into features (N, E); of these the
    principal components of `test` and of the `clean` squares are kept, standardised. Work is dealt to `workers`
    processes.
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
        self.test = self.measured(test)

    def measured(self, squares: np.ndarray) -> Measured:
        """Return the features of `squares`, uint8 (N, S, S, 3)."""
        values = joblib.Parallel(
            n_jobs=self.workers, prefer="threads"
        )(  # OpenCV's work needs no lock; squares aren't copied
            joblib.delayed(_statistics)(part, self.settings.fill) for part in _dealt(squares, self.workers)
        )
        return Measured(np.concatenate(values), self._components.transform(self._embed(squares)))

    def copies(self, pages: Pages, transforms: Transforms, number: int) -> np.ndarray:
        """Return copy `number` of each page, damaged by exactly `transforms`, uint8 (N, S, S, 3)."""
        settings = describing_test(self.settings, transforms)
        parts = joblib.Parallel(n_jobs=self.workers)(
            joblib.delayed(_damaged)(ids, images, number, settings, self.bank)
            for ids, images in zip(
                _dealt(pages.ids, 4 * self.workers), _dealt(pages.images, 4 * self.workers), strict=True
            )
        )
        return np.concatenate(parts)

    def distance(self, squares: Measured) -> Distance:
        """Return how far `squares` are from the test's."""
        pairs = [(squares.statistics, self.test.statistics), (squares.embedding, self.test.embedding)]
        single = np.concatenate([np.abs(folded_aucs(*pair) - 0.5) for pair in pairs])
        return Distance(*(train_test_auc(*pair, self.seed) for pair in pairs), float(single.mean()))

    def compared(self, squares: dict[str, Measured]) -> pd.DataFrame:
        """Return a row per statistic: the test's median, and of each of `squares`, by name, the median and the AUC
        against the test.
        """
        tables = {
            name: table(there.statistics, self.test.statistics, list(STATISTICS)).set_index("feature")
            for name, there in squares.items()
        }
        first = next(iter(tables.values()))
        columns = {"test": first["test"]}
        for name, rows in tables.items():
            columns |= {name: rows["train"], f"{name}_auc": rows["auc"]}
        return pd.DataFrame(columns).loc[first.index].reset_index()


def read_pages(store: ImageStore, rows: Sequence[int], size: int) -> Pages:
    """Return the pages `rows` of `store`, no larger than damage for squares of `size` pixels needs them."""
    ids = store.column("id")
    return Pages(
        tuple(ids[row] for row in rows), tuple(shrink(store.image(row), round(size * OVERSAMPLING)) for row in rows)
    )


def clean_squares(pages: Pages, settings: AugmentSettings) -> np.ndarray:
    """Return the undamaged squares of `pages`, uint8 (N, size, size, 3)."""
    return np.stack([letterbox(image, settings.size, settings.fill) for image in pages.images])


def _principal(values: np.ndarray, seed: int) -> Pipeline:
    most = min(COMPONENTS, *values.shape)
    explained = PCA(most, random_state=seed).fit(StandardScaler().fit_transform(values)).explained_variance_ratio_
    components = max(1, int((explained > LEAST_EXPLAINED).sum()))
    return make_pipeline(StandardScaler(), PCA(components, random_state=seed), StandardScaler()).fit(values)


def _dealt(values: Sequence | np.ndarray, parts: int) -> Iterator:
    edges = np.linspace(0, len(values), min(parts, len(values)) + 1).round().astype(int)
    return (values[start:stop] for start, stop in zip(edges, edges[1:], strict=False))


def _statistics(squares: np.ndarray, fill: int) -> np.ndarray:
    return np.stack([statistics(square, fill) for square in squares])


def _damaged(
    ids: Sequence[str], images: Sequence[np.ndarray], number: int, settings: AugmentSettings, bank: Bank | None
) -> np.ndarray:
    return np.stack(
        [damaged(image, id, "test_like", number, settings, bank) for id, image in zip(ids, images, strict=True)]
    )
