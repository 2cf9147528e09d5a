"""Document noise by Augraphy itself: any page, the same bytes always, nothing global left changed, text still there."""

import hashlib
import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import cv2
import numba
import numpy as np
import pytest
from makers.contrast import LEGIBLE, contrast, made_page

from competition.augmentation import document_noise
from competition.augmentation.albumentations_transform import A, DocumentNoise
from competition.augmentation.bank import Bank
from competition.augmentation.document_noise import BANKED, DOCUMENT_NOISE, direct, run, seeded
from competition.common.seeds import generator
from competition.settings.catalogue import CATALOGUE

# slow ones; test_bank draws 200 of each of them
DRAWS = {name: 10 for name in BANKED} | {"voronoi": 3, "moire": 4, "pattern": 4}
SHAPES = [(1, 1), (1, 300), (300, 1), (7, 5), (64, 48), (97, 131)]


def test_the_names_are_the_catalogues():
    ours = {name for name, entry in CATALOGUE.items() if entry.amount.startswith("opacity of the Augraphy effect")}
    assert set(DOCUMENT_NOISE) == ours and set(BANKED) < ours


@pytest.mark.parametrize("name", DOCUMENT_NOISE)
def test_any_page_keeps_its_shape_and_the_input_is_untouched(name):
    for shape in SHAPES:
        image = np.random.default_rng(sum(shape)).integers(0, 256, (*shape, 3), dtype=np.uint8)
        before = image.copy()
        noisy = direct(name, image, generator(name), 1.0)
        assert noisy.shape == image.shape and noisy.dtype == np.uint8 and noisy.flags.c_contiguous
        assert (image == before).all()
        assert (direct(name, image, generator(name), 0.0) == image).all()


@pytest.mark.parametrize("name", DOCUMENT_NOISE)
def test_text_is_legible_and_the_page_not_blank_at_full_opacity(name):
    for seed in range(DRAWS.get(name, 200)):
        page, ink = made_page(*[(64, 48), (90, 131), (120, 80)][seed % 3], coloured=bool(seed % 2))
        noisy = direct(name, page, generator(name, seed), 1.0)
        assert contrast(noisy, ink) > LEGIBLE, seed


@pytest.mark.parametrize("name", DOCUMENT_NOISE)
def test_the_amount_is_an_opacity(name):
    page, _ = made_page(90, 70, coloured=True)
    changed = False
    for seed in range(3):
        full, half = (direct(name, page, generator(seed), amount).astype(float) for amount in (1.0, 0.5))
        assert abs((full + page) / 2 - half).max() <= 1
        changed |= (full != page).any()  # a drum's dirt may miss so small a page once
    assert changed


def digests(order):
    page, _ = made_page(110, 80)
    return {
        name: [
            hashlib.sha256(direct(name, page, generator(name, seed), 1.0).tobytes()).hexdigest() for seed in range(2)
        ]
        for name in order
    }


def test_the_same_key_gives_the_same_bytes_whatever_ran_before_also_in_a_new_process(tmp_path):
    here = digests(DOCUMENT_NOISE)
    random.seed(5)
    np.random.seed(5)
    cv2.setRNGSeed(5)
    assert digests(DOCUMENT_NOISE[::-1]) == here
    assert all(len(set(seeds)) == 2 for name, seeds in here.items() if name != "dithering")  # dithering draws nothing
    code = (
        "import socket, sys, tests.test_document_noise as test\n"
        "def refuse(*_): raise AssertionError('the network was asked')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "open(sys.argv[1], 'w').write(repr(test.digests(test.DOCUMENT_NOISE[::-1])))"
    )
    (tmp_path / "empty").mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_NUM_THREADS": "2",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "digests"],
        cwd=tmp_path / "empty",
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "digests").read_text() == repr(dict(reversed(here.items())))
    assert done.stdout == "" and done.stderr == ""
    assert list((tmp_path / "empty").iterdir()) == []


def surroundings():
    return (
        random.getstate(),
        np.random.get_state()[1].tobytes(),
        np.random.get_state()[2],
        numba.get_num_threads(),
        numba.config.DISABLE_JIT,
        cv2.getNumThreads(),
        list(warnings.filters),
    )


def test_nothing_global_is_left_changed_also_after_an_error(capfd):
    page, _ = made_page(40, 30)
    before = surroundings()
    for name in DOCUMENT_NOISE:
        direct(name, page, generator(0), 1.0)
        assert surroundings() == before, name
    with pytest.raises(TypeError):
        run("subtle_noise", np.zeros((64, 64, 3), np.uint8), 0, subtle_range="many")
    with pytest.raises(KeyError), seeded(3):
        random.random(), np.random.random(), numba.set_num_threads(1)
        numba.config.DISABLE_JIT = True
        warnings.simplefilter("error")
        raise KeyError
    assert surroundings() == before
    assert capfd.readouterr() == ("", "")


def test_all_four_generators_follow_from_the_seed():
    @numba.njit
    def compiled():
        return random.random() + np.random.random()

    def draw(seed):
        with seeded(seed):
            return random.random(), np.random.random(), compiled(), float(cv2.randu(np.zeros((1, 1)), 0, 1)[0, 0])

    first, other = draw(7), draw(8)
    assert draw(7) == first
    assert all(one != two for one, two in zip(first, other, strict=True))


def test_an_unknown_effect_is_refused():
    with pytest.raises(ValueError, match="no such document noise: 'ink_bled'"):
        direct("ink_bled", np.zeros((9, 9, 3), np.uint8), generator(0), 1.0)


@pytest.mark.parametrize("shape", [(70, 90), (70, 90, 1), (70, 90, 3), (3, 2)], ids=str)
def test_the_transform_keeps_shape_and_dtype_inside_a_compose(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    compose = A.Compose([DocumentNoise("pattern", (1, 1), p=1), DocumentNoise("dirty_rollers", p=1)], seed=3)
    noisy = compose(image=image)["image"]
    assert noisy.shape == shape and noisy.dtype == np.uint8 and (noisy != image).any()


def test_the_transform_is_seeded_by_compose_and_survives_a_dictionary():
    image, _ = made_page(70, 90)
    compose = A.Compose([DocumentNoise("dirty_rollers", (0.2, 0.9), p=0.7)], seed=3)
    drawn = [compose(image=image)["image"].tobytes() for _ in range(6)]
    again = A.from_dict(A.to_dict(compose))
    again.set_random_seed(3)
    assert [again(image=image)["image"].tobytes() for _ in range(6)] == drawn
    assert len(set(drawn)) > 2


@pytest.mark.parametrize(
    "arguments, told",
    [
        ({"effect": "patern"}, "no such document noise: 'patern'"),
        ({"effect": "pattern", "opacity_range": (0.8, 0.2)}, r"opacity_range: \(0.8, 0.2\)"),
        ({"effect": "pattern", "opacity_range": (0, 1.5)}, r"opacity_range: \(0, 1.5\)"),
        ({"effect": "pattern", "p": 2}, "p: 2, expected a probability"),
    ],
)
def test_the_transform_refuses_wrong_arguments(arguments, told):
    with pytest.raises(ValueError, match=told):
        DocumentNoise(**arguments)


def test_the_transform_refuses_unknown_arguments_and_other_images():
    with pytest.raises(TypeError, match="opacity"):
        DocumentNoise("pattern", opacity=0.5)
    with pytest.raises(TypeError, match="expected a grey or RGB image of uint8"):
        DocumentNoise("dirty_rollers", p=1)(image=np.zeros((9, 9, 3), np.float32))


def test_the_transform_draws_from_a_bank_what_that_has():
    image, _ = made_page(70, 90)
    with pytest.raises(ValueError, match="not in this bank"):  # so it was asked
        DocumentNoise("pattern", bank=Bank({}), p=1)(image=image)
    assert DocumentNoise("dithering", bank=Bank({}), p=1)(image=image)["image"].shape == image.shape
    assert document_noise.EFFECTS["dithering"].take == "page"
