"""Near-duplicate images: re-saved, re-scaled, turned, mirrored, or cut by a percent or two on each side.

Look-alikes by hash (see perceptual_hash) are compared by their pixels, at a quarter, at half and at the whole size of
their thumbnails. What is compared is detail: every pixel less the mean around it, over the spread around it, so that a
page's dark background, or a bright one's few lines, count for no more than its text. From half size on, one thumbnail
is moved and stretched along both axes until it lies on the other (Gauss-Newton, inverse compositional: Baker and
Matthews, Lucas-Kanade 20 Years On, IJCV 2004). The similarity is the normalised correlation of the two.

On 255 real pages, changed in 15 ways and orientations (tests/benchmarks/near_duplicates.py, with one more step at each
size), 0.95 finds all that were saved again at JPEG quality 30 to 90 or at half the size and up, and 98 to 99 percent of
those cut by up to 2 percent a side. Different pages of one layout reach 0.947 in the generated sample; of 1,567 real
pages, 11 pairs of different files are above, the same page or one template filled in anew. Two photographs of one thing
are not near-duplicates. What was tried before is in docs/log.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import joblib
import numpy as np

from competition.audit.perceptual_hash import Thumbnails, hashes_of, look_alikes
from competition.data.orientations import ORIENTATIONS, oriented

CONTRAST = 16  # grey levels between a thumbnail's darkest and brightest: with less there is nothing to compare
FLOOR, AROUND = 8, 1 / 16  # grey levels of spread that are still noise; reach (sigma) of "around", share of a side
# similarity at a quarter of the size, as they lie, and at half of it; below, two pages are different
PLAUSIBLE = (0.45, 0.75)
STEPS = 3, 2  # of Gauss-Newton, at half and at the whole size
# share of a side that isn't compared; of a side by which a page may be moved or stretched
MARGIN, FARTHEST = (1 / 32, 0.06)
BLOCK = 64  # pairs at once: they fit a processor's cache
UNMOVED = np.float32([1, 0, 1, 0])


@dataclass(frozen=True, eq=False)
class NearDuplicates:
    """Pairs of rows, `one` < `other`, (P,) int64, in rising order, and their `similarity`, (P,) float64, 4 digits.

    `crowded`: the number of images with more look-alikes than are compared.
    """

    one: np.ndarray
    other: np.ndarray
    similarity: np.ndarray
    crowded: int


def contrasts(thumbnails: np.ndarray) -> np.ndarray:
    """Return (N,) int64: grey levels between the darkest and the brightest pixel of `thumbnails` uint8 (N, S, S)."""
    return np.ptp(thumbnails, axis=(1, 2)).astype(np.int64)


def find_near_duplicates(thumbnails: Thumbnails, rows: np.ndarray, at_least: float, threads: int = 1) -> NearDuplicates:
    """Return pairs of `rows` with thumbnails `at_least` so similar in their best orientation; none of blank ones."""
    hashes, shown = [np.empty((0, ORIENTATIONS), np.uint64)], [np.empty(0, bool)]
    for block in (thumbnails[rows[part]] for part in _blocks(len(rows))):
        hashes.append(hashes_of(block))
        shown.append(contrasts(block) >= CONTRAST)
    rows = rows[np.concatenate(shown)]
    alike = look_alikes(np.concatenate(hashes)[np.concatenate(shown)])
    one, other = rows[alike.one], rows[alike.other]
    found = joblib.Parallel(n_jobs=threads, prefer="threads")(  # NumPy's work needs no lock; thumbnails aren't copied
        joblib.delayed(_compared)(thumbnails, one[part], other[part], alike.orientation[part])
        for part in _blocks(len(one))
    )
    similarity = np.concatenate([np.empty(0), *found]).round(4)
    return NearDuplicates(*_best(one, other, similarity, at_least), alike.crowded)


def _blocks(count: int) -> Iterator[np.ndarray]:
    return (np.arange(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def _compared(thumbnails: Thumbnails, one: np.ndarray, other: np.ndarray, orientation: np.ndarray) -> np.ndarray:
    turned = np.stack([oriented(image, number) for image, number in zip(thumbnails[other], orientation, strict=True)])
    return similarities(thumbnails[one], turned)


def _best(
    one: np.ndarray, other: np.ndarray, similarity: np.ndarray, at_least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    order = np.lexsort([-similarity, other, one])
    order = order[similarity[order] >= at_least]
    is_first = np.diff(one[order], prepend=-1).astype(bool) | np.diff(other[order], prepend=-1).astype(bool)
    return one[order][is_first], other[order][is_first], similarity[order][is_first]


def similarities(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return (P,) float32: the similarity, -1 to 1, of `other` laid on `one`, uint8 (P, S, S), S a multiple of 32.

    Pairs that are found to be different on the way have 0.
    """
    result = np.zeros(len(one), np.float32)
    halves = [_halved(images.astype(np.float32)) for images in (one, other)]
    kept = np.flatnonzero(_correlation(*(_detail(_halved(images)) for images in halves)) >= PLAUSIBLE[0])
    halves = [_detail(_blurred(images[kept])) for images in halves]
    place = _aligned(*halves, np.tile(UNMOVED, (len(kept), 1)), STEPS[0])
    plausible = _correlation(halves[0], _moved(halves[1], place)) >= PLAUSIBLE[1]
    kept, place = kept[plausible], place[plausible]
    wholes = [_detail(_blurred(images[kept].astype(np.float32))) for images in (one, other)]
    result[kept] = _correlation(wholes[0], _moved(wholes[1], _aligned(*wholes, place, STEPS[1])))
    return result


def _aligned(one: np.ndarray, other: np.ndarray, place: np.ndarray, steps: int) -> np.ndarray:
    """Return where `other` has to be looked at to see `one`: (P, 4) scale and shift of rows, then of columns.

    Coordinates run from -1 to 1 along a side, so that `place` holds at any size of the thumbnails.
    """
    at = _coordinates(one.shape[-1])
    slopes = [np.gradient(one, at, axis=axis) for axis in (1, 2)]
    change = [slopes[0] * at[:, None], slopes[0], slopes[1] * at, slopes[1]]  # of `one`, by each of the four
    change = np.stack([_centred(values) for values in change], axis=1)
    normal = change @ change.swapaxes(1, 2)
    # a page without rows, or without columns, can't be placed along them
    damping = 1e-3 * np.einsum("pii->pi", normal) + 1e-6
    solve = np.linalg.inv(normal + damping[:, :, None] * np.eye(4, dtype=np.float32)) @ change
    target = _centred(one)
    strength = np.linalg.norm(target, axis=1, keepdims=True)
    for _ in range(steps):
        seen = _centred(_moved(other, place))
        seen *= strength / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-6)
        step = (solve @ (seen - target)[..., None])[..., 0]
        place = _stepped(place, np.clip(step, -FARTHEST / 2, FARTHEST / 2))
    return place


def _stepped(place: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return `place` after the inverse of `step`, which is how `one` would have to move."""
    scale = place[:, ::2] / (1 + step[:, ::2])
    shift = place[:, 1::2] - scale * step[:, 1::2]
    scale, shift = np.clip(scale, 1 - FARTHEST, 1 + FARTHEST), np.clip(shift, -FARTHEST, FARTHEST)
    return np.stack([scale, shift], axis=2).reshape(-1, 4).astype(np.float32)


def _moved(images: np.ndarray, place: np.ndarray) -> np.ndarray:
    size = images.shape[-1]
    return _looking(size, place[:, 0], place[:, 1]) @ images @ _looking(size, place[:, 2], place[:, 3]).swapaxes(1, 2)


def _looking(size: int, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return (P, S, S): matrices that interpolate S values at `scale` times their coordinates plus `shift`."""
    at = np.clip((scale[:, None] * _coordinates(size) + shift[:, None] + 1) * size / 2 - 0.5, 0, size - 1)
    return np.maximum(1 - np.abs(at[:, :, None] - np.arange(size, dtype=np.float32)), 0)


@cache
def _coordinates(size: int) -> np.ndarray:
    return ((2 * np.arange(size) + 1) / size - 1).astype(np.float32)


@cache
def _blur(size: int, sigma: float) -> np.ndarray:
    weights = np.exp(-(((np.arange(size)[:, None] - np.arange(size)) / sigma) ** 2) / 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _blurred(images: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    blur = _blur(images.shape[-1], sigma)
    return blur @ images @ blur.T


def _halved(images: np.ndarray) -> np.ndarray:
    rows = images[:, ::2] + images[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4


def _detail(images: np.ndarray) -> np.ndarray:
    sigma = AROUND * images.shape[-1]
    mean = _blurred(images, sigma)
    spread = np.maximum(_blurred(images**2, sigma) - mean**2, 0)
    return (images - mean) / np.sqrt(spread + FLOOR**2)


def _centred(images: np.ndarray) -> np.ndarray:
    """Return (P, pixels) without the margin and without the mean."""
    size = images.shape[-1]
    inner = slice(round(MARGIN * size), size - round(MARGIN * size))
    values = images[:, inner, inner]
    return (values - values.mean(axis=(1, 2), keepdims=True)).reshape(len(values), values.shape[1] * values.shape[2])


def _correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = _centred(one), _centred(other)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / np.maximum(lengths, 1e-6)
