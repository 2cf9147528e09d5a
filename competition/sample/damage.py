"""Damage of test pages: which defects, and a scan or a photograph.

Written for the sample alone and apart from the pipeline's augmentation: were the two one machine, the pipeline would be
trained on the very distribution it is tested on, and the sample would prove nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from competition.sample import camera, defects
from competition.sample.randomness import chance

Defect = Callable[[np.ndarray, np.random.Generator], np.ndarray]

BEFORE: tuple[tuple[Defect, float], ...] = ((defects.crease, 0.3), (defects.cover, 0.25))
AFTER: tuple[tuple[Defect, float], ...] = (
    (defects.shadow, 0.4),
    (defects.cast, 0.4),
    (defects.fade, 0.3),
    (defects.expose, 0.3),
    (defects.blur, 0.5),
    (defects.noise, 0.5),
)
PHOTOGRAPHED = 0.5


@dataclass(frozen=True)
class Damage:
    """What happens to a test page: `damage(page, rng)` returns it as the test set shows it.

    before, after: defects of the page and of its image, each with its probability. `scanned` and `photographed` make
    the image. severe: share of the pages whose probabilities are `severe_factor` times as high.
    """

    before: tuple[tuple[Defect, float], ...] = BEFORE
    after: tuple[tuple[Defect, float], ...] = AFTER
    scanned: Defect = camera.scanned
    photographed: Defect = camera.photographed
    severe: float = 0.0
    severe_factor: float = 1.0

    def __call__(self, page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """`page` as the test set shows it: uint8 RGB, another shape, its longer side 320 to 640 pixels.

        It is mirrored half of the time, worn, scanned askew or photographed, and then lit, blurred and made noisy;
        each kind of wear is drawn by itself, so that a page may suffer all or none of them.
        """
        factor = self.severe_factor if self.severe and chance(rng, self.severe) else 1.0
        page = _some(camera.mirror(page, rng), self.before, factor, rng)
        place = self.photographed if chance(rng, PHOTOGRAPHED) else self.scanned
        return _some(place(page, rng), self.after, factor, rng)


damage = Damage()


def _some(image: np.ndarray, defects, factor: float, rng: np.random.Generator) -> np.ndarray:
    for defect, probability in defects:
        if chance(rng, factor * probability):
            image = defect(image, rng)
    return image
