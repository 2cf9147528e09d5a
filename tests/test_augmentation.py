"""Damaged copies: a pure function of (settings, image, ID, purpose, number), whatever the image's size."""

import random

import numpy as np
import pytest

from competition.augmentation import effects, ink, photometric
from competition.augmentation.geometric import photograph
from competition.augmentation.offline import Augmenter
from competition.augmentation.policy import damaged
from competition.images import decode_jpeg, encode_jpeg, letterbox
from competition.seeds import generator
from competition.settings import AugmentSettings
from competition.shards import ImageStore, write_rows

SETTINGS = AugmentSettings(size=48, copies=3)
SURE = AugmentSettings(size=48, ink_probability=1, photometric_probability=1)
EFFECTS = [effects.shadow, effects.crease, effects.stain, effects.highlight, effects.fade, effects.cover, effects.speckle]
SHAPES = {"1x1": (1, 1), "1x300": (1, 300), "300x1": (300, 1), "7x5": (7, 5), "page": (90, 64), "large": (700, 500)}


def page(height, width, coloured=True):
    image = np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image[height // 2 :] = 255
    return image if coloured else np.repeat(image[..., :1], 3, axis=2)


def test_the_same_key_gives_the_same_bytes_in_any_order_and_state():
    keys = [(purpose, id, number) for purpose in ("train", "test_like") for id in ("a", "b") for number in range(4)]
    image = page(90, 64)

    def draw(keys):
        return {key: damaged(image, key[1], key[0], key[2], SURE).tobytes() for key in keys}

    first = draw(keys)
    random.seed(1)
    np.random.seed(1)
    again = draw(keys[::-1])
    assert first == again
    assert len(set(first.values())) == len(keys)  # no two alike: neither purposes, nor images, nor numbers
    assert damaged(image, "a", "train", 0, SURE.model_copy(update={"seed": 1})).tobytes() not in first.values()


def test_the_image_is_left_as_it_was():
    image = page(90, 64)
    before = image.copy()
    for number in range(10):
        damaged(image, "a", "train", number, SURE)
    for effect in EFFECTS:
        effect(image, generator(0), 1.0)
    assert (image == before).all()


@pytest.mark.parametrize("coloured", [True, False])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_any_page_becomes_a_square_that_is_not_blank(shape, coloured):
    image = page(*shape, coloured)
    blank = 0
    for seed in range(40):
        square = damaged(image, "a", "train", 0, AugmentSettings(size=48, seed=seed))
        assert square.shape == (48, 48, 3) and square.dtype == np.uint8
        blank += square.std() < 1
    assert blank == 0 if min(shape) > 4 else blank < 20  # a single pixel may well have the fill's colour


@pytest.mark.parametrize("strength", [0.1, 1.0, 2.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5)], ids=str)
def test_every_kind_of_damage_at_once_on_tiny_pages(shape, strength):
    settings = SURE.model_copy(update={"strength": strength})
    for number in range(8):
        assert damaged(page(*shape), "a", "train", number, settings).shape == (48, 48, 3)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.__name__)
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 5), (90, 64)], ids=str)
def test_an_effect_keeps_shape_and_dtype_and_does_something(effect, shape):
    image = page(*shape)
    changed = 0
    for seed in range(10):
        found = effect(image, generator(seed), 1.0)
        assert found.shape == image.shape and found.dtype == np.uint8
        assert (found == effect(image, generator(seed), 1.0)).all()
        changed += (found != image).any()
    assert changed >= 8 if shape == (90, 64) else True


@pytest.mark.parametrize("name", ["noise", "blur", "colour"])
@pytest.mark.parametrize("shape", [(8, 8), (8, 300), (90, 64)], ids=str)  # photographs have at least 8 pixels a side
def test_light_and_lens_keep_shape_and_dtype_and_are_seeded(name, shape):
    image = page(*shape)
    for seed in range(15):
        found = photometric.apply(name, image, generator(seed), 1.0)
        assert found.shape == image.shape and found.dtype == np.uint8
        np.random.seed(seed)
        assert (found == photometric.apply(name, image, generator(seed), 1.0)).all()


@pytest.mark.parametrize("name", ink.NAMES)
def test_ink_leaves_the_global_random_state_alone(name):
    random.seed(5)
    np.random.seed(5)
    expected = random.random(), np.random.random()
    random.seed(5)
    np.random.seed(5)
    image = page(90, 64)
    first = ink.apply(name, image, generator(3))
    assert (random.random(), np.random.random()) == expected
    random.seed(99)
    np.random.seed(99)
    assert (ink.apply(name, image, generator(3)) == first).all() and first.shape == image.shape and (first != image).any()


def test_ink_puts_the_random_state_back_after_an_error(monkeypatch):
    def broken(image):
        random.random(), np.random.random()
        raise RuntimeError("broken")

    monkeypatch.setitem(ink._effects(), "ink_bleed", broken)
    random.seed(5)
    np.random.seed(5)
    with pytest.raises(RuntimeError, match="broken"):
        ink.apply("ink_bleed", page(9, 9), generator(3))
    left = random.random(), np.random.random()
    random.seed(5)
    np.random.seed(5)
    assert left == (random.random(), np.random.random())


def test_without_damage_a_photograph_is_the_page_itself():
    still = AugmentSettings(size=64, rotation_range=(0, 0), rotation_probability=1, mirror_probability=0,
                            background_probability=0, perspective_probability=0, photometric_probability=0,
                            ink_probability=0, strength=0.01)  # fmt: skip
    image = np.full((120, 120, 3), 255, np.uint8)
    image[20:60, 20:60] = 0  # top left
    ink_share = []
    for number in range(20):
        found = damaged(image, "a", "train", number, still)
        assert found[:32, :32].mean() < found[32:, 32:].mean() - 50
        ink_share.append((found < 128).all(axis=2).mean())
    assert 0.06 < min(ink_share) and max(ink_share) < 0.16  # 1/9 of the page


def test_a_mirrored_page_is_mirrored():
    settings = AugmentSettings(rotation_range=(0, 0), rotation_probability=1, mirror_probability=1, background_probability=0,
                               perspective_probability=0, strength=0.01)  # fmt: skip
    image = np.full((100, 100, 3), 255, np.uint8)
    image[10:50, 10:50] = 0
    for seed in range(10):
        found = photograph(image, generator(seed), settings, 100)
        half = found.shape[0] // 2, found.shape[1] // 2
        assert found[: half[0], half[1] :].mean() < found[: half[0], : half[1]].mean() - 50


@pytest.mark.parametrize("background", [0, 1])
def test_a_photograph_has_about_the_size_asked_for(background):
    settings = AugmentSettings(background_probability=background, fill=7)
    for seed in range(30):
        found = photograph(page(90, 64), generator(seed), settings, 70)
        assert found.dtype == np.uint8 and 8 <= min(found.shape[:2]) and 69 <= max(found.shape[:2]) <= 71


@pytest.fixture
def packed(tmp_path):
    rows = [{"id": id, "source_id": id, "target": target, "image": encode_jpeg(page(60, 40 + n), 95)}
            for n, (id, target) in enumerate([("007", "x"), ("b.jpg", "y"), ("c", None)])]  # fmt: skip
    write_rows(tmp_path / "train.arrow", rows)
    return tmp_path / "train.arrow"


def test_augmenter_gives_each_image_its_views(packed):
    rows, facts = Augmenter(str(packed), SETTINGS)([2, 0])
    views = [("clean", 0), ("test_like", 0), ("train", 0), ("train", 1), ("train", 2)]
    assert facts == []
    expected = [(id, *view) for id in ("c", "007") for view in views]
    assert [(row["source_id"], row["view"], row["copy"]) for row in rows] == expected
    assert [row["target"] for row in rows] == [None] * 5 + ["x"] * 5
    assert len({row["id"] for row in rows}) == 10 and rows[0]["id"] == "c/clean/0"
    squares = [decode_jpeg(np.frombuffer(row["image"], np.uint8)) for row in rows]
    assert all(square.shape == (48, 48, 3) == (row["height"], row["width"], 3) for square, row in zip(squares, rows, strict=True))
    assert len({square.tobytes() for square in squares}) == 10
    original = ImageStore(packed).image(0)
    assert np.abs(squares[5].astype(int) - letterbox(original, 48)).mean() < 6  # clean is the page itself
    write_rows(packed.with_name("views.arrow"), rows)
    assert len(ImageStore(packed.with_name("views.arrow"))) == 10


def test_augmenter_of_test_images_gives_the_clean_square_alone(packed):
    rows, _ = Augmenter(str(packed), SETTINGS, clean_only=True)([0, 1, 2])
    assert [(row["source_id"], row["view"]) for row in rows] == [("007", "clean"), ("b.jpg", "clean"), ("c", "clean")]


def test_augmenters_rows_do_not_depend_on_their_part(packed):
    augment = Augmenter(str(packed), SETTINGS)
    assert augment([0, 1, 2])[0] == [row for n in range(3) for row in augment([n])[0]]
