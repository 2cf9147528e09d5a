"""Albumentations' functions, imported when first needed and without its question to the internet.

We call these and not its transforms: a transform made for one exact amount costs up to 0.4 ms before it does anything,
draws from a state of its own, and answers a wrong argument with a warning; a function raises TypeError.
"""

import os
from functools import cache
from types import ModuleType


@cache
def pixel_functions() -> ModuleType:
    """Return albumentations.augmentations.pixel.functional."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else its import asks the internet for its own version
    from albumentations.augmentations.pixel import functional

    return functional
