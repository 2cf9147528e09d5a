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

from competition.augmentation.augraphy.adapter import run, seeded
from competition.augmentation.effects import EFFECTS
from competition.common.seeds import generator

pytestmark = pytest.mark.slow

DOCUMENT_NOISE = tuple(name for name, effect in EFFECTS.items() if effect.recipe)
# slow ones; test_bank draws 200 of each of them
DRAWS = {name: 10 for name in DOCUMENT_NOISE if EFFECTS[name].recipe.take != "page"} | {
    "voronoi": 3,
    "moire": 4,
    "pattern": 4,
}
SHAPES = [(1, 1), (1, 300), (300, 1), (7, 5), (64, 48), (97, 131)]


@pytest.mark.parametrize("name", DOCUMENT_NOISE)
def test_any_page_keeps_its_shape_and_the_input_is_untouched(name):
    for shape in SHAPES:
        image = np.random.default_rng(sum(shape)).integers(0, 256, (*shape, 3), dtype=np.uint8)
        before = image.copy()
        noisy = EFFECTS[name].apply(image, generator(name), 1.0)
        assert noisy.shape == image.shape and noisy.dtype == np.uint8 and noisy.flags.c_contiguous
        assert (image == before).all()
        assert (EFFECTS[name].apply(image, generator(name), 0.0) == image).all()


@pytest.mark.parametrize("name", DOCUMENT_NOISE)
def test_text_is_legible_and_the_page_not_blank_at_full_opacity(name):
    for seed in range(DRAWS.get(name, 200)):
        page, ink = made_page(*[(64, 48), (90, 131), (120, 80)][seed % 3], coloured=bool(seed % 2))
        noisy = EFFECTS[name].apply(page, generator(name, seed), 1.0)
        assert contrast(noisy, ink) > LEGIBLE, seed


@pytest.mark.parametrize("name", DOCUMENT_NOISE)
def test_the_amount_is_an_opacity(name):
    page, _ = made_page(90, 70, coloured=True)
    for seed in range(3):  # a drum's dirt may miss so small a page once
        full, half = (EFFECTS[name].apply(page, generator(seed), amount).astype(float) for amount in (1.0, 0.5))
        assert abs((full + page) / 2 - half).max() <= 1
        if (full != page).any():
            return
    pytest.fail("changes nothing")


def digests(order):
    page, _ = made_page(110, 80)
    return {
        name: [
            hashlib.sha256(EFFECTS[name].apply(page, generator(name, seed), 1.0).tobytes()).hexdigest()
            for seed in range(2)
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
        "import socket, sys, test_adapter as test\n"
        "def refuse(*_): raise AssertionError('the network was asked')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "open(sys.argv[1], 'w').write(repr(test.digests(test.DOCUMENT_NOISE[::-1])))"
    )
    (tmp_path / "empty").mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(Path(__file__).parents[up]) for up in (3, 2, 0)),
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
        EFFECTS[name].apply(page, generator(0), 1.0)
        assert surroundings() == before, name
    with pytest.raises(TypeError):
        run(EFFECTS["subtle_noise"].recipe, np.zeros((64, 64, 3), np.uint8), 0, subtle_range="many")
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
