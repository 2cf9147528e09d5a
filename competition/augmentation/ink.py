"""The adapter around Augraphy: its ink and paper effects, seeded, leaving the caller's random state as it was.

Augraphy draws from the `random` and `numpy.random` modules. Here alone something global is touched: both are seeded
for one call and put back afterwards.
"""

import contextlib
import random
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np


@cache
def _effects() -> dict:
    from augraphy.augmentations.brightnesstexturize import BrightnessTexturize
    from augraphy.augmentations.inkbleed import InkBleed

    return {
        "ink_bleed": InkBleed(intensity_range=(0.4, 0.7), kernel_size=(3, 3), severity=(0.2, 0.4), p=1),
        "brightness_texturize": BrightnessTexturize(texturize_range=(0.8, 0.99), deviation=0.08, p=1),
    }


NAMES = ("ink_bleed", "brightness_texturize")


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def apply(name: str, image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return `image` (uint8, (H, W, 3) RGB) under Augraphy's effect `name` (see NAMES); shape and dtype are kept."""
    effect = _effects()[name]  # before seeding: Augraphy's modules draw random defaults when they are imported
    with _seeded(int(generator.integers(2**63))):
        result = effect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    result = cv2.cvtColor(np.asarray(result), cv2.COLOR_BGR2RGB)
    assert result.shape == image.shape and result.dtype == np.uint8, (name, result.shape, result.dtype)
    return result
