"""Damaged copies: a pure function of (settings, image, ID, purpose, number), whatever the image's size, and still
legible.
"""

import dataclasses
import random

import numpy as np
import pytest

from competition.augmentation.augraphy.bank import open_bank
from competition.augmentation.effects import EFFECTS
from competition.augmentation.policy import damaged
from competition.data.letterbox import letterbox
from competition.settings.augment import PURPOSES, AugmentSettings, TransformSettings
from competition.settings.machine import MachineSettings
from competition.settings.policies import policy_names

SIZE = 64
SHAPES = {"1x1": (1, 1), "1x300": (1, 300), "300x1": (300, 1), "7x5": (7, 5), "page": (90, 64), "large": (700, 500)}
ON_THE_SPOT = {name: TransformSettings(probability=0) for name, effect in EFFECTS.items() if effect.phase == "camera"}


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    settings = AugmentSettings(size=SIZE, bank_layers=1)
    return open_bank(
        dict.fromkeys(PURPOSES, EFFECTS.names()), settings, MachineSettings(workers=1), tmp_path_factory.mktemp("bank")
    )


def replace_effect(monkeypatch, name, function):
    monkeypatch.setitem(EFFECTS._things, name, dataclasses.replace(EFFECTS[name], apply=function))


def noise(height, width, coloured=True):
    image = np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image[height // 2 :] = 255
    return image if coloured else np.repeat(image[..., :1], 3, axis=2)


def document(height, width, ink=(20, 20, 20), paper=(250, 250, 250)):
    """Return a page of bars like lines of text, with margins, and where its ink is once it is letterboxed to SIZE."""
    page = np.full((height, width, 3), paper, np.uint8)
    for top in range(height // 8, height - height // 8, height // 8):
        page[top : top + height // 16, width // 8 : width - width // 8] = ink
    square = letterbox(page, SIZE)
    grey = square.mean(axis=2)
    return (
        page,
        grey < np.mean(ink) + 20,
        (grey > np.mean(paper) - 20) & (letterbox(np.zeros_like(page), SIZE).mean(axis=2) < 128),
    )


@pytest.mark.slow
@pytest.mark.parametrize("policy", sorted({*policy_names()} - {"none"}))
def test_the_same_key_gives_the_same_bytes_in_any_order_and_state(policy, bank):
    settings = AugmentSettings(size=SIZE, policy=policy)
    keys = [(purpose, id, number) for purpose in ("train", "test_like") for id in ("a", "b") for number in range(8)]
    image = noise(90, 64)

    def draw(keys):
        return {key: damaged(image, key[1], key[0], key[2], settings, bank).tobytes() for key in keys}

    first = draw(keys)
    random.seed(1)
    np.random.seed(1)
    assert first == draw(keys[::-1])
    assert len(set(first.values())) == len(keys)  # no two alike: neither purposes, nor images, nor numbers
    assert (
        damaged(image, "a", "train", 0, settings.model_copy(update={"seed": 1}), bank).tobytes() not in first.values()
    )


def test_the_image_is_left_as_it_was(bank):
    image = noise(90, 64)
    before = image.copy()
    for number in range(30):
        damaged(image, "a", "train", number, AugmentSettings(size=SIZE, policy="heavy"), bank)
    assert (image == before).all()


def test_without_a_policy_a_copy_is_the_page_itself():
    image, _, _ = document(120, 90)
    found = damaged(image, "a", "train", 0, AugmentSettings(size=SIZE, policy="none"))
    assert np.abs(found.astype(int) - letterbox(image, SIZE)).mean() < 6  # resampled twice, bars of a few pixels


def test_a_transform_that_is_sure_to_happen_happens_and_one_that_cannot_does_not():
    image, _, _ = document(120, 90)
    for seed in range(20):
        sure = {"transforms": {"invert": TransformSettings(probability=1)}, "seed": seed}
        inverted = damaged(image, "a", "train", 0, AugmentSettings(size=SIZE, policy="none", **sure))
        assert inverted[SIZE // 2, SIZE // 2 :].mean() < 255 and inverted.mean() < 150
    never = {"transforms": {"invert": TransformSettings(probability=0)}}
    assert damaged(image, "a", "train", 0, AugmentSettings(size=SIZE, policy="none", **never)).mean() > 150


def test_amounts_and_frequencies_are_those_of_the_settings(monkeypatch):
    seen = []
    replace_effect(monkeypatch, "brightness", lambda image, draws, amount: seen.append(amount) or image)
    settings = AugmentSettings(
        size=16, policy="none", transforms={"brightness": TransformSettings(probability=0.3, range=(0.1, 0.5))}
    )
    for number in range(1000):
        damaged(noise(20, 20), "a", "train", number, settings)
    assert 250 < len(seen) < 350  # 300 expected, sd 14.5
    # sd of the mean 0.0067
    assert 0.1 <= min(seen) < 0.11 and 0.49 < max(seen) <= 0.5 and abs(np.mean(seen) - 0.3) < 0.03


def test_a_change_of_one_transform_leaves_the_draws_of_the_others_alone(monkeypatch):
    seen = []
    for name in ("contrast", "gamma"):
        record = lambda image, draws, amount, name=name: seen.append((name, amount)) or image  # noqa: E731
        replace_effect(monkeypatch, name, record)

    def drawn(**changes):
        seen.clear()
        for number in range(50):
            damaged(noise(20, 20), "a", "train", number, AugmentSettings(size=16, policy="none", transforms=changes))
        return [amount for name, amount in seen if name == "gamma"]

    gamma = TransformSettings(probability=0.5)
    assert drawn(gamma=gamma) == drawn(gamma=gamma, contrast=TransformSettings(probability=0.7)) != []


def test_without_a_bank_the_effects_are_computed_anew():
    settings = AugmentSettings(
        size=SIZE, policy="none", transforms={"subtle_noise": TransformSettings(probability=1, range=(1, 1))}
    )
    image, _, _ = document(120, 90)
    found = damaged(image, "a", "train", 0, settings, None)
    assert (found != damaged(image, "a", "train", 0, AugmentSettings(size=SIZE, policy="none"))).mean() > 0.2
    assert (found == damaged(image, "a", "train", 0, settings, None)).all()


@pytest.mark.parametrize("coloured", [True, False], ids=["colour", "grey"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_any_page_becomes_a_square_that_is_not_blank(shape, coloured, bank):
    image = noise(*shape, coloured)
    blank = 0
    for seed in range(40):
        square = damaged(image, "a", "train", 0, AugmentSettings(size=SIZE, seed=seed, policy="heavy"), bank)
        assert square.shape == (SIZE, SIZE, 3) and square.dtype == np.uint8
        blank += square.std() < 1
    assert blank == 0 if min(shape) > 4 else blank < 20  # a single pixel may well have the fill's colour


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5)], ids=str)
def test_everything_at_once_on_tiny_pages(shape, bank):
    every = {name: TransformSettings(probability=1) for name in EFFECTS.names()}
    settings = AugmentSettings(size=16, policy="heavy", transforms=every)
    for number in range(4):
        assert damaged(noise(*shape), "a", "train", number, settings, bank).shape == (16, 16, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("height", "width", "ink"), [(120, 90, (20, 20, 20)), (400, 300, (20, 20, 120)), (200, 300, (20, 20, 20))]
)
@pytest.mark.parametrize(("policy", "least"), [("light", 0.98), ("document", 0.95), ("heavy", 0.88)])
def test_a_policys_copies_are_legible(policy, least, height, width, ink, bank):
    """Ink stays darker than paper on nearly every copy; the camera is left out, so that the test knows where the ink
    is.
    """
    page, ink_mask, paper_mask = document(height, width, ink)
    transforms = ON_THE_SPOT | {"invert": TransformSettings(probability=0)}
    contrasts, spreads = [], []
    for seed in range(200):
        settings = AugmentSettings(size=SIZE, policy=policy, transforms=transforms, seed=seed)
        square = damaged(page, "a", "train", 0, settings, bank).mean(axis=2)
        contrasts.append(np.median(square[paper_mask]) - np.median(square[ink_mask]))
        spreads.append(square.std())
    assert np.mean(np.array(contrasts) > 12) >= least, np.sort(contrasts)[:20]
    assert min(spreads) > 2
