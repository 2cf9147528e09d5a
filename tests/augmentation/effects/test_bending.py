"""A page bent by a lens or lying unevenly, against Albumentations' versions and hand counts."""

import numpy as np
import pytest
from makers.packed import marked_page as page
from scipy.ndimage import gaussian_filter

from competition.augmentation.effects.bending import bent
from competition.augmentation.effects.camera import photograph
from competition.common.seeds import generator
from competition.settings.policies import shipped_policy


def photographed(*arguments) -> np.ndarray:
    return photograph(*arguments).image


def places(height=90, width=60):
    """Return a page whose red is the column and whose green is the row, in pixels."""
    ys, xs = np.mgrid[0:height, 0:width]
    return np.stack([xs, ys, np.zeros_like(xs)], axis=2).astype(np.uint8)


@pytest.mark.parametrize("amount", [0.05, 0.3, 0.6])
def test_optical_distortion_is_albumentations_with_either_sign(amount, monkeypatch):
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", "1")
    import albumentations

    soft = gaussian_filter(page(180, 128), (4, 4, 0))
    barrel, cushion = (
        albumentations.OpticalDistortion(distort_limit=(k, k), fill=(200, 200, 200), p=1)(image=soft)["image"].astype(
            int
        )
        for k in (amount, -amount)
    )
    found = [bent(soft, generator(seed), {"optical_distortion": amount}, 200) for seed in range(10)]
    near = [(np.abs(result - barrel).mean(), np.abs(result - cushion).mean()) for result in found]
    assert all(min(pair) < 4 and min(pair) < max(pair) / 2 for pair in near)  # its maps are half a pixel off
    assert {pair[0] < pair[1] for pair in near} == {True, False}


@pytest.mark.parametrize("amount", [0.05, 0.3, 0.6])
def test_grid_distortion_makes_cells_larger_or_smaller_by_the_amount(amount):
    ratios = []
    for seed in range(20):
        found = bent(places(200, 200), generator(seed), {"grid_distortion": amount}, 255)[..., 0].astype(float)
        assert (found == found[:1]).all() and (np.diff(found[0]) >= 0).all()  # straight lines, never folded
        assert found[0, 0] <= 1 and found[0, -1] >= 198  # the whole page
        parts = found[0, 39::40] - found[0, 0::40]  # of the page, seen by each of the five columns of cells
        ratios.append(parts.max() / parts.min())
    expected = (1 + amount) / (1 - amount)
    assert all(abs(ratio - 1) < 0.06 or abs(ratio / expected - 1) < 0.12 for ratio in ratios)  # 1: all with one sign
    assert abs(np.median(ratios) / expected - 1) < 0.1


@pytest.mark.parametrize("amount", [0.05, 0.6])
def test_a_lens_bends_left_and_right_alike(amount):
    soft = gaussian_filter(page(180, 128), (4, 4, 0))
    for seed in range(4):
        mirrored = bent(np.ascontiguousarray(soft[:, ::-1]), generator(seed), {"optical_distortion": amount}, 128)[
            :, ::-1
        ]
        assert (
            np.abs(bent(soft, generator(seed), {"optical_distortion": amount}, 128).astype(int) - mirrored).max() <= 2
        )


def test_without_a_distortion_nothing_is_bent():
    for drawn in ({}, {"rotate": 3.0}, {"grid_distortion": 0.0}, {"optical_distortion": 0.0}):
        assert (bent(page(), generator(0), drawn, 7) == page()).all()


def test_a_bent_page_stays_legible():
    image = np.full((120, 120, 3), 255, np.uint8)
    image[20:100, 20:100] = 0
    for seed in range(50):
        for name in ("optical_distortion", "grid_distortion"):
            found = photographed(image, generator(seed), {name: shipped_policy("heavy")[name]["range"][1]}, 255, 120)
            assert found[55:65, 55:65].max() < 30 and found[0].mean() > 200
            assert 0.25 < (found < 128).mean() < 0.75  # 0.44 before
