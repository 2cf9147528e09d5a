"""SIMD vectors for numba's kernels: a `Vector` is LANES float32 values in a register, with what is computed of them."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 16
FLOATS, WORDS = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(ir.IntType(32), LANES)


class _VectorType(types.Type):
    def __init__(self):
        super().__init__(name="Vector")


Vector = _VectorType()


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, FLOATS)


@intrinsic
def multiply_add(typing, a, b, c):
    """Return a * b + c, of Vectors."""

    def generate(context, builder, signature, arguments):
        return generate_multiply_add(builder, *arguments)

    return Vector(Vector, Vector, Vector), generate


@intrinsic
def add(typing, a, b):
    """Return a + b, of Vectors."""

    def generate(context, builder, signature, arguments):
        return builder.fadd(*arguments)

    return Vector(Vector, Vector), generate


@intrinsic
def multiply(typing, a, b):
    """Return a * b, of Vectors."""

    def generate(context, builder, signature, arguments):
        return builder.fmul(*arguments)

    return Vector(Vector, Vector), generate


@intrinsic
def repeated(typing, value):
    """Return a Vector of one float32 value."""

    def generate(context, builder, signature, arguments):
        one = builder.insert_element(ir.Constant(FLOATS, ir.Undefined), arguments[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(one, one, ir.Constant(WORDS, [0] * LANES))

    return Vector(types.float32), generate


@intrinsic
def clamp(typing, a, low, high):
    """Return a Vector's values, but at least `low`'s and at most `high`'s; what is not a number stays so."""

    def generate(context, builder, signature, arguments):
        a, low, high = arguments
        a = builder.select(builder.fcmp_ordered("<", a, low), low, a)
        return builder.select(builder.fcmp_ordered(">", a, high), high, a)

    return Vector(Vector, Vector, Vector), generate


@intrinsic
def between(typing, a, low, high, inside, above):
    """Return `inside`'s values where `low` < `a` < `high` and, where `a` is at least `high`, `above`'s; 0 elsewhere."""

    def generate(context, builder, signature, arguments):
        a, low, high, inside, above = arguments
        inside = builder.select(builder.fcmp_ordered("<=", a, low), ir.Constant(FLOATS, [0.0] * LANES), inside)
        return builder.select(builder.fcmp_ordered(">=", a, high), above, inside)

    return Vector(*[Vector] * 5), generate


def generate_multiply_add(builder, a, b, c):
    """Generate a * b + c in one instruction, where the processor has it."""
    kind = ir.FunctionType(FLOATS, [FLOATS] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32"), (a, b, c))
