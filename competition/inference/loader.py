"""Batches of packed squares: decoded, flipped and turned ahead by one thread, stacked as uint8.

Which copy of which image comes when, and how it is flipped and turned, is a function of (seed, epoch) alone, so an
epoch can be taken up again after a stop and is the same epoch.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np
import torch

from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.data.images import resize

QUARTERS = (None, cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE)


def stack(store: ImageStore, rows: np.ndarray, size: int, elements: np.ndarray | None = None) -> torch.Tensor:
    """Return the packed squares `rows` (B,) at `size` pixels, each `turned` by its of `elements` (B,): uint8 (B, size,
    size, 3).
    """
    pixels = np.empty((len(rows), size, size, 3), np.uint8)
    for index, row in enumerate(rows):
        image = resize(store.image(int(row)), size, size)
        pixels[index] = image if elements is None else turned(image, int(elements[index]))
    return torch.from_numpy(pixels)


def batches(
    store: ImageStore, rows: np.ndarray, size: int, batch_size: int, elements: np.ndarray | None = None
) -> Iterator[tuple[torch.Tensor, np.ndarray]]:
    """Yield (pixels uint8 (B, size, size, 3), positions in `rows` (B,)), in order, the next batch made meanwhile. See
    `stack`.
    """
    if not len(rows):
        return
    parts = [slice(start, start + batch_size) for start in range(0, len(rows), batch_size)]
    with ThreadPoolExecutor(1) as pool:

        def make(part: slice) -> Future:
            return pool.submit(stack, store, rows[part], size, None if elements is None else elements[part])

        ahead = make(parts[0])
        for part, following in zip(parts, [*parts[1:], None], strict=True):
            pixels = ahead.result()
            if following:
                ahead = make(following)
            yield pixels, np.arange(part.start, part.start + len(pixels))


def batch_count(images: int, batch_size: int) -> int:
    """Return the batches of one epoch: a last batch of a single image, which batch-norm can't take, is left out."""
    return max(1, -(-(images - (images % batch_size == 1)) // batch_size))


def epoch_size(views: Sequence[np.ndarray], epoch: int, times: np.ndarray | None = None) -> int:
    """Return how many rows `epoch_rows` deals in `epoch`, before a last batch of one is left out."""
    first, last = _slots(views, epoch)
    return int(((last - first) * (1 if times is None else times)).sum())


def epoch_rows(
    views: Sequence[np.ndarray], seed: int, epoch: int, batch_size: int, times: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (index of the image, row of its view) of one epoch, shuffled.

    `views`: N arrays, the rows of each image's views. Where all have M, an epoch sees each image once, as the next of
    its views; M is the fewest otherwise, and an image with k views comes k/M times an epoch, rounded up or down. So
    every view is used once in a lap of M epochs, and none again before; see `batch_count` for the last batch. With
    `times` (N,) an image comes that many times as often, as different views as long as there are any.
    """
    first, last = _slots(views, epoch)
    random = generator(seed, "copies", epoch // min(map(len, views)))
    counts = (last - first) * (1 if times is None else times)
    dealt = [
        np.take(random.permutation(rows), np.arange(start, start + count), mode="wrap")
        for rows, start, count in zip(views, first, counts, strict=True)
    ]
    images, rows = np.repeat(np.arange(len(views)), counts), np.concatenate(dealt)
    order = generator(seed, "order", epoch).permutation(len(rows))
    if len(order) % batch_size == 1 and len(order) > 1:
        order = order[:-1]
    return images[order], rows[order]


def _slots(views: Sequence[np.ndarray], epoch: int) -> np.ndarray:
    """Return (2, N): which of its shuffled views each image shows in `epoch`, from and to."""
    counts = np.array([len(rows) for rows in views])
    step = epoch % counts.min()
    return np.stack([step * counts, (step + 1) * counts]) // counts.min()


def turned(image: np.ndarray, element: int) -> np.ndarray:
    """Return `image`, uint8 (S, S, 3), flipped left-right if element >= 4, then turned element % 4 quarters, as
    `dihedral` does.
    """
    if element >= 4:
        image = cv2.flip(image, 1)
    return cv2.rotate(image, QUARTERS[element % 4]) if element % 4 else image


def dihedral(pixels: torch.Tensor, element: int, axes: tuple[int, int]) -> torch.Tensor:
    """Return `pixels` flipped left-right if element >= 4, then turned element % 4 quarters; `axes` are height and
    width.
    """
    if element >= 4:
        pixels = pixels.flip(axes[1])
    return torch.rot90(pixels, element % 4, axes)
