"""Damage of test pages: which defects, and a scan or a photograph.

Written for the sample alone and apart from the pipeline's augmentation: were the two one machine, the pipeline would be
trained on the very distribution it is tested on, and the sample would prove nothing.
"""

import numpy as np

from competition.sample import camera, defects
from competition.sample.randomness import chance

BEFORE = ((defects.crease, 0.3), (defects.cover, 0.25))
AFTER = (
    (defects.shadow, 0.4),
    (defects.cast, 0.4),
    (defects.fade, 0.3),
    (defects.expose, 0.3),
    (defects.blur, 0.5),
    (defects.noise, 0.5),
)
PHOTOGRAPHED = 0.5


def damage(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`page` as the test set shows it: uint8 RGB, another shape, its longer side 320 to 640 pixels.

    It is mirrored half of the time, worn, scanned askew or photographed, and then lit, blurred and made noisy; each
    kind of wear is drawn by itself, so that a page may suffer all or none of them.
    """
    page = _some(camera.mirror(page, rng), BEFORE, rng)
    place = camera.photographed if chance(rng, PHOTOGRAPHED) else camera.scanned
    return _some(place(page, rng), AFTER, rng)


def _some(image: np.ndarray, kinds, rng: np.random.Generator) -> np.ndarray:
    for kind, probability in kinds:
        if chance(rng, probability):
            image = kind(image, rng)
    return image
