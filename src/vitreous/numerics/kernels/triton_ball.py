"""Reading a half ball on a CUDA device: the cell around a point and the trilinear value in it, as pieces of Triton kernels.

The layout is that of ``cpu.py``. A cell's complex number is fetched as one integer of 64 bits (low half real, high half
imaginary): half as many gathers as two floats, and gathers are what these kernels wait for.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor, int64, view_as_real

#: Points a program works on at once: one for each of its threads.
BLOCK = 128
#: How kernels are started: a thread a point, and products and sums may become one instruction.
LAUNCH = {"num_warps": 4, "enable_fp_fusion": True}


def cells_of(ball: Tensor) -> Tensor:
    """A complex64 half ball as the kernels want it: one integer of 64 bits a cell."""
    return view_as_real(ball.contiguous()).view(int64)


@triton.jit
def locate(x, y, z, m):
    """Index of the lower corner of the cell around a point, the fractions, and −1 where the mate was taken."""
    sign = tl.where(x < 0, -1.0, 1.0)
    x = x * sign
    y = y * sign + m
    z = z * sign + m
    x0, y0, z0 = x.to(tl.int32), y.to(tl.int32), z.to(tl.int32)
    base = (z0.to(tl.int64) * (2 * m + 1) + y0) * (m + 1) + x0
    return base, x - x0, y - y0, z - z0, sign


@triton.jit
def fetch(cells, index, mask):
    """(re, im) of cells."""
    both = tl.load(cells + index, mask=mask, other=0)
    return both.to(tl.int32).to(tl.float32, bitcast=True), (both >> 32).to(tl.int32).to(tl.float32, bitcast=True)


@triton.jit
def along_x(cells, index, fx, mask):
    """Mix of two neighbours along x and their difference, (re, im) each."""
    re0, im0 = fetch(cells, index, mask)
    re1, im1 = fetch(cells, index + 1, mask)
    re1, im1 = re1 - re0, im1 - im0
    return re0 + re1 * fx, im0 + im1 * fx, re1, im1


@triton.jit
def trilinear(cells, base, m, fx, fy, fz, mask):
    """Trilinear (re, im)."""
    row, plane = m + 1, (m + 1) * (2 * m + 1)
    ar, ai, _, _ = along_x(cells, base, fx, mask)
    br, bi, _, _ = along_x(cells, base + row, fx, mask)
    cr, ci, _, _ = along_x(cells, base + plane, fx, mask)
    dr, di, _, _ = along_x(cells, base + plane + row, fx, mask)
    lr, li = ar + (br - ar) * fy, ai + (bi - ai) * fy
    hr, hi = cr + (dr - cr) * fy, ci + (di - ci) * fy
    return lr + (hr - lr) * fz, li + (hi - li) * fz


@triton.jit
def gradient(a, b, c, d, da, db, dc, dd, fy, fz):
    """Value and derivatives along x, y, z from the four mixes along x, at (y, z) = 00, 10, 01, 11, and their differences."""
    e, f = b - a, d - c
    low, high = a + e * fy, c + f * fy
    s, t = da + (db - da) * fy, dc + (dd - dc) * fy
    return low + (high - low) * fz, s + (t - s) * fz, e + (f - e) * fz, high - low


@triton.jit
def trilinear_gradient(cells, base, m, fx, fy, fz, mask):
    """Trilinear value and its derivatives along x, y, z: four of the real part, four of the imaginary one."""
    row, plane = m + 1, (m + 1) * (2 * m + 1)
    ar, ai, dar, dai = along_x(cells, base, fx, mask)
    br, bi, dbr, dbi = along_x(cells, base + row, fx, mask)
    cr, ci, dcr, dci = along_x(cells, base + plane, fx, mask)
    dr, di, ddr, ddi = along_x(cells, base + plane + row, fx, mask)
    vr, xr, yr, zr = gradient(ar, br, cr, dr, dar, dbr, dcr, ddr, fy, fz)
    vi, xi, yi, zi = gradient(ai, bi, ci, di, dai, dbi, dci, ddi, fy, fz)
    return vr, xr, yr, zr, vi, xi, yi, zi
