"""Images inside the page: data URIs, heat maps over images, and sprite sheets (many small images in few large ones)."""

import base64
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import cv2
import numpy as np

from competition.common.errors import examples
from competition.data.image_store import ImageStore
from competition.data.letterbox import resize

QUALITY, SHEET_QUALITY = 60, 40  # of WebP, out of 100
TILE, COLUMNS, LINES = 72, 25, 20  # pixels of a sheet's tile; tiles beside and below each other in a sheet
# RGB; a colour that stands out from paper, print and photographs; where the heat is 1
HEAT, OPACITY = ((230, 0, 90), 0.7)


def rows_of(store: ImageStore, ids: Sequence[str], condition: str = "clean") -> np.ndarray:
    """Rows (N,) of `store` with the images `ids` in a condition. Raises ValueError that names what isn't there."""
    found = {
        id: row
        for row, (id, view) in enumerate(zip(store.column("source_id"), store.column("view"), strict=True))
        if view == condition
    }
    if missing := [id for id in ids if id not in found]:
        raise ValueError(f"{store.path}: no {condition} image of {examples(missing)}; run `dvc repro`")
    return np.array([found[id] for id in ids], np.int64)


def data_uri(image: np.ndarray, quality: int = QUALITY) -> str:
    """WebP data URI of `image`, uint8 (H, W, 3) RGB."""
    done, data = cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert done, image.shape
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


def with_heat(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """`image`, uint8 (S, S, 3), under a colour that is the denser the nearer `heat` (S, S) is to 1, and absent at 0."""
    share = OPACITY * heat[..., None]
    return np.rint(image * (1 - share) + np.array(HEAT) * share).astype(np.uint8)


def sprite_sheets(images: Iterable[np.ndarray]) -> list[str]:
    """Sprite sheets, as data URIs, of images uint8 (S, S, 3): COLUMNS x LINES tiles each, row by row, in order."""
    return [data_uri(sheet, SHEET_QUALITY) for sheet in _sheets(images)]


def _sheets(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    rest = iter(images)
    while part := list(islice(rest, COLUMNS * LINES)):
        lines = -(-len(part) // COLUMNS)
        sheet = np.full((lines * TILE, COLUMNS * TILE, 3), 255, np.uint8)
        for place, image in enumerate(part):
            top, left = place // COLUMNS * TILE, place % COLUMNS * TILE
            sheet[top : top + TILE, left : left + TILE] = resize(image, TILE, TILE)
        yield sheet
