"""Which damage a test page suffers.

Written for the sample alone and apart from the pipeline's augmentation: were the two one machine, the pipeline would be
trained on the very distribution it is tested on, and the sample would prove nothing.
"""

import numpy as np

from competition.sample import placing, wear
from competition.sample.randomness import chance

BEFORE = ((wear.crease, 0.3), (wear.cover, 0.25))
AFTER = (
    (wear.shadow, 0.4),
    (wear.cast, 0.4),
    (wear.fade, 0.3),
    (wear.expose, 0.3),
    (wear.blur, 0.5),
    (wear.noise, 0.5),
)
PHOTOGRAPHED = 0.5


def damage(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`page` as the test set shows it: uint8 RGB, another shape, its longer side 320 to 640 pixels.

    It is mirrored half of the time, worn, scanned askew or photographed, and then lit, blurred and made noisy; each
    kind of wear is drawn by itself, so that a page may suffer all or none of them.
    """
    page = _some(placing.mirror(page, rng), BEFORE, rng)
    place = placing.photographed if chance(rng, PHOTOGRAPHED) else placing.scanned
    return _some(place(page, rng), AFTER, rng)


def _some(image: np.ndarray, kinds, rng: np.random.Generator) -> np.ndarray:
    for kind, probability in kinds:
        if chance(rng, probability):
            image = kind(image, rng)
    return image
