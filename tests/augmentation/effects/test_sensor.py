"""Lens, chip and file, each against its definition or another library's version of it."""

import colorsys
import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from competition.augmentation.effects import EFFECTS
from competition.common.seeds import generator

SEEDS = range(60)


def even(level, shape=(120, 100)):
    return np.full((*shape, 3), level, np.uint8)


def scene(shape=(96, 80)):
    """Return a smooth coloured image of middle levels, uint8."""
    noise = np.random.default_rng(7).normal(size=(*shape, 3))
    soft = gaussian_filter(noise, (3, 3, 0))
    return np.clip(128 + soft / soft.std() * 35, 0, 255).astype(np.uint8)


def change(name, image, seed, amount):
    return EFFECTS[name].apply(image, generator(seed), amount).astype(float) - image


def test_gauss_noise_has_the_standard_deviation_asked_for():
    for amount in (0.03, 0.1):
        noise = change("gauss_noise", even(128), 1, amount)
        assert abs(noise.std() / (amount * 255) - 1) < 0.02 and abs(noise.mean()) < 0.3
        assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.03  # each channel its own


def test_iso_noise_is_grain_in_the_light_and_blotches_in_the_colours():
    noise = change("iso_noise", even(128, (300, 300)), 1, 0.8)
    assert abs(noise.std() / (0.8 * 255 * np.hypot(0.08, 0.05)) - 1) < 0.05
    colours = noise - noise.mean(axis=2, keepdims=True)

    def neighbours(values):
        return np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1]

    assert neighbours(colours[..., 0]) > 0.5 and neighbours(noise.mean(axis=2)) < 0.3


def test_salt_and_pepper_are_that_share_of_the_pixels():
    found = EFFECTS["salt_and_pepper"].apply(even(128, (300, 300)), generator(1), 0.08)
    assert abs((found == 255).all(axis=2).mean() - 0.04) < 0.003
    assert abs((found == 0).all(axis=2).mean() - 0.04) < 0.003
    assert abs((found == 128).all(axis=2).mean() - 0.92) < 0.005


def test_multiplicative_noise_stays_within_its_factor():
    found = EFFECTS["multiplicative_noise"].apply(even(100), generator(1), 0.3)
    assert (found.min(), found.max()) == (70, 130)
    assert abs(found.std() - 30 / np.sqrt(3)) < 0.5 and abs(found.mean() - 100) < 0.3
    assert (EFFECTS["multiplicative_noise"].apply(even(0), generator(1), 0.3) == 0).all()


@pytest.mark.parametrize("sigma", [0.6, 1.6, 3.0])
def test_gaussian_blur_is_scipys(sigma):
    image = np.random.default_rng(0).integers(0, 256, (60, 50, 3), dtype=np.uint8)
    expected = gaussian_filter(image.astype(float), (sigma, sigma, 0), mode="mirror")
    assert np.abs(EFFECTS["gaussian_blur"].apply(image, generator(0), sigma) - expected).max() < 2


@pytest.mark.parametrize("length", [3, 4.5, 7, 12])
def test_motion_blur_draws_a_point_out_to_that_length(length):
    point = np.zeros((41, 41, 3), np.uint8)
    point[20, 20] = 255
    angles = []
    for seed in range(30):
        weights = EFFECTS["motion_blur"].apply(point, generator(seed), length)[..., 0].astype(float)
        assert abs(weights.sum() - 255) < 0.12 * 255  # each is rounded
        ys, xs = np.mgrid[-20:21, -20:21]
        spread = np.array([[(weights * a * b).sum() for b in (xs, ys)] for a in (xs, ys)]) / weights.sum()
        small, large = np.sqrt(np.linalg.eigvalsh(spread))
        # a line of n pixels has the standard deviation sqrt((n^2 - 1) / 12); sharing pixels adds up to a sixth in
        # square
        assert 0.8 < large / np.sqrt((length**2 - 1) / 12) < 1.35 and small < 0.6
        angles.append(np.arctan2(spread[0, 1], spread[0, 0] - spread[1, 1]))
    assert len(np.unique(np.round(angles, 2))) > 20  # in any direction


def test_motion_blur_keeps_an_even_page():
    assert np.abs(change("motion_blur", even(90), 3, 6.3)).max() <= 1


def test_downscale_is_pillows():
    image = scene()
    height, width = image.shape[:2]
    small = Image.fromarray(image).resize((width // 2, height // 2), Image.Resampling.BOX)
    expected = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR), float)
    assert np.abs(EFFECTS["downscale"].apply(image, generator(0), 0.5) - expected).max() <= 2


@pytest.mark.parametrize("quality", [10, 50, 90])
def test_jpeg_is_pillows(quality):
    file = io.BytesIO()
    Image.fromarray(scene()).save(file, "JPEG", quality=quality)
    expected = np.asarray(Image.open(file).convert("RGB"), float)
    found = EFFECTS["jpeg"].apply(scene(), generator(0), quality)
    assert np.abs(found - expected).mean() < 0.6


def test_brightness_is_one_change_of_at_most_the_amount_either_way():
    changes = [change("brightness", even(128), seed, 0.3) for seed in SEEDS]
    assert all(np.ptp(found) == 0 for found in changes)
    moves = [found[0, 0, 0] / 255 for found in changes]
    assert -0.302 <= min(moves) < -0.2 and 0.2 < max(moves) <= 0.302


def test_contrast_scales_the_distance_from_the_mean():
    image = np.concatenate([even(100), even(140)])  # their mean is 120
    factors = []
    for seed in SEEDS:
        dark, light = EFFECTS["contrast"].apply(image, generator(seed), 0.4)[[0, -1], 0, 0].astype(float)
        assert abs((dark + light) / 2 - 120) <= 1
        factors.append((light - dark) / 40)
    assert 0.57 <= min(factors) < 0.75 and 1.25 < max(factors) <= 1.43


def test_gamma_is_one_exponent_between_the_amount_and_its_inverse():
    image = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    exponents = []
    for seed in SEEDS:
        found = EFFECTS["gamma"].apply(image, generator(seed), 2.0)[..., 1].ravel() / 255
        exponent = np.log(found[128]) / np.log(128 / 255)
        assert np.abs(found - (np.arange(256) / 255) ** exponent).max() < 0.01
        exponents.append(exponent)
    assert 0.49 <= min(exponents) < 0.65 and 1.5 < max(exponents) <= 2.03
    assert 0.3 < np.mean(np.array(exponents) < 1) < 0.7


def test_colour_shift_moves_each_channel_by_its_own_change():
    moves = []
    for seed in SEEDS:
        found = change("colour_shift", even(128), seed, 40)
        assert np.ptp(found, axis=(0, 1)).max() == 0
        moves.append(found[0, 0])
    moves = np.array(moves)
    assert np.abs(moves).max() <= 40 and (moves.min(axis=0) < -25).all() and (moves.max(axis=0) > 25).all()
    assert np.abs(np.corrcoef(moves.T) - np.eye(3)).max() < 0.4


def test_colour_jitter_turns_the_hue_by_up_to_a_tenth_and_leaves_grey_alone():
    assert all((change("colour_jitter", even(90), seed, 0.8) == 0).all() for seed in SEEDS)
    brick = even(0)
    brick[:] = (200, 80, 80)
    found = [EFFECTS["colour_jitter"].apply(brick, generator(seed), 0.8)[0, 0] / 255 for seed in SEEDS]
    hue, saturation, _ = np.array([colorsys.rgb_to_hsv(*colour) for colour in found]).T
    turns = (hue + 0.5) % 1 - 0.5  # red's hue is 0
    assert -0.086 <= turns.min() < -0.05 and 0.05 < turns.max() <= 0.086
    assert saturation.min() < 0.3 and saturation.max() > 0.8  # 0.6 before


def test_to_grey_is_pillows_luma():
    image = scene()
    expected = np.asarray(Image.fromarray(image).convert("L"), int)[..., None]
    assert np.abs(EFFECTS["to_grey"].apply(image, generator(0), 1) - expected).max() <= 1


def test_invert_is_its_own_inverse():
    image = scene()
    found = EFFECTS["invert"].apply(image, generator(0), 1)
    assert (found.astype(int) + image == 255).all()
