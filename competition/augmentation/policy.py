"""A damaged copy: which transforms are drawn for it, how strong they are, and in what order they happen.

Ink and paper first, then the camera (one homography), then light, things on top, and the sensor; the padding-preserving
resize comes last, so that nothing ever stretches a page. A copy is a pure function of (settings, image, ID, purpose,
number): each transform's draw has its own share of the random numbers, so that a change of one leaves the others'
alone.
"""

import numpy as np

from competition.augmentation import effects, photometric
from competition.augmentation.bank import OVERSAMPLING, Bank
from competition.augmentation.document_noise import BANKED, DOCUMENT_NOISE, direct
from competition.augmentation.geometric import photograph
from competition.common.seeds import generator as make_generator
from competition.data.images import letterbox, shrink
from competition.settings.augment import AugmentSettings
from competition.settings.catalogue import CATALOGUE, PHASES

OURS = effects.EFFECTS | photometric.EFFECTS


def damaged(
    image: np.ndarray, id: str, purpose: str, number: int, settings: AugmentSettings, bank: Bank | None = None
) -> np.ndarray:
    """Return copy `number` of `image` for `purpose` ("train" or "test_like"), uint8 (size, size, 3).

    Augraphy's page-independent effects are drawn from `bank`; without one they are computed anew, which is slow.
    """
    generator = make_generator(settings.seed, "augment", purpose, id, number)
    transforms = settings.transforms_for(purpose)
    chances, places = generator.random((2, len(CATALOGUE)))
    drawn = {
        name: low + place * (high - low)
        for name, chance, place in zip(CATALOGUE, chances, places, strict=True)
        if name in transforms
        for low, high in [transforms[name].range]
        if chance < transforms[name].probability
    }
    longest = round(settings.size * OVERSAMPLING)
    image = shrink(image, longest)
    for phase in PHASES:
        names = [name for name in drawn if CATALOGUE[name].phase == phase]
        if phase == "camera":
            image = photograph(image, generator, {name: drawn[name] for name in names}, settings.fill, longest)
            continue
        for name in generator.permutation(names):
            image = _apply(str(name), image, generator, drawn[name], bank)
    return letterbox(image, settings.size, settings.fill)


def _apply(
    name: str, image: np.ndarray, generator: np.random.Generator, amount: float, bank: Bank | None
) -> np.ndarray:
    if name not in DOCUMENT_NOISE:
        return OURS[name](image, generator, amount)
    if bank is not None and name in BANKED:
        return bank.apply(name, image, generator, amount)
    return direct(name, image, generator, amount)
