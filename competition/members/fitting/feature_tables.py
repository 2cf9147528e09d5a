"""Features of images by rows: computed once, and kept in a cache where all folds find them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from competition.common.files import digest, replace_file
from competition.common.imports import code_digest
from competition.common.progress import progress
from competition.data.image_store import ImageStore
from competition.inference.features import Extract, features
from competition.members.member import PackedImages, Tick
from competition.members.resume_key import versions_of


@dataclass(frozen=True, eq=False)
class FeatureExtractor:
    """Feature extractor of images.

    extract: from uint8 (B, S, S, 3) to float32 (B, F). size: S; None: as the images are. key: the settings, and
    packages: the distributions that the features depend on.
    """

    extract: Extract
    size: int | None
    key: dict[str, object]
    packages: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """F, the number of features."""
        size = self.size or 32
        return self.extract(torch.zeros(1, size, size, 3, dtype=torch.uint8)).shape[1]

    def __call__(
        self, images: PackedImages, rows: np.ndarray, orientations: np.ndarray, tick: Tick = lambda images: None
    ) -> np.ndarray:
        """Return float16 (V, N, F): the features of `images` at `rows` (N,) under each of `orientations` (V,)."""
        size = self.size or (images.image(0).shape[0] if len(images) else 32)
        return features(self.extract, images, rows, size, orientations, tick)

    def remembering(self) -> Callable:
        """Return the same function, which remembers its last result: folds see the same images one after the other."""
        last: list = [None, None, None, None]

        def extract(images: PackedImages, rows: np.ndarray, orientations: np.ndarray, tick: Tick = lambda n: None):
            if last[0] is not images or not (np.array_equal(last[1], rows) and np.array_equal(last[2], orientations)):
                last[:] = images, rows, orientations, self(images, rows, orientations, tick)
            return last[3]

        return extract


@dataclass(frozen=True)
class FeatureTable:
    """Features (V, R, F) of a store's `rows` (R,), ascending."""

    rows: np.ndarray
    values: np.ndarray

    def at(self, rows: np.ndarray) -> np.ndarray:
        """Return (V, N, F) for store rows `rows` (N,), all of them among `self.rows`."""
        positions = np.searchsorted(self.rows, rows)
        assert (self.rows[positions] == rows).all()
        return self.values[:, positions]


def cached_features(
    extractor: FeatureExtractor, store: ImageStore, rows: np.ndarray, orientations: np.ndarray, cache: Path
) -> FeatureTable:
    """Return features of the store's `rows` (R,), ascending, under `orientations` (V,): from `cache`, or put there."""
    code = code_digest("competition.inference.features")
    key = extractor.key, rows.tolist(), orientations.tolist(), code, versions_of(extractor.packages)
    file = cache / f"features-{digest(store.path, *key)}.npy"
    if not file.exists():
        with progress(len(rows), f"features of {store.path.stem}") as bar:
            values = extractor(store, rows, orientations, bar.update)
        with replace_file(file) as temporary, temporary.open("wb") as handle:
            np.save(handle, values, allow_pickle=False)
    return FeatureTable(rows, np.load(file, mmap_mode="r"))
