"""What a sample is made of: its classes, how they look and how the test set damages them."""

from dataclasses import dataclass

import numpy as np

from competition.sample.damage import Damage
from competition.sample.documents import Painter
from competition.sample.randomness import generator


@dataclass(frozen=True)
class Variant:
    """One kind of sample.

    name: "" for the default; it stands before what each generator is for, so that two variants of one seed share no
    page and no ID. version: goes up when the same seed no longer gives the same bytes. class_names, shares, painters:
    one for each target, `shares` in proportion to the pages of a class. families: targets that look alike.
    wrong_labels: share of the training rows, unless another is asked for.
    """

    name: str
    version: int
    class_names: tuple[str, ...]
    shares: tuple[int, ...]
    families: tuple[tuple[int, ...], ...]
    painters: tuple[Painter, ...]
    damage: Damage
    wrong_labels: float

    def generator(self, seed: int, purpose: str, index: int = 0) -> np.random.Generator:
        """A generator made from the variant's name and (seed, purpose, index)."""
        return generator(seed, f"{self.name} {purpose}".lstrip(), index)

    def family(self, target: int) -> tuple[int, ...]:
        """The look-alikes of `target`, itself among them; () if it has none."""
        return next((family for family in self.families if target in family), ())
