"""The bank of document noise: layers that give what Augraphy gives, in every statistic and to the pixel."""

import pickle
import random

import cv2
import numpy as np
import pytest
from makers.contrast import LEGIBLE, contrast, made_page

from competition.augmentation.augraphy import ink_bleed, layers
from competition.augmentation.augraphy.adapter import run, seeded
from competition.augmentation.augraphy.bank import Bank, _layers, layered, open_bank, take
from competition.augmentation.effects import EFFECTS
from competition.common.seeds import generator
from competition.settings.augment import AugmentSettings
from competition.settings.machine import MachineSettings

pytestmark = pytest.mark.slow

SETTINGS = AugmentSettings(size=146, bank_layers=6)  # pages of up to 204 pixels, layers of 256
LAYERED = layered()
BANKED = (*LAYERED, "ink_bleed")
DRAWS = 10  # of the original code, which is slow
OTHER_DRAWS = {"stains": 20, "voronoi": 5}  # several effects, of which a few draws may miss some; the slowest


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    return open_bank(
        {"train": (*BANKED, "dithering", "fade")}, SETTINGS, MachineSettings(workers=1), tmp_path_factory.mktemp("bank")
    )


@pytest.mark.parametrize("name", LAYERED)
def test_a_page_takes_a_layer_as_it_takes_the_original_effect_of_the_same_seed(name):
    recipe = EFFECTS[name].recipe
    page, _ = made_page(200, 200)
    page[150:] = np.linspace(0, 255, 200, dtype=np.uint8)[None, :, None]  # every grey level
    for seed in (1, 2):
        planes = [plane[..., 0] if plane.shape[2] == 1 else plane for plane in layers.make_planes(recipe, seed, 200)]
        if name in ("letterpress", "dirty_screen"):  # their layers have more dots, for being cut
            continue
        original = run(recipe, page, seed).astype(float)
        assert abs(take(recipe, page, planes) - original).mean() < 2
        assert abs(page - original).mean() > 1  # so the two could have differed


@pytest.mark.parametrize("name", ["letterpress", "dirty_screen"])
def test_layers_with_more_dots_are_also_taken_as_the_original(name, monkeypatch):
    recipe = EFFECTS[name].recipe
    monkeypatch.setattr(layers, "MARGIN", 1.0)
    page, _ = made_page(200, 200)
    planes = [plane[..., 0] if plane.shape[2] == 1 else plane for plane in layers.make_planes(recipe, 3, 200)]
    original = run(recipe, page, 3).astype(float)
    assert abs(take(recipe, page, planes) - original).mean() < 1 < abs(page - original).mean()


@pytest.mark.parametrize("seed", range(5))
def test_ink_bleed_is_augraphys_to_the_bit(seed):
    page = cv2.GaussianBlur(np.random.default_rng(seed).integers(0, 256, (200, 160, 3), dtype=np.uint8), (5, 5), 0)
    page[:110] = made_page(110, 160, coloured=True)[0]
    with seeded(seed):  # the order in which InkBleed draws: whether, which pixels, how many of them, how strong
        random.uniform(0, 1)
        mask = np.random.randint(0, 255, size=page.shape[:2]).astype(np.uint8)
        severity, intensity = random.uniform(0.3, 0.4) * 255, random.uniform(0.4, 0.7)
    assert (ink_bleed.bleed(page, mask, severity, intensity) == run(EFFECTS["ink_bleed"].recipe, page, seed)).all()


def statistics(page, noisy):
    """Return of the change: its mean, its standard deviation, and its sharpness (mean absolute Laplacian), in
    levels.
    """
    change = noisy.astype(np.float32) - page
    return change.mean(), change.std(), np.abs(cv2.Laplacian(change.mean(axis=2), cv2.CV_32F)).mean()


@pytest.mark.parametrize("name", BANKED)
def test_banked_and_direct_have_the_same_statistics(name, bank):
    page, _ = made_page(204, 154)
    draws = OTHER_DRAWS.get(name, DRAWS)
    originals = np.array(
        [statistics(page, EFFECTS[name].apply(page, generator("direct", n), 1.0)) for n in range(draws)]
    )
    banked = np.array(
        [statistics(page, bank.apply(name, page, generator("bank", n), 1.0, "train")) for n in range(120)]
    )
    error = originals.std(axis=0, ddof=1) * np.sqrt(1 / draws + 1 / SETTINGS.bank_layers)
    allowed = 4 * error + 0.1 * abs(originals.mean(axis=0)) + 0.2
    assert (abs(banked.mean(axis=0) - originals.mean(axis=0)) <= allowed).all(), (
        originals.mean(axis=0),
        banked.mean(axis=0),
        error,
    )


@pytest.mark.parametrize("name", BANKED)
def test_text_is_legible_and_the_page_not_blank_in_all_of_200_seeds(name, bank):
    for seed in range(200):
        page, ink = made_page(*[(64, 48), (90, 131), (204, 154), (150, 204)][seed % 4], coloured=bool(seed % 2))
        assert contrast(bank.apply(name, page, generator(name, seed), 1.0, "train"), ink) > LEGIBLE, seed


@pytest.mark.parametrize("name", BANKED)
def test_any_page_keeps_its_shape_and_the_same_generator_gives_the_same_bytes(name, bank):
    unpickled = pickle.loads(pickle.dumps(bank))
    for shape in [(1, 1), (1, 300), (300, 1), (7, 5), (97, 131), (600, 420)]:  # the last is larger than a layer
        image = np.random.default_rng(sum(shape)).integers(0, 256, (*shape, 3), dtype=np.uint8)
        before = image.copy()
        noisy = bank.apply(name, image, generator(shape), 1.0, "train")
        assert noisy.shape == image.shape and noisy.dtype == np.uint8 and noisy.flags.c_contiguous
        random.seed(3)
        np.random.seed(3)
        assert (unpickled.apply(name, image, generator(shape), 1.0, "train") == noisy).all()
        assert (bank.apply(name, image, generator(shape), 0.0, "train") == image).all()
        assert (image == before).all()


@pytest.mark.parametrize("name", LAYERED)
def test_draws_differ(name, bank):
    page, _ = made_page(120, 90)
    assert len({bank.apply(name, page, generator(seed), 1.0, "train").tobytes() for seed in range(60)}) > 20


def test_the_amount_is_an_opacity(bank):
    page, _ = made_page(90, 70, coloured=True)
    for name in BANKED:
        full, half = (bank.apply(name, page, generator(1), amount, "train").astype(float) for amount in (1.0, 0.5))
        assert abs((full + page) / 2 - half).max() <= 1.5, name


def test_layers_are_the_same_with_any_number_of_workers_and_of_layers(tmp_path):
    names = {"train": ("dirty_rollers", "subtle_noise")}
    few, many = (SETTINGS.model_copy(update={"bank_layers": count}) for count in (3, 5))
    one, two, more = (
        open_bank(names, settings, MachineSettings(workers=workers), tmp_path / folder)
        for settings, workers, folder in [(few, 1, "one"), (few, 2, "two"), (many, 1, "one")]
    )
    for name in names["train"]:
        of_one, of_two, of_more = (bank.paths["train"][name] for bank in (one, two, more))
        assert of_one.read_bytes() == of_two.read_bytes()
        assert of_one != of_more
        assert all((small == large).all() for small, large in zip(_layers(of_one), _layers(of_more), strict=False))
        assert len({layer.tobytes() for layer in _layers(of_more)}) == 5


def test_training_and_test_like_copies_share_no_layer(tmp_path):
    names = {"train": ("dirty_rollers", "lcd_screen"), "test_like": ("lcd_screen", "dirty_drum")}
    bank = open_bank(names, SETTINGS, MachineSettings(workers=1), tmp_path)
    assert {purpose: sorted(paths) for purpose, paths in bank.paths.items()} == {
        "train": ["dirty_rollers", "lcd_screen"],  # what only one of them gets is made for that one alone
        "test_like": ["dirty_drum", "lcd_screen"],
    }
    train, test_like = (
        {layer.tobytes() for layer in _layers(bank.paths[purpose]["lcd_screen"])} for purpose in ("train", "test_like")
    )
    assert (len(train), len(test_like)) == (6, 2) and not train & test_like
    page, _ = made_page(90, 70)
    drawn = [  # every layer that copies of either purpose can get, at one place
        {bank.apply("lcd_screen", page, FirstDraw(number), 1.0, purpose).tobytes() for number in range(count)}
        for purpose, count in (("train", 6), ("test_like", 2))
    ]
    assert [len(pages) for pages in drawn] == [6, 2] and not drawn[0] & drawn[1]
    with pytest.raises(ValueError, match="'dirty_rollers' is not in this bank.*of test_like copies"):
        bank.apply("dirty_rollers", page, generator(0), 1.0, "test_like")


class FirstDraw:
    """Generator whose first integer is given; the rest is the same for all."""

    def __init__(self, first):
        self._first, self._rest = [first], generator("rest")

    def integers(self, high):
        return self._first.pop() if self._first else self._rest.integers(high)

    def __getattr__(self, name):
        return getattr(self._rest, name)


def test_what_is_there_is_not_made_again(tmp_path):
    def opened(*names, settings=SETTINGS):
        return open_bank({"train": names}, settings, MachineSettings(workers=1), tmp_path).paths["train"]

    first = opened("dirty_drum")
    changed = first["dirty_drum"].stat().st_mtime_ns
    more = opened("dirty_drum", "lcd_screen")
    assert more["dirty_drum"] == first["dirty_drum"] and changed == more["dirty_drum"].stat().st_mtime_ns
    assert sorted(tmp_path.iterdir()) == sorted(more.values())  # and nothing else is left lying about
    other = opened("lcd_screen", settings=SETTINGS.model_copy(update={"seed": 1}))
    assert other["lcd_screen"].read_bytes() != more["lcd_screen"].read_bytes()


def test_a_bank_says_what_it_was_opened_for(bank):
    assert set(bank.paths["train"]) == set(LAYERED)  # neither what depends on the page nor what is not Augraphy's
    with pytest.raises(ValueError, match="'moire' is not in this bank"):
        Bank({}).apply("moire", made_page(20, 20)[0], generator(0), 1.0, "train")
