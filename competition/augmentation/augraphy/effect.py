"""An Augraphy effect registered: done by Augraphy itself, or drawn from the bank where its layers are banked."""

from functools import partial

from competition.augmentation.augraphy.adapter import direct
from competition.augmentation.augraphy.recipe import Recipe
from competition.augmentation.effects import EFFECTS

OPACITY = "opacity of the Augraphy effect, 0 to 1"


def add(module: str, phase: str, name: str, recipe: Recipe, *, probability: float, range: tuple[float, float]) -> None:
    """Register the Augraphy effect `name` of `recipe`; its family is called as its phase."""
    default = {"probability": probability, "range": range}
    done = {"apply": partial(direct, recipe), "recipe": recipe}
    EFFECTS.add(name, module=module, phase=phase, unit=OPACITY, family=phase, **default, **done)
