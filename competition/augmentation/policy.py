"""The policy: which damage, in what order, and how often.

Paper first (ink, creases, stains), then the camera (geometry, shadow, lens), then the file; the padding-preserving
resize comes last, so that nothing ever stretches a page. A copy is a pure function of (settings, image, ID, purpose, number).
"""

import numpy as np

from competition.augmentation import effects, ink, photometric
from competition.augmentation.geometric import photograph
from competition.images import letterbox, shrink
from competition.seeds import generator as make_generator
from competition.settings import AugmentSettings

OVERSAMPLING = 1.4  # damage is done at this multiple of the final size, so that its edges are as soft as a camera's


def damaged(image: np.ndarray, id: str, purpose: str, number: int, settings: AugmentSettings) -> np.ndarray:
    """Return copy `number` of `image` for `purpose` ("train" or "test_like"), uint8 (size, size, 3)."""
    generator = make_generator(settings.seed, "augment", purpose, id, number)
    strength, chance = settings.strength, settings.photometric_probability
    longest = round(settings.size * OVERSAMPLING)
    image = _on_paper(image, generator, settings, longest)
    image = photograph(image, generator, settings, longest)
    if generator.random() < chance:
        image = effects.shadow(image, generator, strength)
    if generator.random() < chance * 0.6:
        image = effects.cover(image, generator, strength)
    for family in generator.permutation(["noise", "blur", "colour"]):
        if generator.random() < chance:
            image = photometric.apply(str(family), image, generator, strength)
    return letterbox(image, settings.size, settings.fill)


def _on_paper(image: np.ndarray, generator: np.random.Generator, settings: AugmentSettings, longest: int) -> np.ndarray:
    image = shrink(image, longest)
    for name in ink.NAMES:
        if generator.random() < settings.ink_probability:
            image = ink.apply(name, image, generator)
    for effect in (effects.fade, effects.highlight, effects.stain, effects.crease, effects.speckle):
        if generator.random() < settings.photometric_probability * 0.35:
            image = effect(image, generator, settings.strength)
    return image
