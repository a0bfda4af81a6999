"""Sixteen neighbouring numbers at once: filters and sums of pictures, in LLVM's own words.

In scalar code the compiler has to prove that what is written does not overlap what is read, and gives up or checks at every
short row. A vector of sixteen is split into whatever the processor has.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from vitreous.numerics.kernels.lanes import FUSE, INDEX, F, pointer

LANES = 16
TAPS = 8


def _spread(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """A vector that is ``value`` in every lane."""
    kind = ir.VectorType(ir.FloatType(), LANES)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


@intrinsic
def filtered(typingctx, to, i, source, j, step, f0, f1, f2, f3, f4, f5, f6, f7):
    """to[i : i + 16] = Σ_k f_k source[j + k step : j + k step + 16]; float32, flat, nothing is checked."""

    def code(context, builder, signature, arguments):
        to, i, source, j, step, *taps = arguments
        total = ir.Constant(ir.VectorType(ir.FloatType(), LANES), [0.0] * LANES)
        for tap in taps:
            values = builder.load(pointer(context, builder, signature.args[2], source, j, LANES), align=4)
            total = builder.fadd(total, builder.fmul(values, _spread(builder, tap), flags=FUSE), flags=FUSE)
            j = builder.add(j, step)
        builder.store(total, pointer(context, builder, signature.args[0], to, i, LANES), align=4)
        return context.get_dummy_value()

    return types.void(to, INDEX, source, INDEX, INDEX, *[F] * TAPS), code


@intrinsic
def add_scaled(typingctx, to, i, source, j, factor):
    """to[i : i + 16] += factor · source[j : j + 16]; float32, flat, nothing is checked."""

    def code(context, builder, signature, arguments):
        to, i, source, j, factor = arguments
        values = builder.load(pointer(context, builder, signature.args[2], source, j, LANES), align=4)
        at = pointer(context, builder, signature.args[0], to, i, LANES)
        product = builder.fmul(values, _spread(builder, factor), flags=FUSE)
        builder.store(builder.fadd(builder.load(at, align=4), product, flags=FUSE), at, align=4)
        return context.get_dummy_value()

    return types.void(to, INDEX, source, INDEX, F), code
