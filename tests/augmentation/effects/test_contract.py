"""Every effect of ours, of paper, light and sensor: its contract, its legibility, and the unit of its amount."""

import random

import cv2
import numpy as np
import pytest

from competition.augmentation.effects import EFFECTS
from competition.common.seeds import generator
from competition.settings.policies import shipped_policy

OURS = {name: effect.apply for name, effect in EFFECTS.items() if effect.phase != "camera" and not effect.recipe}
SWITCHES = {name for name in OURS if EFFECTS[name].switch}
SHAPES = {
    "1x1": (1, 1),
    "1x300": (1, 300),
    "300x1": (300, 1),
    "2x3": (2, 3),
    "7x5": (7, 5),
    "page": (90, 64),
    "large": (300, 420),
}
SEEDS = range(200)


def page(height, width, coloured=True):
    image = np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image[height // 2 :] = 255
    return image if coloured else np.repeat(image[..., :1], 3, axis=2)


def ends(name, *policies):
    """Return both ends of the range that each of `policies` draws the amount from."""
    return [amount for policy in policies for amount in shipped_policy(policy)[name].get("range", (1.0, 1.0))]


@pytest.mark.parametrize("coloured", [True, False], ids=["coloured", "grey"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", OURS)
def test_any_page_keeps_its_shape_and_dtype(name, shape, coloured):
    image = page(*shape, coloured)
    before = image.copy()
    for amount in {*EFFECTS[name].limits, EFFECTS[name].neutral, *ends(name, "document", "heavy")}:
        for seed in range(2):
            found = OURS[name](image, generator(seed), amount)
            assert found.shape == shape + (3,) and found.dtype == np.uint8 and found.flags.c_contiguous
            assert not np.shares_memory(found, image)
    assert (image == before).all()


@pytest.mark.parametrize("shape", [(7, 5), (90, 64)], ids=str)
@pytest.mark.parametrize("name", OURS)
def test_an_effect_is_a_function_of_page_seed_and_amount_alone(name, shape):
    image, amount = page(*shape), ends(name, "document")[1]
    before = image.copy()
    first = [OURS[name](image, generator(seed), amount) for seed in SEEDS]
    for seed in reversed(SEEDS):
        random.seed(seed), np.random.seed(seed), cv2.setRNGSeed(seed)
        found = OURS[name](image, generator(seed), amount)
        assert (found == first[seed]).all() and found.shape == image.shape and found.dtype == np.uint8
    assert (image == before).all()
    random_effect = name not in SWITCHES | {"gaussian_blur", "downscale", "jpeg"}
    assert (len({result.tobytes() for result in first}) > 1) == random_effect


@pytest.mark.parametrize("name", sorted(OURS.keys() - SWITCHES))
def test_the_neutral_amount_changes_next_to_nothing_and_a_larger_one_changes_more(name):
    neutral, end = EFFECTS[name].neutral, ends(name, "document")
    strongest = max(end, key=lambda amount: abs(amount - neutral))
    image = cv2.GaussianBlur(page(90, 64), (0, 0), 2)

    def change(place):
        amount = neutral + place * (strongest - neutral)
        return np.mean([cv2.absdiff(OURS[name](image, generator(seed), amount), image).mean() for seed in range(60)])

    changes = [change(place) for place in (0, 0.25, 0.5, 1)]
    assert changes[0] < 1.5  # of 255 levels; a JPEG of quality 100 comes to about that
    assert changes == sorted(changes) and changes[-1] > changes[0] + 0.2


def bars(height, width, coloured):
    """Return black bars on white paper, 6 pixels each; coloured: dark blue on cream."""
    ink, paper = ((20, 20, 80), (255, 250, 235)) if coloured else ((0, 0, 0), (255, 255, 255))
    image = np.full((height, width, 3), paper, np.uint8)
    image[np.arange(height) // 6 % 2 == 1] = ink
    return image


def legible_share(image, before):
    """Return the share of the page on which the ink is at least 16 levels darker than the paper beside it, over patches
    8 pixels wide.
    """
    rows = np.arange(image.shape[0] // 12 * 12).reshape(-1, 2, 6)[:, :, 1:5]  # without the edges, which blur
    patches = image[rows][:, :, :, : image.shape[1] // 8 * 8].mean(axis=-1)
    paper, ink = patches.reshape(len(rows), 2, 4, -1, 8).mean(axis=(2, 4)).transpose(1, 0, 2)
    assert before[0].mean() > before[6].mean()
    return (paper - ink >= 16).mean()


def test_legible_share_is_none_of_a_blank_page_and_half_of_one_that_is_half_blank():
    image = bars(96, 64, False)
    assert legible_share(image, image) == 1 and legible_share(255 - image, image) == 0
    assert legible_share(np.full_like(image, 90), image) == 0
    half = image.copy()
    half[:, 32:] = 0
    assert legible_share(half, image) == 0.5


@pytest.mark.parametrize("shape", [(96, 72), (314, 240)], ids=str)
@pytest.mark.parametrize("name", OURS)
def test_ink_stays_darker_than_paper(name, shape):
    effect, seeds = OURS[name], SEEDS if shape[0] < 100 else range(20)
    for seed in seeds:
        image = bars(*shape, coloured=seed // 4 % 2 == 1)
        amounts = ends(name, "document", "heavy")
        found = effect(image, generator(seed), amounts[seed % len(amounts)])
        share = legible_share(255 - found if name == "invert" else found, image)
        assert share >= 0.65, (seed, share)
        assert found.std() > 5
