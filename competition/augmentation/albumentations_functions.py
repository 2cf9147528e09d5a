"""Albumentations' functions, imported when first needed and without its question to the internet.

We call these and not its transforms: a transform made for one exact amount costs up to 0.4 ms before it does anything,
draws from a state of its own, and answers a wrong argument with a warning; a function raises TypeError.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType

EXTRAS = ("torch", "huggingface_hub")  # which it imports if they are there: seconds, and memory, of each worker


@cache
def pixel_functions() -> ModuleType:
    """Return albumentations.augmentations.pixel.functional."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else its import asks the internet for its own version
    with _not_there(EXTRAS):
        from albumentations.augmentations.pixel import functional

    return functional


@contextmanager
def _not_there(packages: tuple[str, ...]) -> Iterator[None]:
    """Let imports of `packages` fail, unless they are loaded already, as where they are not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
