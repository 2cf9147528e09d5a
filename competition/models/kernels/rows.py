"""Sums along a row of pixels, pair by pair, in loops that are generated with their sums or factors in registers.

Numba's own loops can't: which register would have to be known when they are compiled.
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from competition.models.kernels.pairs import PAIR, FlatArray, whole
from competition.models.kernels.vectors import generate_multiply_add


@intrinsic(prefer_literal=True)
def add_products(typing, sums, tap, inputs, source, gradient, output, step, count, columns):
    """Add up the products of `count` outputs' gradient and the inputs that they see, pair by pair, in registers.

    All are flat arrays of pairs. sums: `columns` (a literal) pairs from `tap` on; the first output's gradient is at
    `output`, and the inputs that it sees beside one another from `source` on; the next output's `step` further.
    """

    def generate(context, builder, signature, arguments):
        sums, inputs, gradient = (
            FlatArray(context, builder, signature.args[index], arguments[index]) for index in (0, 2, 4)
        )
        _, tap, _, source, _, output, step, count, _ = arguments
        places = [builder.add(tap, whole(PAIR * column)) for column in range(signature.args[-1].literal_value)]
        registers = [[cgutils.alloca_once_value(builder, vector) for vector in sums.pair(place)] for place in places]
        with cgutils.for_range(builder, count) as loop:
            given = gradient.pair(builder.add(output, builder.mul(loop.index, whole(PAIR))))
            seen = builder.add(source, builder.mul(loop.index, step))
            for pair in registers:
                for register, value, factor in zip(pair, inputs.pair(seen), given, strict=True):
                    builder.store(generate_multiply_add(builder, value, factor, builder.load(register)), register)
                seen = builder.add(seen, whole(PAIR))
        for place, pair in zip(places, registers, strict=True):
            sums.store_pair(place, *(builder.load(register) for register in pair))
        return context.get_dummy_value()

    numbers = [types.int64] * 3
    return types.void(sums, types.int64, inputs, types.int64, gradient, *numbers, columns), generate


@intrinsic(prefer_literal=True)
def correlate(typing, sums, place, place_step, inputs, source, step, taps, tap, tap_step, count, columns):
    """Add to each of `count` pairs of sums the inputs beside one another that it sees, times the taps, pair by pair.

    All are flat float32 arrays. The first sum is at `place`, what it sees from `source` on; the next one's `place_step`
    and `step` further. There are `columns` (a literal) taps: the first at `tap`, the next one `tap_step` further.
    """

    def generate(context, builder, signature, arguments):
        sums, inputs, taps = (
            FlatArray(context, builder, signature.args[index], arguments[index]) for index in (0, 3, 6)
        )
        _, place, place_step, _, source, step, _, tap, tap_step, count, _ = arguments
        factors = []
        for _ in range(signature.args[-1].literal_value):
            factors.append(taps.pair(tap))
            tap = builder.add(tap, tap_step)
        with cgutils.for_range(builder, count) as loop:
            to = builder.add(place, builder.mul(loop.index, place_step))
            seen = builder.add(source, builder.mul(loop.index, step))
            one, two = sums.pair(to)
            for factor in factors:
                a, b = inputs.pair(seen)
                one, two = (
                    generate_multiply_add(builder, a, factor[0], one),
                    generate_multiply_add(builder, b, factor[1], two),
                )
                seen = builder.add(seen, whole(PAIR))
            sums.store_pair(to, one, two)
        return context.get_dummy_value()

    numbers = [types.int64] * 2
    kinds = [sums, *numbers, inputs, *numbers, taps, *numbers, types.int64, columns]
    return types.void(*kinds), generate
