"""Random generators, made from (seed, what for, the image's ID, the copy's number)."""

import hashlib

import numpy as np


def derived_seed(*key: object) -> int:
    """Return 63 bits that depend on every part of `key` and on nothing else."""
    text = "\x1f".join(str(part) for part in key).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def generator(*key: object) -> np.random.Generator:
    """Return a generator of its own for `key`: the same numbers on every machine, in every order, with any workers."""
    return np.random.default_rng(derived_seed(*key))
