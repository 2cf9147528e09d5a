"""Adapter around Augraphy: document noise, seeded, leaving the caller's random state as it was.

Augraphy draws from `random`, `numpy.random`, OpenCV's generator and numba's own. Here alone something global is
touched; it is put back afterwards.
"""

import contextlib
import importlib
import random
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import cv2
import numpy as np

from competition.augmentation.augraphy.recipe import Recipe
from competition.data.letterbox import resize

SMALLEST_SIDE = 64  # pixels; Augraphy fails on smaller pages, or does nothing and says so on stdout
_LOCK = threading.RLock()


def direct(recipe: Recipe, image: np.ndarray, generator: np.random.Generator, amount: float) -> np.ndarray:
    """Return `image` (uint8, (H, W, 3) RGB) under the Augraphy effect of `recipe` at opacity `amount`.

    A side below SMALLEST_SIDE pixels is stretched to that for the effect, and shrunk again.
    """
    height, width = image.shape[:2]
    page = resize(image, max(height, SMALLEST_SIDE), max(width, SMALLEST_SIDE))
    noisy = run(recipe, page, int(generator.integers(2**63)))
    return mixed(image, resize(noisy, height, width), amount)


def mixed(image: np.ndarray, noisy: np.ndarray, amount: float) -> np.ndarray:
    """Return `noisy` at opacity `amount` (0 to 1) over `image`, both uint8 of one shape."""
    return cv2.addWeighted(noisy, amount, image, 1 - amount, 0).reshape(image.shape)


def run(recipe: Recipe, page: np.ndarray, seed: int, **attributes: Any) -> np.ndarray:
    """Return `page` (uint8, (H, W, 3) RGB, sides at least SMALLEST_SIDE) damaged by Augraphy's own code, by `seed`.

    `attributes` are set on the Augraphy object before it is called.
    """
    make = _augraphy_class(recipe.path)
    page = cv2.cvtColor(page, cv2.COLOR_RGB2BGR)
    if recipe.loses_edge:  # PatternMaker pads one pixel too few
        page = cv2.copyMakeBorder(page, 1, 0, 1, 0, cv2.BORDER_REPLICATE)
    with seeded(seed):
        chosen = {parameter: random.choice(values) for parameter, values in recipe.choices.items()}
        effect = make(p=1, **recipe.parameters, **chosen)  # made anew: some keep state from call to call
        for attribute, value in attributes.items():
            setattr(effect, attribute, value)
        noisy = np.asarray(effect(page))
    if recipe.loses_edge:
        noisy, page = noisy[:-1, :-1], page[:-1, :-1]
    assert noisy.shape == page.shape and noisy.dtype == np.uint8, (recipe.path, noisy.shape, noisy.dtype)
    return cv2.cvtColor(np.ascontiguousarray(noisy), cv2.COLOR_BGR2RGB)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Give a block in which all of Augraphy's randomness follows from `seed`, on one thread and without warnings.

    Afterwards, also after an error, the states of `random` and `numpy.random`, the numbers of threads, numba's switch
    and the warnings' filters are as before. OpenCV's and numba's generators can't be read, so they can't be put back:
    they end in a state that follows from `seed` alone. One such block runs at a time.
    """
    import numba

    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        states = random.getstate(), np.random.get_state()
        threads, opencv_threads, disabled = numba.get_num_threads(), cv2.getNumThreads(), numba.config.DISABLE_JIT
        try:
            numba.set_num_threads(1)
            if opencv_threads != 1:
                cv2.setNumThreads(1)
            random.seed(seed)
            np.random.seed([seed & 0xFFFFFFFF, seed >> 32])
            _seed_the_rest(seed)
            yield
        finally:
            _seed_the_rest(~seed)
            random.setstate(states[0])
            np.random.set_state(states[1])
            numba.set_num_threads(threads)
            numba.config.DISABLE_JIT = disabled  # Augraphy sets it when an object is made
            if opencv_threads != 1:
                cv2.setNumThreads(opencv_threads)


def _seed_the_rest(seed: int) -> None:
    cv2.setRNGSeed(seed & 0x7FFFFFFF)
    _numba_seeder()(seed & 0xFFFFFFFF)


@cache
def _numba_seeder() -> Callable[[int], None]:
    import numba

    @numba.njit
    def seed_numba(seed: int) -> None:  # numba's generators are only reached from compiled code
        np.random.seed(seed)
        random.seed(seed)

    return seed_numba


@cache
def _augraphy_class(path: str) -> type:
    module_name, class_name = path.split(".")
    with seeded(0):  # importing it draws random numbers, and silences all warnings for good
        module = importlib.import_module(f"augraphy.augmentations.{module_name}")
    if module_name == "voronoi":
        # else it writes its mesh into the working folder and reads it back; what it falls back on is the same mesh
        module.Image = None
    return getattr(module, class_name)
