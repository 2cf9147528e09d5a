"""Near-duplicates: the look-up against every pair counted, the comparison on pages that are saved again, turned and
cut.
"""

import cv2
import numpy as np
import pytest
from makers.pages import PAGES, saved

from competition.audit import perceptual_hash
from competition.audit.near_duplicates import contrasts, find_near_duplicates, similarities
from competition.audit.perceptual_hash import BITS, hashes_of, look_alikes
from competition.data.images import THUMBNAIL, thumbnail
from competition.data.letterbox import resize
from competition.data.orientations import INVERSE, oriented

AT_LEAST = 0.95


def scaled(image, factor):
    return resize(image, round(image.shape[0] * factor), round(image.shape[1] * factor))


def cut(image, share):
    rows, columns = round(image.shape[0] * share), round(image.shape[1] * share)
    return image[rows : image.shape[0] - rows, columns : image.shape[1] - columns]


CHANGES = {
    "jpeg 30": lambda image: saved(image, 30),
    "half the size, jpeg 40": lambda image: saved(scaled(image, 0.5), 40),
    "darker": lambda image: saved((image * 0.9).astype(np.uint8)),
    "cut by 1 percent a side": lambda image: saved(cut(image, 0.01)),
    "cut by 2 percent a side, smaller": lambda image: saved(scaled(cut(image, 0.02), 0.8), 70),
    "moved": lambda image: saved(np.pad(image, ((3, 0), (0, 2), (0, 0)), mode="edge")[:-3, 2:]),
}


def found(images, at_least=AT_LEAST, **options):
    thumbnails = np.stack([thumbnail(np.ascontiguousarray(image)) for image in images])
    near = find_near_duplicates(thumbnails, np.arange(len(images)), at_least, **options)
    assert (near.one < near.other).all() and (near.similarity >= at_least).all()
    return set(zip(near.one.tolist(), near.other.tolist(), strict=True))


@pytest.mark.parametrize("orientation", range(8))
def test_pages_saved_again_are_found_in_every_orientation_and_no_others(orientation):
    changed = [
        oriented(change(image).transpose(2, 0, 1), orientation).transpose(1, 2, 0)
        for number, change in enumerate(CHANGES.values())
        for image in PAGES[number::6]
    ]
    original = [row for number in range(6) for row in range(number, 24, 6)]
    assert found([*PAGES, *changed]) == {(row, 24 + place) for place, row in enumerate(original)}


@pytest.mark.parametrize("name", CHANGES)
def test_each_change(name):
    assert found([*PAGES, *map(CHANGES[name], PAGES)]) == {(row, 24 + row) for row in range(24)}


def test_the_similarity_is_numpys_correlation_where_nothing_moved():
    one = np.stack([thumbnail(image) for image in PAGES])
    other = np.stack([thumbnail(saved(image, 30)) for image in PAGES])
    expected = []
    for pair in zip(one, other, strict=True):
        first, second = (cv2.GaussianBlur(np.float64(image), (0, 0), 1)[3:-3, 3:-3].ravel() for image in pair)
        expected.append(np.corrcoef(first, second)[0, 1])
    assert similarities(one, other) == pytest.approx(expected, abs=2e-3)
    assert similarities(one, one) == pytest.approx(np.ones(24), abs=1e-4)


def test_a_page_that_was_moved_and_stretched_is_laid_on_the_other():
    one = np.stack([thumbnail(image) for image in PAGES])
    matrix = np.float32([[0.97, 0, 1.8], [0, 1.03, -2.1]])
    other = np.stack([cv2.warpAffine(image, matrix, image.shape, borderMode=cv2.BORDER_REPLICATE) for image in one])
    assert similarities(one, other).min() > 0.98
    unmoved = [np.corrcoef(*(image.ravel() for image in pair))[0, 1] for pair in zip(one, other, strict=True)]
    assert max(unmoved) < 0.9


@pytest.mark.slow
def test_threads_change_nothing():
    images = [*PAGES, *map(CHANGES["jpeg 30"], PAGES)] * 3
    assert found(images, at_least=0.9, threads=3) == found(images, at_least=0.9)


def test_blank_pages_are_like_none():
    flat = [np.full((90, 60, 3), level, np.uint8) for level in (255, 255, 240)]
    noisy = [np.random.default_rng(seed).integers(250, 256, (90, 60, 3), dtype=np.uint8) for seed in range(2)]
    assert found([*flat, *noisy, PAGES[0], PAGES[0]]) == {(5, 6)}
    assert found(flat) == set()


def test_only_the_rows_asked_for():
    thumbnails = np.stack([thumbnail(PAGES[0])] * 4)
    near = find_near_duplicates(thumbnails, np.array([1, 3]), AT_LEAST)
    assert (near.one.tolist(), near.other.tolist(), near.similarity.tolist(), near.crowded) == ([1], [3], [1.0], 0)


def test_contrast():
    thumbnails = np.full((2, 4, 4), 200, np.uint8)
    thumbnails[1, 2, 2] = 10
    assert contrasts(thumbnails).tolist() == [0, 190]


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (20, 400), (96, 96), (50, 50)])
def test_thumbnails_of_any_shape(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    small = thumbnail(image)
    assert small.shape == (THUMBNAIL, THUMBNAIL) and small.dtype == np.uint8
    assert small.mean() == pytest.approx(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).mean(), abs=3)


# hashes


def hashes_with_relatives(n, generator, flips=13):
    """Return (n, 8) random hashes; a third of the images have an orientation with another's upright hash, up to `flips`
    bits changed.
    """
    hashes = generator.integers(0, 2**64, size=(n, 8), dtype=np.uint64)
    for row in range(0, n - 1, 3):
        changed = generator.choice(64, generator.integers(flips + 1), replace=False).astype(np.uint64)
        hashes[row + 1, generator.integers(8)] = hashes[row, 0] ^ np.bitwise_or.reduce(
            np.uint64(1) << changed, initial=np.uint64(0)
        )
    return hashes


@pytest.mark.parametrize("bits", [0, 3, 4, 8, 11])
@pytest.mark.parametrize("at_once", [1, 1000, 2_000_000])
def test_look_alikes_are_all_that_counting_every_pair_finds(bits, at_once, monkeypatch):
    monkeypatch.setattr(perceptual_hash, "COMPARED_AT_ONCE", at_once)
    hashes = hashes_with_relatives(100, np.random.default_rng(bits))
    expected = set()
    for query in range(100):
        for other in range(100):
            for orientation in range(8):
                if other != query and int(hashes[query, 0] ^ hashes[other, orientation]).bit_count() <= bits:
                    expected.add(
                        (query, other, orientation) if query < other else (other, query, int(INVERSE[orientation]))
                    )
    alike = look_alikes(hashes, bits)
    found = set(zip(alike.one.tolist(), alike.other.tolist(), alike.orientation.tolist(), strict=True))
    assert found == expected and expected
    assert len(alike.one) == len(expected) and alike.crowded == 0


@pytest.mark.parametrize("bits", range(12))
def test_the_limit_is_exact_wherever_the_bits_lie(bits):
    generator = np.random.default_rng(bits)
    for _ in range(30):
        hashes = generator.integers(0, 2**64, size=(3, 8), dtype=np.uint64)
        flipped = np.uint64(1) << generator.choice(64, bits + 1, replace=False).astype(np.uint64)
        hashes[1, 5], hashes[2, 5] = (
            hashes[0, 0] ^ np.bitwise_or.reduce(flips, initial=np.uint64(0)) for flips in (flipped[1:], flipped)
        )
        alike = look_alikes(hashes, bits)
        assert (0, 1, 5) in zip(alike.one, alike.other, alike.orientation, strict=True)
        assert (0, 2, 5) not in zip(alike.one, alike.other, alike.orientation, strict=True)


def test_of_too_many_look_alikes_the_nearest_are_kept():
    hashes = np.zeros((30, 8), np.uint64)
    hashes[:, 0] = (np.uint64(1) << np.arange(30, dtype=np.uint64)) - np.uint64(1)  # row r has r bits
    hashes[:, 1:] = np.uint64(2**64 - 1)
    alike = look_alikes(hashes, most=4)
    assert alike.crowded == 30
    kept = set(zip(alike.one.tolist(), alike.other.tolist(), strict=True))
    assert all({(row, row + 1), (row, row + 2)} <= kept for row in range(28)) and (0, 9) not in kept


def test_a_flood_of_look_alikes_is_bounded_and_counted(monkeypatch):
    monkeypatch.setattr(perceptual_hash, "COMPARED", 50)
    alike = look_alikes(np.zeros((400, 8), np.uint64))
    assert alike.crowded == 400 and 0 < len(alike.one) <= 400 * perceptual_hash.MOST


def test_the_eight_orientations_are_all_different():
    image = np.arange(64).reshape(8, 8)
    orientations = {oriented(image, orientation).tobytes() for orientation in range(8)}
    turned = {np.rot90(flipped, turns).tobytes() for flipped in (image, image.T) for turns in range(4)}
    assert orientations == turned and len(orientations) == 8


def test_hashes_of_orientations_are_the_hashes_of_turned_thumbnails():
    thumbnails = np.stack([thumbnail(image) for image in PAGES])
    hashes = hashes_of(thumbnails)
    for orientation in range(8):
        turned = hashes_of(np.ascontiguousarray(oriented(thumbnails, orientation)))[:, 0]
        assert np.bitwise_count(hashes[:, orientation] ^ turned).max() <= 1  # a frequency that is nearly 0


def test_hashes_are_signs_of_scipys_frequencies():
    from scipy.fft import dctn

    thumbnails = np.stack([thumbnail(image) for image in PAGES]).astype(np.float64)
    low = dctn(thumbnails, type=2, axes=(1, 2))[:, :8, :8].reshape(-1, 64)
    clear = np.abs(low) > 4000  # far from the rounding to 0
    same = ~(
        np.unpackbits(hashes_of(thumbnails.astype(np.uint8))[:, :1].view(np.uint8), axis=1).astype(bool)
        ^ (low > 0)[:, perceptual_hash._PLACES]
    )
    assert same[clear[:, perceptual_hash._PLACES]].all() and clear.mean() > 0.4


def test_hashes_of_pages_saved_again_are_close():
    for change in CHANGES.values():
        one, other = (
            hashes_of(np.stack([thumbnail(image) for image in images])) for images in (PAGES, list(map(change, PAGES)))
        )
        assert np.bitwise_count(one[:, 0] ^ other[:, 0]).max() <= BITS
