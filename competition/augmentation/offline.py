"""Offline augmentation: every training image's clean square, test-like view and damaged copies, packed once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from competition.augmentation.bank import OVERSAMPLING, Bank
from competition.augmentation.policy import damaged
from competition.data.image_store import ImageStore
from competition.data.images import encode_jpeg, letterbox, shrink
from competition.settings.augment import AugmentSettings


def copies_of(targets: Sequence[str | None], settings: AugmentSettings) -> np.ndarray:
    """Return the number of damaged copies of each image, int64 (N,), at least 1: the same for all images of a class.

    It is `copies`, times (images of the largest class / images of its own) to the power of `balance`, times its class's
    factor in `class_copies`, rounded. Raises ValueError if `class_copies` names a class that no image has.
    """
    copies = _class_copies(Counter(targets), settings)
    return np.array([copies[target] for target in targets], np.int64)


def _class_copies(images: Counter, settings: AugmentSettings) -> dict[str | None, int]:
    unknown = sorted(set(settings.class_copies) - set(images))
    if unknown:
        raise ValueError(
            f"augment.class_copies: no training image has the target {unknown}; there are {sorted(map(str, images))}"
        )
    largest = max(images.values(), default=0)
    return {
        target: max(
            1, round(settings.copies * (largest / own) ** settings.balance * settings.class_copies.get(target, 1))
        )
        for target, own in images.items()
    }


@dataclass(frozen=True)
class Augmenter:
    """Calling it with rows of the packed set at `path` (absolute) returns all views of these images; facts: none.

    Training images get a clean square, one test-like view and `copies_of` damaged copies; with `clean_only`, the clean
    square.
    """

    path: str
    settings: AugmentSettings
    bank: Bank | None = None
    clean_only: bool = False

    def __call__(self, rows: Sequence[int]) -> tuple[list[dict], list[dict]]:
        stat = Path(self.path).stat()
        store = ImageStore(self.path)  # anew for each part: what is mapped of a large set adds up
        ids, targets, images = _columns(self.path, stat.st_mtime_ns, stat.st_size)
        copies = {} if self.clean_only else _class_copies(images, self.settings)
        return [
            view
            for row in rows
            for view in self._views(store.image(row), ids[row], targets[row], copies.get(targets[row], 0))
        ], []

    def _views(self, image: np.ndarray, id: str, target: str | None, copies: int) -> list[dict]:
        settings = self.settings
        squares = [("clean", 0, letterbox(image, settings.size, settings.fill))]
        if not self.clean_only:
            # once for all copies; each would do it for itself
            page = shrink(image, round(settings.size * OVERSAMPLING))
            wanted = [("test_like", 0), *(("train", number) for number in range(copies))]
            squares += [(view, number, damaged(page, id, view, number, settings, self.bank)) for view, number in wanted]
        return [
            {
                "id": f"{id}/{view}/{number}",
                "source_id": id,
                "target": target,
                "view": view,
                "copy": number,
                "height": settings.size,
                "width": settings.size,
                "image": encode_jpeg(square, settings.quality),
            }
            for view, number, square in squares
        ]


@lru_cache(maxsize=2)
def _columns(path: str, modified: int, size: int) -> tuple[list[str], list[str | None], Counter]:
    """Return IDs, targets and images per target of the store at `path`, once per process; the other arguments tell
    versions apart.
    """
    store = ImageStore(path)
    targets = store.column("target")
    return store.column("id"), targets, Counter(targets)
