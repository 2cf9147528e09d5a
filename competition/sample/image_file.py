"""The JPEG file of one row. Imported by the worker processes: nothing heavy here."""

import os
from pathlib import Path

import cv2
import numpy as np

from competition.sample.documents import paint
from competition.sample.rows import Row
from competition.sample.variants import DEFAULT, VARIANTS


def write_image(row: Row, part: str, folder: Path, seed: int, variant_name: str = DEFAULT.name) -> None:
    """Write `row`'s image to `folder`, beside its place and then renamed; `part` is "train" or "test"."""
    variant = VARIANTS[variant_name]
    page = paint(row.target, variant.generator(seed, f"{part} page", row.index), variant.painters)
    quality = variant.generator(seed, f"{part} jpeg", row.index)
    if part == "test":
        page = variant.damage(page, variant.generator(seed, "test damage", row.index))
    if row.fault == "near duplicate":
        page = _again(page, quality)
    data = _encode(page, int(quality.integers(85, 93)))
    if row.fault == "unreadable":
        data = data[:100]  # enough for a JPEG's first markers, too little for a decoder
    beside = folder / f"{row.id}.partial"
    beside.write_bytes(data)
    os.replace(beside, folder / row.id)


def _again(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The page as scanned a second time: a little smaller and darker."""
    scale = rng.uniform(0.88, 0.96)
    smaller = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return (smaller * rng.uniform(0.92, 0.98)).astype(np.uint8)


def _encode(page: np.ndarray, quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", page[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "a uint8 RGB page can always be encoded"
    return data.tobytes()
