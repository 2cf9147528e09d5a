"""Effect registry: each effect's phase, unit, limits, family and default, registered beside its code.

A module of `competition.augmentation.effects` holds one or several effects, and so may a plugin. An effect's name is
its function's.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from competition.augmentation.augraphy.recipe import Recipe
from competition.common.registry import Registry

PHASES = ("ink", "paper", "camera", "light", "cover", "sensor")  # in this order; shuffled within, but for the camera
FAMILIES = ("turn", "camera", "background", "ink", "paper", "light", "cover", "noise", "blur", "colour")
Apply = Callable[[np.ndarray, np.random.Generator, float], np.ndarray]


@dataclass(frozen=True)
class Effect:
    """An effect and all that is known of it.

    apply(image, generator, amount): uint8 (H, W, 3) RGB in and out, a new array, a pure function of its arguments; None
    for the camera effects that `camera.photograph` does together. unit: of the amount, with what it
    means; None for an effect that is done or not. neutral: the amount that changes nothing. family: what is fitted to
    the test set together; None needs a reason, `unfitted`. probability, range: in the policy `document`.
    """

    name: str
    module: str
    phase: str
    unit: str | None
    family: str | None
    limits: tuple[float, float] = (0.0, 1.0)
    neutral: float = 0.0
    probability: float = 0.0
    range: tuple[float, float] = (1.0, 1.0)
    unfitted: str = ""
    apply: Apply | None = None
    recipe: Recipe | None = None

    def __post_init__(self):
        """Raise ValueError for what can't be: every effect has a family or a reason, a phase, and possible amounts."""
        low, high = self.limits
        if self.phase not in PHASES:
            raise ValueError(f"effect {self.name}: phase {self.phase!r}, expected one of {', '.join(PHASES)}")
        if self.apply is None and self.phase != "camera":
            raise ValueError(f"effect {self.name}: no function; only effects of phase camera are done together")
        if self.family is None and not self.unfitted:
            raise ValueError(f"effect {self.name}: family None needs a reason why it isn't fitted: unfitted='...'")
        if self.family is not None and self.family not in FAMILIES:
            raise ValueError(f"effect {self.name}: family {self.family!r}, expected one of {', '.join(FAMILIES)}")
        if not (low < high and low <= self.neutral <= high and low <= self.range[0] <= self.range[1] <= high):
            raise ValueError(
                f"effect {self.name}: neutral {self.neutral:g} and range {self.range}, expected within {self.limits}"
            )
        if not 0 <= self.probability <= 1:
            raise ValueError(f"effect {self.name}: probability {self.probability:g}, expected 0 to 1")

    @property
    def switch(self) -> bool:
        """Whether the effect has no amount: it is done or not."""
        return self.unit is None


class EffectRegistry(Registry[Effect]):
    """Effects by name, in the order in which they are listed and drawn.

    order: the modules whose effects draw from one stream of random numbers, in that stream's order. An effect of any
    other file has a stream of its own, so that adding it changes no copy that it isn't drawn for.
    """

    def __init__(self, kind: str, package: str, order: Sequence[str]):
        super().__init__(kind, package)
        self._order = tuple(f"{package}.{name}" for name in order)
        self._names: tuple[str, ...] | None = None

    def register(self, *, phase: str, unit: str | None, family: str | None, **facts) -> Callable[[Apply], Apply]:
        """Return a decorator that registers a function as an effect; facts: the other fields of `Effect`."""

        def decorated(function: Apply) -> Apply:
            facts.update(module=function.__module__, phase=phase, unit=unit, family=family, apply=function)
            self.add(function.__name__, **facts)
            return function

        return decorated

    def add(self, name: str, **facts) -> None:
        """Register the effect `name`; facts: the other fields of `Effect`. Raises ValueError for a taken name."""
        effect = Effect(name, **facts)
        if not effect.module.startswith(f"{self.package}."):
            self._load()
        if effect.name in self._things:
            raise ValueError(f"effect {effect.name}: there is one of that name, in {self._things[effect.name].module}")
        self._things[effect.name] = effect
        self._names = None

    def names(self) -> tuple[str, ...]:
        """Return all names: by phase, then as `order` has the modules, then as they stand in their module."""
        self._load()
        if self._names is None:
            self._names = tuple(sorted(self._things, key=self._place))
        return self._names

    def __getitem__(self, name: str) -> Effect:
        """Return the effect `name`. Raises ValueError that lists the names."""
        if name not in self._things:
            self.check(name)
        return self._things[name]

    def drawn_together(self) -> tuple[str, ...]:
        """Return names of the effects that draw from one stream, in its order."""
        return tuple(name for name in self.names() if self._things[name].module in self._order)

    def plugins(self) -> tuple[str, ...]:
        """Files of the effects that stand outside the package, for processes that have to load them too."""
        modules = {effect.module for effect in self._things.values()}
        outside = sorted(module for module in modules if not module.startswith(f"{self.package}."))
        return tuple(sys.modules[module].__file__ for module in outside)

    def _place(self, name: str) -> tuple[int, int, str]:
        effect = self._things[name]
        ordered = effect.module in self._order
        place = self._order.index(effect.module) if ordered else len(self._order)
        return PHASES.index(effect.phase), place, "" if ordered else effect.module

    def _load(self) -> None:
        for name in sorted(self._files()):
            if f"{self.package}.{name}" not in sys.modules:
                importlib.import_module(f"{self.package}.{name}")
