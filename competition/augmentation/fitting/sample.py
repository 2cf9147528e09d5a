"""Sample of images that a policy is fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from competition.augmentation.augraphy.bank import OVERSAMPLING
from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.data.letterbox import letterbox, shrink
from competition.settings.augment import AugmentSettings

LEAST = 20  # images of a set


@dataclass(frozen=True, eq=False)
class Sample:
    """Decoded images, uint8 (H, W, 3) each, and their IDs."""

    ids: tuple[str, ...]
    images: tuple[np.ndarray, ...]


def halves(store: ImageStore, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two disjoint sets of rows of `store`, `most` each at the most: to search on, and to judge what is found.

    Raises ValueError for fewer than 20 images.
    """
    if len(store) < LEAST:
        raise ValueError(f"{store.path}: {len(store)} images; it takes {LEAST} to say how train and test differ")
    rows, count = generator(seed, "fit", store.path.name).permutation(len(store)), min(most, len(store) // 2)
    return np.sort(rows[:count]), np.sort(rows[count : 2 * count])


def read_sample(store: ImageStore, rows: Sequence[int], size: int) -> Sample:
    """Return the images `rows` of `store`, no larger than damage for copies of `size` pixels needs them."""
    ids = store.column("id")
    return Sample(
        tuple(ids[row] for row in rows), tuple(shrink(store.image(row), round(size * OVERSAMPLING)) for row in rows)
    )


def clean_images(sample: Sample, settings: AugmentSettings) -> np.ndarray:
    """Return the undamaged, letterboxed images of `sample`, uint8 (N, size, size, 3)."""
    return np.stack([letterbox(image, settings.size, settings.fill) for image in sample.images])
