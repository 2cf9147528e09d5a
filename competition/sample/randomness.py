"""Generators that depend on what they are for and on nothing else."""

import zlib

import numpy as np


def generator(seed: int, purpose: str, index: int = 0) -> np.random.Generator:
    """A generator made from (seed, purpose, index): the same in any process and in any order.

    `seed` and `index` are at least 0. zlib.crc32 stands for the purpose because hash() differs between processes.
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), index])


def pick(rng: np.random.Generator, options):
    """One of `options` (any sequence), as itself rather than as a NumPy scalar."""
    return options[int(rng.integers(len(options)))]


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)
