"""Slices, insertions and normal equations as fused loops for the CPU (numba).

A volume's transform is a *half ball*: complex64 ``(2m + 1, 2m + 1, m + 1)`` over integer positions z, y in [−m, m] and
x in [0, m] of the oversampled Fourier grid; points at negative x are read from their Friedel mate. The kernels are
trilinear. Every routine has its plain meaning in ``reference.py``, and tests hold one to the other.

Complex numbers are taken apart into float32 pairs and arrays are flat with unsigned offsets: that is what lets the
compiler drop the checks for negative indices and the multiplications by zero, and is worth a factor of two to three.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from vitreous.numerics.kernels.lanes import add_pair, trilinear
from vitreous.numerics.kernels.small import factorise, invert_factorised, solve_factorised, turn, turn_between

# Rounding may be reordered; infinities and NaN keep their meaning, so that a bad image stays visible.
FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}
U = np.uint64
ONE = np.float32(1.0)


@nb.njit(inline="always", fastmath=FAST)
def _cell(x, y, z, m):
    """Flat index of the lower corner of the cell around a point, the fractions, and −1 where the mate was taken."""
    sign = np.float32(-1.0) if x < 0 else np.float32(1.0)
    x = x * sign
    y = y * sign + np.float32(m)
    z = z * sign + np.float32(m)
    x0, y0, z0 = np.int32(x), np.int32(y), np.int32(z)
    base = (np.int64(z0) * (2 * m + 1) + y0) * (m + 1) + x0
    return base, x - np.float32(x0), y - np.float32(y0), z - np.float32(z0), sign


@nb.njit(inline="always", fastmath=FAST)
def _lerp(flat, i, step, f):
    """Mix of ``flat[i]`` and ``flat[i + step]``."""
    a = flat[i]
    return a + (flat[i + step] - a) * f


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def slices(flat, m, rotations, kx, ky, pad, out):
    """Fill ``out[b]`` (re, im interleaved) with the ball at pad · Rᵦᵀ (kx, ky, 0); ``flat`` is the ball as floats."""
    row, plane = U(2 * (m + 1)), U(2 * (m + 1) * (2 * m + 1))
    for b in nb.prange(rotations.shape[0]):
        r, to = rotations[b], out[b]
        ax, ay, az = r[0, 0] * pad, r[0, 1] * pad, r[0, 2] * pad
        bx, by, bz = r[1, 0] * pad, r[1, 1] * pad, r[1, 2] * pad
        for k in range(kx.shape[0]):
            u, v = kx[k], ky[k]
            base, fx, fy, fz, sign = _cell(ax * u + bx * v, ay * u + by * v, az * u + bz * v, m)
            re, im = trilinear(flat, U(2 * base), row, plane, fx, fy, fz)
            to[2 * k] = re
            to[2 * k + 1] = im * sign


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def insert(sums, m, rotations, values, weights, kx, ky, pad):
    """Add ``values`` (re, im interleaved) and ``weights`` to half balls: the adjoint of :func:`slices`.

    ``sums`` is float32 ``(parts, cells · 3)`` holding (re, im, weight) a cell; part p takes every parts-th slice, so that
    no two threads write to the same memory and the sum does not depend on scheduling.
    """
    parts = sums.shape[0]
    row, plane = U(3 * (m + 1)), U(3 * (m + 1) * (2 * m + 1))
    for part in nb.prange(parts):
        flat = sums[part]
        for b in range(part, rotations.shape[0], parts):
            r, value, weight = rotations[b], values[b], weights[b]
            ax, ay, az = r[0, 0] * pad, r[0, 1] * pad, r[0, 2] * pad
            bx, by, bz = r[1, 0] * pad, r[1, 1] * pad, r[1, 2] * pad
            for k in range(kx.shape[0]):
                u, v = kx[k], ky[k]
                base, fx, fy, fz, sign = _cell(ax * u + bx * v, ay * u + by * v, az * u + bz * v, m)
                re, im, w = value[2 * k], value[2 * k + 1] * sign, weight[k]
                i = U(3 * base)
                low, high = ONE - fz, fz
                for j, q in ((i, (ONE - fy) * low), (i + row, fy * low), (i + plane, (ONE - fy) * high), (i + plane + row, fy * high)):
                    q1 = q * fx
                    add_pair(flat, j, q - q1, q1, re, im, w)


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def rotate_sum(flat, m, rotations, out):
    """``out(k) = Σ_g ball(g k)`` over a group, for flat (re, im, weight) cells."""
    row, plane = m + 1, (m + 1) * (2 * m + 1)
    limit = (m - 1.0) ** 2
    for zi in nb.prange(2 * m + 1):
        for yi in range(2 * m + 1):
            for xi in range(m + 1):
                x, y, z = np.float32(xi), np.float32(yi - m), np.float32(zi - m)
                total_re = total_im = total_w = np.float32(0.0)
                if x * x + y * y + z * z <= limit:
                    for g in range(rotations.shape[0]):
                        r = rotations[g]
                        base, fx, fy, fz, sign = _cell(
                            r[0, 0] * x + r[0, 1] * y + r[0, 2] * z, r[1, 0] * x + r[1, 1] * y + r[1, 2] * z,
                            r[2, 0] * x + r[2, 1] * y + r[2, 2] * z, m,
                        )  # fmt: skip
                        re = im = w = np.float32(0.0)
                        for c in range(4):
                            dy, dz = c & 1, c >> 1
                            i = U(3 * (base + dy * row + dz * plane))
                            q = (fy if dy else 1 - fy) * (fz if dz else 1 - fz)
                            re += q * _lerp(flat, i, U(3), fx)
                            im += q * _lerp(flat, i + U(1), U(3), fx)
                            w += q * _lerp(flat, i + U(2), U(3), fx)
                        total_re += re
                        total_im += im * sign
                        total_w += w
                i = 3 * (zi * plane + yi * row + xi)
                out[i], out[i + 1], out[i + 2] = total_re, total_im, total_w


@nb.njit(inline="always", fastmath=FAST)
def _fetch(flat, i, row, plane, fx, fy, fz):
    """Trilinear value of one component and its derivatives along x, y, z; cells are two floats apart."""
    j, p = i + row, i + plane
    q = p + row
    a, b, c, d = flat[i], flat[j], flat[p], flat[q]
    da, db, dc, dd = flat[i + U(2)] - a, flat[j + U(2)] - b, flat[p + U(2)] - c, flat[q + U(2)] - d
    a, b, c, d = a + da * fx, b + db * fx, c + dc * fx, d + dd * fx
    e, f = b - a, d - c
    low, high = a + e * fy, c + f * fy
    s, t = da + (db - da) * fy, dc + (dd - dc) * fy
    return low + (high - low) * fz, s + (t - s) * fz, e + (f - e) * fz, high - low


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def correlate_rotations(flat, m, rotations, points, target, weight, cross, power):
    """For every rotation: Σ w Re(ball(g p)* target(p)) and Σ w |ball(g p)|² over 3-D points p of the oversampled grid."""
    row, plane = U(2 * (m + 1)), U(2 * (m + 1) * (2 * m + 1))
    for b in nb.prange(rotations.shape[0]):
        r = rotations[b]
        total, squared = 0.0, 0.0
        for k in range(points.shape[0]):
            x, y, z = points[k, 0], points[k, 1], points[k, 2]
            base, fx, fy, fz, sign = _cell(
                r[0, 0] * x + r[0, 1] * y + r[0, 2] * z, r[1, 0] * x + r[1, 1] * y + r[1, 2] * z,
                r[2, 0] * x + r[2, 1] * y + r[2, 2] * z, m,
            )  # fmt: skip
            i = U(2 * base)
            re = _fetch(flat, i, row, plane, fx, fy, fz)[0]
            im = _fetch(flat, i + U(1), row, plane, fx, fy, fz)[0] * sign
            total += weight[k] * (re * target[2 * k] + im * target[2 * k + 1])
            squared += weight[k] * (re * re + im * im)
        cross[b] = total
        power[b] = squared


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def sample(flat, m, points, out):
    """Fill ``out`` (re, im interleaved) with the ball at 3-D ``points`` of the oversampled grid."""
    row, plane = U(2 * (m + 1)), U(2 * (m + 1) * (2 * m + 1))
    for k in nb.prange(points.shape[0]):
        base, fx, fy, fz, sign = _cell(points[k, 0], points[k, 1], points[k, 2], m)
        i = U(2 * base)
        out[2 * k] = _fetch(flat, i, row, plane, fx, fy, fz)[0]
        out[2 * k + 1] = _fetch(flat, i + U(1), row, plane, fx, fy, fz)[0] * sign


@nb.njit(inline="always", fastmath=FAST)
def _phase_tables(tx, ty, half, step, along_x, along_y):
    """cos, sin of −2πi k t / size along each axis: two small tables instead of a sine and a cosine a point."""
    for k in range(half + 1):
        angle = step * k * tx
        along_x[k, 0], along_x[k, 1] = math.cos(angle), -math.sin(angle)
        angle = step * k * ty
        c, s = math.cos(angle), math.sin(angle)
        along_y[half + k, 0], along_y[half + k, 1] = c, -s
        along_y[half - k, 0], along_y[half - k, 1] = c, s


@nb.njit(fastmath=FAST, cache=True)
def normal_equations(flat, m, r, tx, ty, image, transfer, weight, kx, ky, pad, size, H, g):
    """Gauss-Newton system of one image for (3 rotations, 2 shifts); returns the misfit.

    The model is m(k) = c(k) exp(−2πi k·t / size) S(k), S the slice at R. With residual d = X − m,
    cost = Σ w |d|², g = Σ w Re(J* d), H = Σ w Re(J* J); J's first three columns turn the lab frame, R → exp([ω]) R.
    ``image`` is (re, im) interleaved, ``transfer`` real.
    """
    half = size // 2
    step = np.float32(2 * math.pi / size)
    along_x = np.empty((half + 1, 2), np.float32)
    along_y = np.empty((2 * half + 1, 2), np.float32)
    _phase_tables(tx, ty, half, 2 * math.pi / size, along_x, along_y)
    row, plane = U(2 * (m + 1)), U(2 * (m + 1) * (2 * m + 1))
    r00, r01, r02 = np.float32(r[0, 0]), np.float32(r[0, 1]), np.float32(r[0, 2])
    r10, r11, r12 = np.float32(r[1, 0]), np.float32(r[1, 1]), np.float32(r[1, 2])
    r20, r21, r22 = np.float32(r[2, 0]), np.float32(r[2, 1]), np.float32(r[2, 2])
    cost = 0.0
    H00 = H01 = H02 = H03 = H04 = H11 = H12 = H13 = H14 = H22 = H23 = H24 = H33 = H34 = H44 = np.float32(0.0)
    g0 = g1 = g2 = g3 = g4 = np.float32(0.0)
    for k in range(kx.shape[0]):
        u, v = kx[k], ky[k]
        x, y = u * pad, v * pad
        base, fx, fy, fz, sign = _cell(r00 * x + r10 * y, r01 * x + r11 * y, r02 * x + r12 * y, m)
        i = U(2 * base)
        vr, xr, yr, zr = _fetch(flat, i, row, plane, fx, fy, fz)
        vi, xi, yi, zi = _fetch(flat, i + U(1), row, plane, fx, fy, fz)
        # The mate is conj F(−p): its value changes the sign of the imaginary part, its gradient that of the real part.
        vi, xr, yr, zr = vi * sign, xr * sign, yr * sign, zr * sign
        xk, yk = int(u), int(v) + half
        t = transfer[k]
        cr = t * (along_x[xk, 0] * along_y[yk, 0] - along_x[xk, 1] * along_y[yk, 1])
        ci = t * (along_x[xk, 0] * along_y[yk, 1] + along_x[xk, 1] * along_y[yk, 0])
        mr, mi = cr * vr - ci * vi, cr * vi + ci * vr
        dr, di = image[2 * k] - mr, image[2 * k + 1] - mi
        w = weight[k]
        # Derivatives along the axes of the lab frame.
        ar, ai = r00 * xr + r01 * yr + r02 * zr, r00 * xi + r01 * yi + r02 * zi
        br, bi = r10 * xr + r11 * yr + r12 * zr, r10 * xi + r11 * yi + r12 * zi
        er, ei = r20 * xr + r21 * yr + r22 * zr, r20 * xi + r21 * yi + r22 * zi
        nr, ni = ar * y - br * x, ai * y - bi * x
        zr2, zi2 = cr * er - ci * ei, cr * ei + ci * er
        J0r, J0i, J1r, J1i = -zr2 * y, -zi2 * y, zr2 * x, zi2 * x
        J2r, J2i = cr * nr - ci * ni, cr * ni + ci * nr
        su, sv = step * u, step * v
        J3r, J3i, J4r, J4i = su * mi, -su * mr, sv * mi, -sv * mr
        cost += w * (dr * dr + di * di)
        g0 += w * (J0r * dr + J0i * di)
        g1 += w * (J1r * dr + J1i * di)
        g2 += w * (J2r * dr + J2i * di)
        g3 += w * (J3r * dr + J3i * di)
        g4 += w * (J4r * dr + J4i * di)
        H00 += w * (J0r * J0r + J0i * J0i)
        H01 += w * (J0r * J1r + J0i * J1i)
        H02 += w * (J0r * J2r + J0i * J2i)
        H03 += w * (J0r * J3r + J0i * J3i)
        H04 += w * (J0r * J4r + J0i * J4i)
        H11 += w * (J1r * J1r + J1i * J1i)
        H12 += w * (J1r * J2r + J1i * J2i)
        H13 += w * (J1r * J3r + J1i * J3i)
        H14 += w * (J1r * J4r + J1i * J4i)
        H22 += w * (J2r * J2r + J2i * J2i)
        H23 += w * (J2r * J3r + J2i * J3i)
        H24 += w * (J2r * J4r + J2i * J4i)
        H33 += w * (J3r * J3r + J3i * J3i)
        H34 += w * (J3r * J4r + J3i * J4i)
        H44 += w * (J4r * J4r + J4i * J4i)
    g[0], g[1], g[2], g[3], g[4] = g0, g1, g2, g3, g4
    H[0, 0], H[0, 1], H[0, 2], H[0, 3], H[0, 4] = H00, H01, H02, H03, H04
    H[1, 1], H[1, 2], H[1, 3], H[1, 4] = H11, H12, H13, H14
    H[2, 2], H[2, 3], H[2, 4], H[3, 3], H[3, 4], H[4, 4] = H22, H23, H24, H33, H34, H44
    for a in range(5):
        for b in range(a):
            H[a, b] = H[b, a]
    return cost


@nb.njit(cache=True)
def _hold(r, tx, ty, anchor, origin, stiffness, H, g):
    """Add a Gaussian prior about (anchor, origin) to a system; returns its share of the misfit."""
    if stiffness[0] == 0.0 and stiffness[1] == 0.0:
        return 0.0
    turn = np.empty(3)
    turn_between(r, anchor, turn)
    dx, dy = tx - origin[0], ty - origin[1]
    for a in range(3):
        H[a, a] += stiffness[0]
        g[a] -= stiffness[0] * turn[a]
    H[3, 3] += stiffness[1]
    H[4, 4] += stiffness[1]
    g[3] -= stiffness[1] * dx
    g[4] -= stiffness[1] * dy
    return stiffness[0] * (turn[0] ** 2 + turn[1] ** 2 + turn[2] ** 2) + stiffness[1] * (dx * dx + dy * dy)


@nb.njit(parallel=True, cache=True)
def levenberg_marquardt(
    flat, m, rotations, shifts, images, transfers, weights, kx, ky, pad, size, steps, limit, anchors, origins, stiffness, cost, covariance
):
    """Refine poses in place; ``cost`` (n,) gets the final misfit, ``covariance`` (n, 5, 5) the inverse of H.

    ``weights`` is ``(groups or n, K)`` indexed by row; a step turns at most ``limit`` radians. ``stiffness`` is (1 / σ² of a
    turn in radians, 1 / σ² of a move in pixels) of a Gaussian prior about ``anchors``, ``origins``; (0, 0) for none. Marquardt's damping
    acts on the diagonal; a step that does not lower the misfit is taken back. Stops when a step gains less than 0.01 in
    log-likelihood (cost is twice minus the log-likelihood when w = 1 / σ² of a real component).
    """
    for i in nb.prange(len(rotations)):
        H, g, trial_H, trial_g = np.zeros((5, 5)), np.zeros(5), np.zeros((5, 5)), np.zeros(5)
        A, L, move, unit = np.zeros((5, 5)), np.zeros((5, 5)), np.zeros(5), np.zeros(5)
        r, trial_r = np.empty((3, 3)), np.empty((3, 3))
        for a in range(3):
            for b in range(3):
                r[a, b] = rotations[i, a, b]
        tx, ty, damping = shifts[i, 0], shifts[i, 1], 1e-2
        anchor, origin = anchors[i], origins[i]
        now = normal_equations(flat, m, r, tx, ty, images[i], transfers[i], weights[i], kx, ky, pad, size, H, g)
        now += _hold(r, tx, ty, anchor, origin, stiffness, H, g)
        for _ in range(steps):
            for a in range(5):
                for b in range(5):
                    A[a, b] = H[a, b]
                A[a, a] = H[a, a] * (1 + damping) + 1e-12
            factorise(A, L)
            solve_factorised(L, g, move)
            turned = math.sqrt(move[0] ** 2 + move[1] ** 2 + move[2] ** 2)
            if turned > limit:
                for a in range(5):
                    move[a] *= limit / turned
            turn(move, r, trial_r)
            trial_x, trial_y = tx + move[3], ty + move[4]
            then = normal_equations(
                flat, m, trial_r, trial_x, trial_y, images[i], transfers[i], weights[i], kx, ky, pad, size, trial_H, trial_g
            )
            then += _hold(trial_r, trial_x, trial_y, anchor, origin, stiffness, trial_H, trial_g)
            if then < now:
                gain = now - then
                tx, ty, now, damping = trial_x, trial_y, then, damping * 0.2
                r, trial_r = trial_r, r
                H, trial_H = trial_H, H
                g, trial_g = trial_g, g
                if gain < 2e-2:
                    break
            else:
                damping *= 8
                if damping > 1e3:
                    break
        for a in range(5):
            H[a, a] += 1e-12
        factorise(H, L)
        invert_factorised(L, unit, move, covariance[i])
        for a in range(3):
            for b in range(3):
                rotations[i, a, b] = r[a, b]
        shifts[i, 0], shifts[i, 1] = tx, ty
        cost[i] = now


@nb.njit(inline="always", fastmath=FAST)
def _cell_2d(x, y, m):
    """Flat index of the lower corner of the cell around a point of a half plane, fractions, and −1 where the mate was taken."""
    sign = np.float32(-1.0) if x < 0 else np.float32(1.0)
    x = x * sign
    y = y * sign + np.float32(m)
    x0, y0 = np.int32(x), np.int32(y)
    return np.int64(y0) * (m + 1) + x0, x - np.float32(x0), y - np.float32(y0), sign


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def slices_2d(planes, m, which, angles, kx, ky, pad, out):
    """Fill ``out[b]`` (re, im interleaved) with half plane ``which[b]`` turned from +x towards +y by ``angles[b]`` (rad).

    ``planes`` is float32 ``(classes, cells · 2)``; bilinear.
    """
    row = U(2 * (m + 1))
    for b in nb.prange(len(angles)):
        flat, to = planes[which[b]], out[b]
        c, s = np.float32(math.cos(angles[b])) * pad, np.float32(math.sin(angles[b])) * pad
        for k in range(kx.shape[0]):
            base, fx, fy, sign = _cell_2d(c * kx[k] + s * ky[k], c * ky[k] - s * kx[k], m)
            i = U(2 * base)
            a = _lerp(flat, i, U(2), fx)
            to[2 * k] = a + (_lerp(flat, i + row, U(2), fx) - a) * fy
            a = _lerp(flat, i + U(1), U(2), fx)
            to[2 * k + 1] = (a + (_lerp(flat, i + row + U(1), U(2), fx) - a) * fy) * sign


@nb.njit(parallel=True, fastmath=FAST, cache=True)
def insert_2d(planes, m, starts, angles, values, weights, kx, ky, pad):
    """Adjoint of :func:`slices_2d`: rows ``starts[p]`` to ``starts[p + 1]`` are added to plane p of (re, im, weight) cells."""
    for p in nb.prange(len(planes)):
        flat = planes[p]
        for b in range(starts[p], starts[p + 1]):
            value, weight = values[b], weights[b]
            c, s = np.float32(math.cos(angles[b])) * pad, np.float32(math.sin(angles[b])) * pad
            for k in range(kx.shape[0]):
                base, fx, fy, sign = _cell_2d(c * kx[k] + s * ky[k], c * ky[k] - s * kx[k], m)
                re, im, w = value[2 * k], value[2 * k + 1] * sign, weight[k]
                for corner in range(4):
                    dx, dy = corner & 1, corner >> 1
                    q = (fx if dx else 1 - fx) * (fy if dy else 1 - fy)
                    i = U(3 * (base + dy * (m + 1) + dx))
                    flat[i] += q * re
                    flat[i + U(1)] += q * im
                    flat[i + U(2)] += q * w
