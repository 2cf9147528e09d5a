"""Offline augmentation: every training image's clean square, test-like views and damaged copies, packed once."""

from dataclasses import dataclass
from pathlib import Path

from competition.augmentation.policy import damaged
from competition.images import encode_jpeg, letterbox
from competition.settings import AugmentSettings
from competition.shards import ImageStore


@dataclass(frozen=True)
class Augmenter:
    """Calling it with rows of the packed set at `path` returns all views of these images; facts: none.

    Training images get a clean square, one test-like view and the training copies; with `clean_only`, the clean square.
    """

    path: str
    settings: AugmentSettings
    clean_only: bool = False

    def __call__(self, rows: list[int]) -> tuple[list[dict], list[dict]]:
        store = ImageStore(Path(self.path))
        ids, targets = store.column("id"), store.column("target")
        return [view for row in rows for view in self._views(store, row, ids[row], targets[row])], []

    def _views(self, store: ImageStore, row: int, id: str, target: str | None) -> list[dict]:
        image, settings = store.image(row), self.settings
        squares = [("clean", 0, letterbox(image, settings.size, settings.fill))]
        if not self.clean_only:
            squares += [("test_like", 0, damaged(image, id, "test_like", 0, settings))]
            squares += [("train", n, damaged(image, id, "train", n, settings)) for n in range(settings.copies)]
        return [{"id": f"{id}/{view}/{number}", "source_id": id, "target": target, "view": view, "copy": number,
                 "height": settings.size, "width": settings.size, "image": encode_jpeg(square, settings.quality)}
                for view, number, square in squares]
