"""Families of look-alikes: one layout for all, a title and a cue for each class."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from competition.sample.documents import Painter
from competition.sample.hard import difficulty
from competition.sample.randomness import chance


@dataclass(frozen=True)
class Kind:
    """One class of a family: its name, the titles it may have, and the cue of its layout, as the layout takes it."""

    name: str
    titles: tuple[str, ...]
    cue: Any


@dataclass(frozen=True)
class Family:
    """Classes of one layout. `plain` is the cue of a page that only its text tells."""

    layout: Callable[[np.random.Generator, tuple[str, ...], Any], Image.Image]
    plain: Any
    kinds: tuple[Kind, ...]

    def paint(self, rng: np.random.Generator, kind: Kind) -> Image.Image:
        """A page of `kind`; the share ALIKE of them has the plain cue."""
        return self.layout(rng, kind.titles, self.plain if chance(rng, difficulty.ALIKE) else kind.cue)

    def painters(self) -> tuple[Painter, ...]:
        """One painter for each kind."""
        return tuple(partial(self.paint, kind=kind) for kind in self.kinds)
