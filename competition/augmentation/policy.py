"""Damaged copy of an image: which effects are drawn for it, how strong they are, and in what order they happen.

Ink and paper first, then the camera (one homography), then light, things on top, and the sensor; the padding-preserving
resize comes last, so that nothing ever stretches a page. A copy is a pure function of (settings, image, ID, purpose,
number): each effect's draw has its own share of the random numbers, so that a change of one leaves the others' alone.
"""

import numpy as np

from competition.augmentation.augraphy.bank import OVERSAMPLING, Bank
from competition.augmentation.effect_registry import PHASES
from competition.augmentation.effects import EFFECTS
from competition.augmentation.effects.camera import Photograph, photograph
from competition.common.seeds import generator as make_generator
from competition.data.letterbox import letterbox, shrink
from competition.settings.augment import AugmentSettings, Purpose, Transforms


def damaged(
    image: np.ndarray, id: str, purpose: Purpose, number: int, settings: AugmentSettings, bank: Bank | None = None
) -> np.ndarray:
    """Return copy `number` of `image` for `purpose` ("train" or "test_like"), uint8 (size, size, 3).

    See `damaged_photograph`.
    """
    picture = damaged_photograph(image, id, purpose, number, settings, bank).image
    return letterbox(picture, settings.size, settings.fill)


def damaged_photograph(
    image: np.ndarray, id: str, purpose: Purpose, number: int, settings: AugmentSettings, bank: Bank | None = None
) -> Photograph:
    """Return copy `number` of `image` for `purpose` before its last resize, and where the page lies in it.

    Augraphy's page-independent effects are drawn from `bank`; without one they are computed anew, which is slow.
    """
    key = (settings.seed, "augment", purpose, id, number)
    generator = make_generator(*key)
    drawn = _drawn(settings.transforms_for(purpose), generator, key)
    longest = round(settings.size * OVERSAMPLING)
    image, corners = shrink(image, longest), None
    for phase in PHASES:
        amounts = {name: amount for name, amount in drawn.items() if EFFECTS[name].phase == phase}
        for name in generator.permutation([name for name in amounts if EFFECTS[name].apply]):
            image = _apply(str(name), image, generator, amounts[name], bank, purpose)
        if phase == "camera":
            image, corners = photograph(image, generator, amounts, settings.fill, longest)
    return Photograph(image, corners)


def _drawn(transforms: Transforms, generator: np.random.Generator, key: tuple) -> dict[str, float]:
    """Return the amounts of the effects that the copy of `key` gets, in the registry's order."""
    together = EFFECTS.drawn_together()
    draws = dict(zip(together, generator.random((2, len(together))).T, strict=True))
    amounts = {}
    for name, transform in transforms.items():
        chance, place = draws[name] if name in draws else make_generator(*key, name).random(2)
        low, high = transform.range
        if chance < transform.probability:
            amounts[name] = low + place * (high - low)
    return amounts


def _apply(
    name: str, image: np.ndarray, generator: np.random.Generator, amount: float, bank: Bank | None, purpose: Purpose
) -> np.ndarray:
    effect = EFFECTS[name]
    if bank is not None and effect.recipe is not None:
        return bank.apply(name, image, generator, amount, purpose)
    return effect.apply(image, generator, amount)
