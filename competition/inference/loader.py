"""Image loader: batches of packed images, decoded and oriented ahead, stacked as uint8.

Which copy of which image comes when is a function of (seed, epoch) alone: an epoch that is run again is the same.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from competition.common.seeds import generator
from competition.data.image_store import ImageStore
from competition.data.letterbox import resize
from competition.data.orientations import oriented_image
from competition.inference.ahead import made_ahead


def stack(store: ImageStore, rows: np.ndarray, size: int, orientations: np.ndarray | None = None) -> torch.Tensor:
    """Return the packed images `rows` (B,) at `size` pixels, in `orientations` (B,): uint8 (B, size, size, 3).

    In pinned memory where this process computes on a GPU, which copies from it while it computes.
    """
    batch = torch.empty(len(rows), size, size, 3, dtype=torch.uint8, pin_memory=torch.cuda.is_initialized())
    pixels = batch.numpy()
    for index, row in enumerate(rows):
        image = resize(store.image(int(row)), size, size)
        pixels[index] = image if orientations is None else oriented_image(image, orientations[index])
    return batch


def batches(
    store: ImageStore, rows: np.ndarray, size: int, batch_size: int, orientations: np.ndarray | None = None
) -> Iterator[tuple[torch.Tensor, np.ndarray]]:
    """Yield (pixels uint8 (B, size, size, 3), positions in `rows` (B,)), in order. See `stack`."""
    if not len(rows):
        return
    parts = [slice(start, start + batch_size) for start in range(0, len(rows), batch_size)]

    def make(part: slice) -> tuple[torch.Tensor, np.ndarray]:
        pixels = stack(store, rows[part], size, None if orientations is None else orientations[part])
        return pixels, np.arange(part.start, part.start + len(pixels))

    yield from made_ahead(make, parts)


def batch_count(images: int, batch_size: int) -> int:
    """Return the batches of one epoch: a last batch of a single image, which batch-norm can't take, is left out."""
    return max(1, -(-(images - (images % batch_size == 1)) // batch_size))


def epoch_size(copies: Sequence[np.ndarray], epoch: int, times: np.ndarray | None = None) -> int:
    """Return the length of `epoch_rows` in `epoch`, before a last batch of one is left out."""
    first, last = _slots(copies, epoch)
    return int(((last - first) * (1 if times is None else times)).sum())


def epoch_rows(
    copies: Sequence[np.ndarray], seed: int, epoch: int, batch_size: int, times: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (index of the image, row of its copy) of one epoch, shuffled.

    copies: N arrays, the rows of each image's copies. Where all have M, an epoch sees each image once, as the next of
    its copies; M is the fewest otherwise, and an image with k copies comes k/M times an epoch, rounded up or down. So
    every copy is used once in M epochs, and none twice; see `batch_count` for the last batch. With `times` (N,) an
    image comes that many times as often, as different copies as long as there are any.
    """
    first, last = _slots(copies, epoch)
    random = generator(seed, "copies", epoch // min(map(len, copies)))
    counts = (last - first) * (1 if times is None else times)
    dealt = [
        np.take(random.permutation(rows), np.arange(start, start + count), mode="wrap")
        for rows, start, count in zip(copies, first, counts, strict=True)
    ]
    images, rows = np.repeat(np.arange(len(copies)), counts), np.concatenate(dealt)
    order = generator(seed, "order", epoch).permutation(len(rows))
    if len(order) % batch_size == 1 and len(order) > 1:
        order = order[:-1]
    return images[order], rows[order]


def _slots(copies: Sequence[np.ndarray], epoch: int) -> np.ndarray:
    """Return (2, N): which of its shuffled copies each image shows in `epoch`, from and to."""
    counts = np.array([len(rows) for rows in copies])
    step = epoch % counts.min()
    return np.stack([step * counts, (step + 1) * counts]) // counts.min()
