"""A generated competition, so that the whole pipeline runs where no real one may be downloaded."""

from competition.sample.classes import CLASS_NAMES, LOOK_ALIKES
from competition.sample.generate import generate
from competition.sample.variants import DEFAULT, HARD

__all__ = ["CLASS_NAMES", "DEFAULT", "HARD", "LOOK_ALIKES", "generate"]
