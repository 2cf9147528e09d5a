"""Perceptual hashes: pairs of images that may be near-duplicates in some orientation. Generous; pixels decide.

An image's hash is the signs of its 63 lowest frequencies (pHash, https://www.phash.org, without the median). Mirroring
an image flips the signs of odd frequencies and transposing it transposes them, so all eight orientations cost one DCT.
One image's upright hash is looked up among all orientations of the others by multi-index hashing: cut into four pieces
of 16 bits, two hashes up to 11 bits apart have a piece in which they differ in two bits or fewer (Norouzi et al., Fast
Search in Hamming Space with Multi-Index Hashing, CVPR 2012).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from competition.common.seeds import generator
from competition.data.orientations import INVERSE, ORIENTATIONS, as_flips

# how far apart the hashes of one page, re-saved or cut by 2 percent a side, may be: 97 to 100 percent of them are
BITS = 11
MOST = 32  # look-alikes of one image, the nearest, that are kept: pages of one layout in a large set have thousands
COMPARED = 20_000  # hashes that one image's is compared with, for each piece; those in the nearest buckets first
PIECES = 4
BLOCK, COMPARED_AT_ONCE = 64, 2_000_000
# neighbouring frequencies go together: dealt out, the pieces differ more
_PLACES = generator(0, "hash bits").permutation(64)
_SIGNS = np.where(np.arange(8) % 2, -1, 1).astype(np.float32)


class Thumbnails(Protocol):
    """Grey square thumbnails by row: an array uint8 (N, S, S), or what reads them when they are asked for."""

    def __getitem__(self, rows: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class LookAlikes:
    """Pairs of rows, `one` < `other`, (P,) int64, and the `orientation` (P,) of `other` that looks like `one`.

    A pair may stand there in several orientations. `crowded`: images with more look-alikes than were kept.
    """

    one: np.ndarray
    other: np.ndarray
    orientation: np.ndarray
    crowded: int


def hashes_of(thumbnails: np.ndarray) -> np.ndarray:
    """Return (N, 8) uint64: the hash of `thumbnails`, uint8 (N, S, S), in each orientation."""
    size = thumbnails.shape[-1]
    waves = np.cos(np.pi * (2 * np.arange(size) + 1) * np.arange(8)[:, None] / (2 * size)).astype(np.float32)
    # whole: what isn't there is 0, not float noise
    low = np.round(waves @ thumbnails.astype(np.float32) @ waves.T / (size / 8))
    turned = [_turned_frequencies(low, orientation) for orientation in range(ORIENTATIONS)]
    bits = np.stack(turned, axis=1) > 0
    packed = np.packbits(bits.reshape(-1, ORIENTATIONS, 64)[..., _PLACES], axis=-1)
    return np.ascontiguousarray(packed).view(np.uint64)[..., 0]


def _turned_frequencies(low: np.ndarray, orientation: int) -> np.ndarray:
    """Return the frequencies (N, 8, 8) of images in `orientation`, whose upright ones are `low`."""
    rows, columns, transposed = as_flips(orientation)
    signed = low * (_SIGNS[:, None] if rows else 1) * (_SIGNS if columns else 1)
    return signed.swapaxes(1, 2) if transposed else signed


def look_alikes(hashes: np.ndarray, bits: int = BITS, most: int = MOST) -> LookAlikes:
    """Return each image's `most` nearest others, of which some orientation is up to `bits` bits (at most 11) away.

    hashes: (N, 8), see `hashes_of`.
    """
    assert bits // PIECES <= 2, bits
    index = [_Buckets(piece) for piece in _pieces(hashes.reshape(-1))]
    masks = np.array(sorted(range(2**16), key=int.bit_count)[: (1, 17, 137)[bits // PIECES]])
    found, crowded = [np.empty(0, np.int64)], 0
    for start in range(0, len(hashes), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(hashes)))
        query, entry, apart, cut = _close(hashes, index, masks, rows, bits)
        order = np.lexsort([entry, apart, query])
        query, entry = query[order], entry[order]
        rank = np.arange(len(query)) - np.searchsorted(query, query)
        crowded += len(set(query[rank >= most]) | cut)
        found.append(_as_numbers(query[rank < most], entry[rank < most], len(hashes)))
    pair, orientation = np.divmod(np.unique(np.concatenate(found)), ORIENTATIONS)
    return LookAlikes(*np.divmod(pair, max(1, len(hashes))), orientation, crowded)


class _Buckets:
    """Which entries (row x orientation) have a piece's value: `order[starts[value] : starts[value + 1]]`."""

    def __init__(self, piece: np.ndarray):
        self.order = np.argsort(piece, kind="stable")
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(piece, minlength=2**16))])


def _pieces(hashes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(hashes).view(np.uint16).reshape(-1, PIECES).T.astype(np.int64)


def _close(
    hashes: np.ndarray, index: list[_Buckets], masks: np.ndarray, rows: np.ndarray, bits: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, set[int]]:
    """Return the rows that have close entries, these, how many bits apart; and the rows whose buckets held too many."""
    upright, entries = np.ascontiguousarray(hashes[:, 0]), hashes.reshape(-1)
    found, cut = [np.empty(0, np.int64)], set()
    for buckets, values in zip(index, _pieces(upright[rows]), strict=True):
        keys = values[:, None] ^ masks
        starts, counts = buckets.starts[keys], buckets.starts[keys + 1] - buckets.starts[keys]
        before = np.cumsum(counts, axis=1) - counts
        cut |= set(rows[before[:, -1] + counts[:, -1] > COMPARED].tolist())
        counts = np.clip(COMPARED - before, 0, counts)
        for some in _portions(counts.sum(axis=1)):
            lengths = counts[some].ravel()
            ends = np.cumsum(lengths)
            places = np.arange(ends[-1]) + np.repeat(starts[some].ravel() - ends + lengths, lengths)
            entry, query = buckets.order[places], np.repeat(rows[some], counts[some].sum(axis=1))
            apart = np.bitwise_count(entries[entry] ^ upright[query])
            near = (apart <= bits) & (entry // ORIENTATIONS != query)
            found.append(query[near] * len(entries) + entry[near])
    query, entry = np.divmod(np.unique(np.concatenate(found)), len(entries))
    return query, entry, np.bitwise_count(entries[entry] ^ upright[query]), cut


def _portions(totals: np.ndarray) -> Iterator[slice]:
    """Yield slices of `totals` with sums up to COMPARED_AT_ONCE, or of one."""
    edges = [0]
    for end in np.flatnonzero(np.diff(np.cumsum(totals) // COMPARED_AT_ONCE, prepend=0)):
        edges += [end] if end > edges[-1] else []
    yield from (slice(*edge) for edge in zip(edges, [*edges[1:], len(totals)], strict=True))


def _as_numbers(query: np.ndarray, entry: np.ndarray, count: int) -> np.ndarray:
    """Return one number for (one, other, orientation) of each find, the same from whichever side it was found."""
    other, orientation = entry // ORIENTATIONS, entry % ORIENTATIONS
    swap = query > other
    return (np.where(swap, other * count + query, query * count + other)) * ORIENTATIONS + np.where(
        swap, INVERSE[orientation], orientation
    )
