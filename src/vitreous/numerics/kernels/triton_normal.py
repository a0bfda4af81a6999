"""Normal equations of poses on a CUDA device: ``cpu.normal_equations`` for many images at once, one program an image."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from vitreous.numerics.kernels.triton_ball import BLOCK, LAUNCH, cells_of, locate, trilinear_gradient

#: Place of H[a, b], a ≤ b, among the 21 sums (misfit, five of g, fifteen of H).
UPPER = [(a, b) for a in range(5) for b in range(a, 5)]


@triton.jit
def _dot(w, ar, ai, br, bi):
    """w Re(a* b)."""
    return w * (ar * br + ai * bi)


@triton.jit
def _normal(
    cells, rows, rotations, shifts, images, transfers, weights, kx, ky, out, m, count, pad, size, BLOCK: tl.constexpr
):
    """One image a program: it walks over the coefficients with all 21 sums in registers."""
    p = tl.program_id(0).to(tl.int64)
    row = tl.load(rows + p)
    r = rotations + 9 * p
    r00, r01, r02 = tl.load(r), tl.load(r + 1), tl.load(r + 2)
    r10, r11, r12 = tl.load(r + 3), tl.load(r + 4), tl.load(r + 5)
    r20, r21, r22 = tl.load(r + 6), tl.load(r + 7), tl.load(r + 8)
    tx, ty = tl.load(shifts + 2 * p) / size, tl.load(shifts + 2 * p + 1) / size
    step = 6.283185307179586 / size
    zero = tl.zeros((BLOCK,), tl.float32)
    cost, g0, g1, g2, g3, g4 = zero, zero, zero, zero, zero, zero
    h00, h01, h02, h03, h04 = zero, zero, zero, zero, zero
    h11, h12, h13, h14, h22 = zero, zero, zero, zero, zero
    h23, h24, h33, h34, h44 = zero, zero, zero, zero, zero
    for first in range(0, count, BLOCK):
        k = first + tl.arange(0, BLOCK)
        inside = k < count
        u = tl.load(kx + k, mask=inside, other=0.0)
        v = tl.load(ky + k, mask=inside, other=0.0)
        x, y = u * pad, v * pad
        base, fx, fy, fz, sign = locate(r00 * x + r10 * y, r01 * x + r11 * y, r02 * x + r12 * y, m)
        vr, xr, yr, zr, vi, xi, yi, zi = trilinear_gradient(cells, base, m, fx, fy, fz, inside)
        # The mate is conj F(−p): its value changes the sign of the imaginary part, its gradient that of the real part.
        vi, xr, yr, zr = vi * sign, xr * sign, yr * sign, zr * sign
        # Whole turns are taken off before the sine and cosine, which are exact for small angles only.
        turns = u * tx + v * ty
        angle = (turns - tl.floor(turns + 0.5)) * 6.283185307179586
        at = row * count + k
        t = tl.load(transfers + at, mask=inside, other=0.0)
        cr, ci = t * tl.cos(angle), -t * tl.sin(angle)
        mr, mi = cr * vr - ci * vi, cr * vi + ci * vr
        dr = tl.load(images + 2 * at, mask=inside, other=0.0) - mr
        di = tl.load(images + 2 * at + 1, mask=inside, other=0.0) - mi
        w = tl.load(weights + at, mask=inside, other=0.0)
        # Derivatives along the axes of the lab frame.
        ar, ai = r00 * xr + r01 * yr + r02 * zr, r00 * xi + r01 * yi + r02 * zi
        br, bi = r10 * xr + r11 * yr + r12 * zr, r10 * xi + r11 * yi + r12 * zi
        er, ei = r20 * xr + r21 * yr + r22 * zr, r20 * xi + r21 * yi + r22 * zi
        nr, ni = ar * y - br * x, ai * y - bi * x
        qr, qi = cr * er - ci * ei, cr * ei + ci * er
        j0r, j0i, j1r, j1i = -qr * y, -qi * y, qr * x, qi * x
        j2r, j2i = cr * nr - ci * ni, cr * ni + ci * nr
        su, sv = step * u, step * v
        j3r, j3i, j4r, j4i = su * mi, -su * mr, sv * mi, -sv * mr
        cost += _dot(w, dr, di, dr, di)
        g0 += _dot(w, j0r, j0i, dr, di)
        g1 += _dot(w, j1r, j1i, dr, di)
        g2 += _dot(w, j2r, j2i, dr, di)
        g3 += _dot(w, j3r, j3i, dr, di)
        g4 += _dot(w, j4r, j4i, dr, di)
        h00 += _dot(w, j0r, j0i, j0r, j0i)
        h01 += _dot(w, j0r, j0i, j1r, j1i)
        h02 += _dot(w, j0r, j0i, j2r, j2i)
        h03 += _dot(w, j0r, j0i, j3r, j3i)
        h04 += _dot(w, j0r, j0i, j4r, j4i)
        h11 += _dot(w, j1r, j1i, j1r, j1i)
        h12 += _dot(w, j1r, j1i, j2r, j2i)
        h13 += _dot(w, j1r, j1i, j3r, j3i)
        h14 += _dot(w, j1r, j1i, j4r, j4i)
        h22 += _dot(w, j2r, j2i, j2r, j2i)
        h23 += _dot(w, j2r, j2i, j3r, j3i)
        h24 += _dot(w, j2r, j2i, j4r, j4i)
        h33 += _dot(w, j3r, j3i, j3r, j3i)
        h34 += _dot(w, j3r, j3i, j4r, j4i)
        h44 += _dot(w, j4r, j4i, j4r, j4i)
    to = out + 21 * p
    tl.store(to, tl.sum(cost))
    tl.store(to + 1, tl.sum(g0))
    tl.store(to + 2, tl.sum(g1))
    tl.store(to + 3, tl.sum(g2))
    tl.store(to + 4, tl.sum(g3))
    tl.store(to + 5, tl.sum(g4))
    tl.store(to + 6, tl.sum(h00))
    tl.store(to + 7, tl.sum(h01))
    tl.store(to + 8, tl.sum(h02))
    tl.store(to + 9, tl.sum(h03))
    tl.store(to + 10, tl.sum(h04))
    tl.store(to + 11, tl.sum(h11))
    tl.store(to + 12, tl.sum(h12))
    tl.store(to + 13, tl.sum(h13))
    tl.store(to + 14, tl.sum(h14))
    tl.store(to + 15, tl.sum(h22))
    tl.store(to + 16, tl.sum(h23))
    tl.store(to + 17, tl.sum(h24))
    tl.store(to + 18, tl.sum(h33))
    tl.store(to + 19, tl.sum(h34))
    tl.store(to + 20, tl.sum(h44))


def normal_equations(
    ball: Tensor, rows: Tensor, rotations: Tensor, shifts: Tensor, images: Tensor, transfers: Tensor, weights: Tensor,
    kx: Tensor, ky: Tensor, pad: int, size: int,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Gauss-Newton systems of the images ``rows`` ``(a,)`` at ``rotations`` ``(a, 3, 3)`` and ``shifts`` ``(a, 2)``.

    Parameters
    ----------
    ball
        complex64 half ball.
    rows
        int64: which of the images.
    images, transfers, weights
        complex64, float32 and float32 ``(n, k)``, k the number of points.

    Returns
    -------
    tuple
        Misfit ``(a,)``, H ``(a, 5, 5)`` and g ``(a, 5)`` as in ``cpu.normal_equations``, float64.
    """
    out = torch.empty(len(rows), 21, dtype=torch.float32, device=ball.device)
    if len(rows):
        _normal[(len(rows),)](
            cells_of(ball), rows, rotations.float().contiguous(), shifts.float().contiguous(), torch.view_as_real(images), transfers,
            weights, kx, ky, out, ball.shape[-1] - 1, len(kx), float(pad), float(size), BLOCK=BLOCK, **LAUNCH,
        )  # fmt: skip
    sums = out.double()
    H = sums.new_empty(len(rows), 5, 5)
    for place, (a, b) in enumerate(UPPER, 6):
        H[:, a, b] = H[:, b, a] = sums[:, place]
    return sums[:, 0], H, sums[:, 1:6]
