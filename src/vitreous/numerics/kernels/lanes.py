"""Two neighbouring cells of a half ball as one vector: the innermost step of a slice and of an insertion, in LLVM's own words.

Neighbours along x lie side by side in memory, so the eight corners of a cell are four runs, one for each (y, z). The
compiler does not see that in scalar code (it would load 16 numbers where four vectors do), hence these intrinsics. They use
vectors of 128 bits, which every processor has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

F, INDEX = types.float32, types.uint64
#: A product and a sum may become one instruction.
FUSE = ("contract",)


def _vector(builder: ir.IRBuilder, values: Sequence[ir.Value]) -> ir.Value:
    """A vector of scalars."""
    out = ir.Constant(ir.VectorType(values[0].type, len(values)), ir.Undefined)
    for lane, value in enumerate(values):
        out = builder.insert_element(out, value, ir.Constant(ir.IntType(32), lane))
    return out


def pointer(context: Any, builder: ir.IRBuilder, kind: types.Array, array: ir.Value, index: ir.Value, lanes: int) -> ir.Value:
    """Where ``array[index : index + lanes]`` is, as a vector; nothing is checked."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), ir.VectorType(ir.FloatType(), lanes).as_pointer())


def _mix(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, part: ir.Value) -> ir.Value:
    """a + (b − a) · part."""
    step = builder.fmul(builder.fsub(b, a, flags=FUSE), part, flags=FUSE)
    return builder.fadd(a, step, flags=FUSE)


@intrinsic
def trilinear(typingctx, flat, i, row, plane, fx, fy, fz):
    """(re, im) between the eight cells from ``flat[i]`` on; ``flat`` float32, ``i``, ``row``, ``plane`` in floats, fractions fx, fy, fz."""

    def code(context, builder, signature, arguments):
        flat, i, row, plane, fx, fy, fz = arguments

        def run(index: ir.Value) -> ir.Value:
            return builder.load(pointer(context, builder, signature.args[0], flat, index, 4), align=4)

        y, z = _vector(builder, [fy] * 4), _vector(builder, [fz] * 4)
        above = builder.add(i, plane)
        low = _mix(builder, run(i), run(builder.add(i, row)), y)
        high = _mix(builder, run(above), run(builder.add(above, row)), y)
        both = _mix(builder, low, high, z)
        re0, im0, re1, im1 = (builder.extract_element(both, ir.Constant(ir.IntType(32), lane)) for lane in range(4))
        return context.make_tuple(builder, signature.return_type, [_mix(builder, re0, re1, fx), _mix(builder, im0, im1, fx)])

    return types.UniTuple(F, 2)(flat, INDEX, INDEX, INDEX, F, F, F), code


@intrinsic
def add_pair(typingctx, flat, i, q0, q1, re, im, w):
    """Add q0 · (re, im, w) to the three floats from ``flat[i]`` on and q1 · (re, im, w) to the next three."""

    def code(context, builder, signature, arguments):
        flat, i, q0, q1, re, im, w = arguments

        def add(index: ir.Value, values: list[ir.Value], parts: list[ir.Value]) -> None:
            at = pointer(context, builder, signature.args[0], flat, index, len(values))
            product = builder.fmul(_vector(builder, values), _vector(builder, parts), flags=FUSE)
            builder.store(builder.fadd(builder.load(at, align=4), product, flags=FUSE), at, align=4)

        add(i, [re, im, w, re], [q0, q0, q0, q1])
        add(builder.add(i, ir.Constant(ir.IntType(64), 4)), [im, w], [q1, q1])
        return context.get_dummy_value()

    return types.void(flat, INDEX, F, F, F, F, F), code
