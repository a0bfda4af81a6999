"""Insertion of slices on a CUDA device, and sums over a symmetry group; see ``reference.insert`` for what they are.

Thousands of threads add to the same cells in an order that nobody knows, and sums of floats depend on the order. So the
sums are kept as whole numbers (64 bits, a power of two times the value): these add to the same bits in every order.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vitreous.numerics.kernels.triton_ball import BLOCK, LAUNCH, locate
from vitreous.numerics.kernels.whole_numbers import Scale

#: Points a program inserts; each has eight lanes for the six numbers of two neighbouring cells.
POINTS = 64


@triton.jit
def _insert(
    sums, rotations, values, weights, kx, ky, m, count, pad, value_scale, weight_scale, POINTS: tl.constexpr
):
    """A block of points of one slice a program."""
    b = tl.program_id(0).to(tl.int64)
    k = tl.program_id(1) * POINTS + tl.arange(0, POINTS)
    inside = k < count
    r = rotations + 9 * b
    u = tl.load(kx + k, mask=inside, other=0.0) * pad
    v = tl.load(ky + k, mask=inside, other=0.0) * pad
    x = tl.load(r) * u + tl.load(r + 3) * v
    y = tl.load(r + 1) * u + tl.load(r + 4) * v
    z = tl.load(r + 2) * u + tl.load(r + 5) * v
    base, fx, fy, fz, sign = locate(x, y, z, m)
    at = b * count + k
    re = tl.load(values + 2 * at, mask=inside, other=0.0) * value_scale
    im = tl.load(values + 2 * at + 1, mask=inside, other=0.0) * value_scale * sign
    w = tl.load(weights + at, mask=inside, other=0.0) * weight_scale
    # Lanes 0 to 2 are (re, im, weight) of the lower cell along x, 3 to 5 those of the upper one.
    lane = tl.arange(0, 8)[None, :]
    part = lane % 3
    number = tl.where(part == 0, re[:, None], tl.where(part == 1, im[:, None], w[:, None]))
    number = number * tl.where(lane < 3, 1 - fx[:, None], fx[:, None])
    keep = inside[:, None] & (lane < 6)
    to = sums + 3 * base[:, None] + lane
    row, plane = 3 * (m + 1), 3 * (m + 1) * (2 * m + 1)
    gy, gz = 1 - fy, 1 - fz
    tl.atomic_add(to, (number * (gy * gz)[:, None]).to(tl.int64), mask=keep, sem="relaxed")
    tl.atomic_add(to + row, (number * (fy * gz)[:, None]).to(tl.int64), mask=keep, sem="relaxed")
    tl.atomic_add(to + plane, (number * (gy * fz)[:, None]).to(tl.int64), mask=keep, sem="relaxed")
    tl.atomic_add(to + plane + row, (number * (fy * fz)[:, None]).to(tl.int64), mask=keep, sem="relaxed")


@triton.jit
def _corner(sums, i, q, re, im, w, mask):
    """Add q times the (re, im, weight) of cells."""
    re += q * tl.load(sums + 3 * i, mask=mask, other=0.0)
    im += q * tl.load(sums + 3 * i + 1, mask=mask, other=0.0)
    w += q * tl.load(sums + 3 * i + 2, mask=mask, other=0.0)
    return re, im, w


@triton.jit
def _rotate_sum(sums, rotations, out, m, order, BLOCK: tl.constexpr):
    """A block of cells a program: Σ_g ball(g k)."""
    cell = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    row, plane = m + 1, (m + 1) * (2 * m + 1)
    here = cell < plane.to(tl.int64) * (2 * m + 1)
    x = (cell % row).to(tl.float32)
    y = (cell // row % (2 * m + 1) - m).to(tl.float32)
    z = (cell // plane - m).to(tl.float32)
    inside = here & (x * x + y * y + z * z <= (m - 1) * (m - 1))
    total_re, total_im, total_w = x * 0, x * 0, x * 0
    for g in range(order):
        r = rotations + 9 * g
        base, fx, fy, fz, sign = locate(
            tl.load(r) * x + tl.load(r + 1) * y + tl.load(r + 2) * z,
            tl.load(r + 3) * x + tl.load(r + 4) * y + tl.load(r + 5) * z,
            tl.load(r + 6) * x + tl.load(r + 7) * y + tl.load(r + 8) * z,
            m,
        )
        re, im, w = x * 0, x * 0, x * 0
        gx, gy, gz = 1 - fx, 1 - fy, 1 - fz
        re, im, w = _corner(sums, base, gx * gy * gz, re, im, w, inside)
        re, im, w = _corner(sums, base + 1, fx * gy * gz, re, im, w, inside)
        re, im, w = _corner(sums, base + row, gx * fy * gz, re, im, w, inside)
        re, im, w = _corner(sums, base + row + 1, fx * fy * gz, re, im, w, inside)
        re, im, w = _corner(sums, base + plane, gx * gy * fz, re, im, w, inside)
        re, im, w = _corner(sums, base + plane + 1, fx * gy * fz, re, im, w, inside)
        re, im, w = _corner(sums, base + plane + row, gx * fy * fz, re, im, w, inside)
        re, im, w = _corner(sums, base + plane + row + 1, fx * fy * fz, re, im, w, inside)
        total_re += re
        total_im += im * sign
        total_w += w
    tl.store(out + 3 * cell, total_re, mask=here)
    tl.store(out + 3 * cell + 1, total_im, mask=here)
    tl.store(out + 3 * cell + 2, total_w, mask=here)


def rotate_sum(sums: Tensor, rotations: Tensor) -> Tensor:
    """``out(k) = Σ_g sums(g k)`` over a group, for float32 ``(2m + 1, 2m + 1, m + 1, 3)`` cells of (re, im, weight)."""
    m = sums.shape[2] - 1
    sums, out = sums.contiguous(), torch.empty_like(sums)
    turns = rotations.float().to(sums.device).contiguous()
    _rotate_sum[(triton.cdiv(sums.numel() // 3, BLOCK),)](sums, turns, out, m, len(turns), BLOCK=BLOCK, **LAUNCH)
    return out


class WholeSums:
    """Sums of inserted slices on a device, the same bits from run to run.

    Parameters
    ----------
    m
        Margin of the half ball.
    device
        Where.
    """

    def __init__(self, m: int, device: torch.device) -> None:
        self._m = m
        self._sums = torch.zeros(2 * m + 1, 2 * m + 1, m + 1, 3, dtype=torch.int64, device=device)
        self._values, self._weights = Scale(), Scale()

    def add(self, rotations: Tensor, values: Tensor, weights: Tensor, kx: Tensor, ky: Tensor, pad: int) -> None:
        """Add complex64 ``values`` and float32 ``weights``, both ``(b, k)``."""
        rows, count = values.shape
        if not rows:
            return
        floats = torch.view_as_real(values.contiguous())
        for scale, numbers, part in ((self._values, floats, slice(0, 2)), (self._weights, weights, slice(2, 3))):
            shift = scale.grow(rows, float(numbers.abs().max()))
            if shift:
                self._sums[..., part] >>= min(shift, 63)
        turns = rotations.float().to(values.device).contiguous()
        _insert[(rows, triton.cdiv(count, POINTS))](
            self._sums, turns, floats, weights.contiguous(), kx, ky, self._m, count, float(pad),
            self._values.factor, self._weights.factor, POINTS=POINTS, **LAUNCH,
        )  # fmt: skip

    def total(self) -> Tensor:
        """float32 ``(2m + 1, 2m + 1, m + 1, 3)``."""
        out = self._sums.float()
        out[..., :2] /= self._values.factor
        out[..., 2] /= self._weights.factor
        return out
