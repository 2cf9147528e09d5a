"""Activations that kernels know, and their gradients."""

from typing import NamedTuple

import numpy as np

from competition.models.kernels.compiled import compiled
from competition.models.kernels.vectors import between, clamp, multiply, multiply_add, repeated


class Activation(NamedTuple):
    """y = z between `low` and `high`; where `hard_swish`, z times z + 3 between 0 and 6, divided by 6."""

    low: float
    high: float
    hard_swish: bool


IDENTITY = Activation(-np.inf, np.inf, False)
RELU = Activation(0.0, np.inf, False)
RELU6 = Activation(0.0, 6.0, False)
HARD_SWISH = Activation(-3.0, 3.0, True)


@compiled(inline="always")
def activated(z, low, high, hard_swish):
    """Return the activation of z, a Vector."""
    if hard_swish:
        half = repeated(np.float32(0.5))
        return multiply(z, multiply_add(clamp(z, low, high), repeated(np.float32(1 / 6)), half))
    return clamp(z, low, high)


@compiled(inline="always")
def behind(gradient, z, low, high, hard_swish):
    """Return the gradient of z, a Vector, from that of its activation."""
    if hard_swish:
        slope = multiply_add(z, repeated(np.float32(1 / 3)), repeated(np.float32(0.5)))
        return between(z, low, high, multiply(gradient, slope), gradient)
    return between(z, low, high, gradient, repeated(np.float32(0)))
