"""Damaged copies of training pages with the corners of the page in each: what the upright networks learn from.

They are as large as the damage is done, and packed as squares, so that a flip or a turn of one is a flip or a turn of
its corners.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.augmentation.augraphy.bank import OVERSAMPLING, Bank
from competition.augmentation.policy import damaged_photograph
from competition.data.image_store import ImageStore
from competition.data.images import encode_jpeg
from competition.data.letterbox import letterbox, shrink
from competition.settings.augment import AugmentSettings
from competition.upright.geometry import whole


@dataclass(frozen=True)
class PhotographMaker:
    """Packing job: called with rows of the packed set at `path`, returns them clean, test-like, and as `copies` others.

    Each has the column `corners`: of the page, x and y in shares of the square's side.
    """

    path: str
    settings: AugmentSettings
    copies: int
    bank: Bank | None = None

    def __call__(self, rows: Sequence[int]) -> tuple[list[dict], list[dict]]:
        store = ImageStore(self.path)
        ids = store.column("id")
        return [packed for row in rows for packed in self._packed(store.image(row), ids[row])], []

    def _packed(self, image: np.ndarray, id: str) -> list[dict]:
        settings = self.settings
        page = shrink(image, round(settings.size * OVERSAMPLING))
        wanted = [("clean", 0), ("test_like", 0), *(("train", number) for number in range(self.copies))]
        return [self._row(page, id, kind, number) for kind, number in wanted]

    def _row(self, page: np.ndarray, id: str, kind: str, number: int) -> dict:
        settings, side = self.settings, round(self.settings.size * OVERSAMPLING)
        if kind == "clean":
            picture, corners = page, whole(page)
        else:
            picture, corners = damaged_photograph(page, id, kind, number, settings, self.bank)
        return {
            "id": f"{id}/{kind}/{number}",
            "source_id": id,
            "view": kind,
            "copy": number,
            "height": side,
            "width": side,
            "image": encode_jpeg(letterbox(picture, side, settings.fill), settings.quality),
            "corners": corners_in_square(corners, picture).ravel().astype(np.float32).tolist(),
        }


def corners_in_square(corners: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Return `corners` (4, 2) of `picture`, in pixels, in shares of the side of the square it is letterboxed to."""
    sides = np.array(picture.shape[1::-1])
    return (corners + (sides.max() - sides) / 2) / sides.max()


def corners_in_picture(shares: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Return what `corners_in_square` does, undone."""
    sides = np.array(picture.shape[1::-1])
    return shares * sides.max() - (sides.max() - sides) / 2
