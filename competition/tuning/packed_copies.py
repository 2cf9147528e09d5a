"""Augmented stores of the trials: packed once for each strength of the damage, whatever the number of copies.

A copy is a function of the policy, its image and its number, so fewer copies are the first of many. The test-like
images that trials are scored on are the same in every store, since their policy is never changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock

from competition.augmentation.augraphy.bank import Bank, open_bank
from competition.augmentation.offline import Augmenter, Straightener, copies_code, copies_of, pack
from competition.common.files import digest
from competition.compute.pool import release
from competition.data.image_store import ImageStore
from competition.data.images import decode_jpeg
from competition.data.label_sets import decode
from competition.metrics.metric import Metric
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings
from competition.training.fold_data import FoldData, load_fold

ROUNDING = 8  # grey levels, on the mean: what a page warped by a fraction of a pixel more changes
CHECKED = 100  # images that are made again to see whether the store is as the settings say


@dataclass(frozen=True)
class Stores:
    """The stores: `own` are the settings that `packed` was made by; every other store has `most` copies.

    several: whether an image may have several labels. straighten: what turned the images in `packed` upright. unscored:
    IDs of images that are trained on alone.
    """

    source: Path
    packed: Path
    test: Path
    own: AugmentSettings
    most: int
    machine: MachineSettings
    folder: Path
    several: bool = False
    straighten: Straightener | None = None
    unscored: frozenset[str] = frozenset()

    @property
    def packed_digest(self) -> str:
        """The digest of what `packed` holds."""
        return _digest_of(self.packed)

    def check(self) -> None:
        """Raise ValueError where `packed` wasn't made of `source` by `own`: some of its images are made again."""
        make = self._augmenter(self.own)
        counts = make.counts()
        images = min(len(counts), int(np.searchsorted(np.cumsum(counts), CHECKED)) + 1)
        rows, _ = make(range(images))
        packed = ImageStore(self.packed)
        if len(packed) < len(rows) or not all(self._same(packed, n, row["image"]) for n, row in enumerate(rows)):
            raise ValueError(
                f"{self.packed}: not made of {self.source} by the `augment` of params.yaml; run `dvc repro augment`"
            )

    def _same(self, packed: ImageStore, row: int, image: bytes) -> bool:
        """Whether the packed image is `image`; one that networks turned upright may differ by rounding elsewhere."""
        if packed.encoded(row).tobytes() == image:
            return True
        again = decode_jpeg(np.frombuffer(image, np.uint8)).astype(np.int16)
        return self.straighten is not None and np.abs(packed.image(row) - again).mean() < ROUNDING

    def path(self, settings: AugmentSettings) -> Path:
        """Return the store with the copies of `settings`; one worker makes what isn't there, others wait for it."""
        if settings.model_copy(update={"copies": self.own.copies}) == self.own and settings.copies <= self.own.copies:
            return self.packed
        full = settings.model_copy(update={"copies": self.most})
        made_by = full.model_dump(), full.dumped_transforms(), copies_code()
        key = digest(_digest_of(self.source), *made_by, sorted(self.unscored))
        if self.straighten is not None:
            key = digest(key, self.straighten.key())
        path = self.folder / f"{key}.arrow"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not path.is_file():
                self._pack(path, full)
        return path

    def load(
        self, settings: AugmentSettings, fold: int, folds: pd.DataFrame, targets: tuple[str, ...], metric: Metric
    ) -> FoldData:
        """Return the fold with as many copies of each training image as `settings` say.

        Raises ValueError where the store has fewer: then params.yaml was changed since it was packed.
        """
        data = load_fold(fold, folds, targets, self.path(settings), self.test, metric, self.several)
        rows = zip(data.store.column("target"), data.store.column("view"), strict=True)
        images = [target for target, name in rows if name == "clean"]
        copies = copies_of(images, settings, self.several).tolist()
        return _with_copies(data, dict(zip(images, copies, strict=True)), targets)

    def _pack(self, path: Path, settings: AugmentSettings) -> None:
        state, title = path.with_suffix(".parts"), f"augment {path.stem[:8]}"
        pack(path, self._augmenter(settings), state, self.machine, title)
        release()

    def _augmenter(self, settings: AugmentSettings) -> Augmenter:
        source, bank = str(self.source.resolve()), self._bank(settings)
        return Augmenter(
            source, settings, bank, several=self.several, straighten=self.straighten, unscored=self.unscored
        )

    def _bank(self, settings: AugmentSettings) -> Bank:
        return open_bank(settings.names(), settings, self.machine, (self.folder.parent / "bank").resolve())


def _with_copies(data: FoldData, copies: dict[str, int], targets: Sequence[str]) -> FoldData:
    wanted = [1 + copies[target] for target in decode(data.train_labels, targets)]
    if any(len(rows) < count for rows, count in zip(data.train_rows, wanted, strict=True)):
        raise ValueError(f"{data.store.path}: fewer copies of an image than augment.copies; run `dvc repro augment`")
    return replace(data, train_rows=tuple(rows[:count] for rows, count in zip(data.train_rows, wanted, strict=True)))


def _digest_of(path: Path) -> str:
    stat = path.stat()
    return _digest(path, stat.st_mtime_ns, stat.st_size)


@cache
def _digest(path: Path, modified: int, size: int) -> str:
    return digest(path)
