"""Pairs of vectors, as kernels read them out of flat arrays and write them back.

A pair is PAIR channels-last values, float32 or bfloat16 (here int16, which numba knows). Of float32 its vectors are the
two halves; of bfloat16 the even and the odd values, which are a shift and a mask away from float32. Whoever computes
value by value need not care which; `as_pairs` and `ordered` tell what belongs where.
"""

from functools import lru_cache

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from competition.models.kernels.vectors import FLOATS, LANES, WORDS, Vector

PAIR = 2 * LANES  # values that are read and written together
_UPPER = 0xFFFF0000


@intrinsic
def load(typing, values, start):
    """Return the LANES values of a flat float32 array from `start` on."""

    def generate(context, builder, signature, arguments):
        return _read(builder, FlatArray(context, builder, signature.args[0], arguments[0]).at(arguments[1]), FLOATS)

    return Vector(values, types.int64), generate


@intrinsic
def first(typing, values, start):
    """Return the first Vector of the pair in a flat array, float32 or bfloat16, from `start` on."""

    def generate(context, builder, signature, arguments):
        return FlatArray(context, builder, signature.args[0], arguments[0]).pair(arguments[1])[0]

    return Vector(values, types.int64), generate


@intrinsic
def second(typing, values, start):
    """Return the second Vector of the pair in a flat array, float32 or bfloat16, from `start` on."""

    def generate(context, builder, signature, arguments):
        return FlatArray(context, builder, signature.args[0], arguments[0]).pair(arguments[1])[1]

    return Vector(values, types.int64), generate


@intrinsic
def store_pair(typing, values, start, one, two):
    """Write a pair's two Vectors into a flat array, float32 or (rounded to the nearest, of two to the even one)
    bfloat16, from `start` on.
    """

    def generate(context, builder, signature, arguments):
        FlatArray(context, builder, signature.args[0], arguments[0]).store_pair(*arguments[1:])
        return context.get_dummy_value()

    return types.void(values, types.int64, Vector, Vector), generate


class FlatArray:
    """Flat array in a kernel that is generated: its pairs, read and written."""

    def __init__(self, context, builder, kind, array):
        self._builder, self._bfloat16 = builder, kind.dtype == types.int16
        self._data = context.make_array(kind)(context, builder, array).data

    def at(self, index):
        return self._builder.gep(self._data, [index])

    def pair(self, index) -> tuple:
        if not self._bfloat16:
            return tuple(_read(self._builder, address, FLOATS) for address in self._halves(index))
        words = _read(self._builder, self.at(index), WORDS, 2)
        both = self._builder.shl(words, _each(16)), self._builder.and_(words, _each(_UPPER))
        return tuple(self._builder.bitcast(one, FLOATS) for one in both)

    def store_pair(self, index, one, two) -> None:
        if not self._bfloat16:
            for address, vector in zip(self._halves(index), (one, two), strict=True):
                _write(self._builder, address, vector)
            return
        even = self._builder.lshr(self._rounded(one), _each(16))
        odd = self._builder.and_(self._rounded(two), _each(_UPPER))
        _write(self._builder, self.at(index), self._builder.or_(even, odd), 2)

    def _halves(self, index) -> tuple:
        return self.at(index), self.at(self._builder.add(index, whole(LANES)))

    def _rounded(self, vector):
        words = self._builder.bitcast(vector, WORDS)
        lowest = self._builder.and_(self._builder.lshr(words, _each(16)), _each(1))
        return self._builder.add(self._builder.add(words, _each(0x7FFF)), lowest)


def _read(builder, address, kind, alignment: int = 4):
    return builder.load(builder.bitcast(address, kind.as_pointer()), align=alignment)


def _write(builder, address, vector, alignment: int = 4) -> None:
    builder.store(vector, builder.bitcast(address, vector.type.as_pointer()), align=alignment)


def _each(value: int):
    return ir.Constant(WORDS, [value] * LANES)


def whole(value: int):
    """Return a constant index."""
    return ir.Constant(ir.IntType(64), value)


def as_pairs(values: np.ndarray, bfloat16: bool) -> np.ndarray:
    """Return float32 `values` (..., C), C at least PAIR, as the vectors of its pairs, float32 (pairs, ..., 2, LANES).

    The last pair ends with the last value; where PAIR doesn't divide C it has values of the one before it too.
    """
    return np.ascontiguousarray(np.moveaxis(values[..., _channels(values.shape[-1], bfloat16)], -3, 0))


def ordered(pairs: np.ndarray, channels: int, bfloat16: bool) -> np.ndarray:
    """Return the values (..., `channels`) of `as_pairs`' vectors (pairs, ..., 2, LANES)."""
    vectors = np.moveaxis(pairs, 0, -3)
    return vectors.reshape(*vectors.shape[:-3], -1)[..., _places(channels, bfloat16)]


@lru_cache(256)
def _channels(channels: int, bfloat16: bool) -> np.ndarray:
    """Return which channel each value of the pairs is, (pairs, 2, LANES)."""
    starts = np.minimum(np.arange(0, channels, PAIR), channels - PAIR)
    within = np.arange(PAIR)
    within = within.reshape(LANES, 2).T if bfloat16 else within.reshape(2, LANES)
    return starts[:, None, None] + within


@lru_cache(256)
def _places(channels: int, bfloat16: bool) -> np.ndarray:
    """Return where each channel, (C,), is among the pairs' values."""
    places = np.empty(channels, np.int64)
    own = _channels(channels, bfloat16).reshape(-1)
    places[own] = np.arange(len(own))
    return places
