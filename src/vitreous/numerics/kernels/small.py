"""Small systems and rotations written out, for loops that solve one for each image.

The library's own solvers are called through descriptions of arrays and tests for errors that take a compiler longer than all the rest of
such a loop.
"""

from __future__ import annotations

import math

import numba as nb

#: A pivot that rounding brought below this is taken as this.
LEAST_PIVOT = 1e-300


@nb.njit(cache=True)
def factorise(A, L):
    """Lower triangle L with L Lᵀ = A, positive definite ``(n, n)`` (Cholesky)."""
    for i in range(A.shape[0]):
        for j in range(i + 1):
            total = A[i, j]
            for k in range(j):
                total -= L[i, k] * L[j, k]
            L[i, j] = math.sqrt(max(total, LEAST_PIVOT)) if i == j else total / L[j, j]


@nb.njit(cache=True)
def solve_factorised(L, b, x):
    """``x`` with L Lᵀ x = b, all ``(n,)``."""
    n = len(b)
    for i in range(n):
        total = b[i]
        for k in range(i):
            total -= L[i, k] * x[k]
        x[i] = total / L[i, i]
    for i in range(n - 1, -1, -1):
        total = x[i]
        for k in range(i + 1, n):
            total -= L[k, i] * x[k]
        x[i] = total / L[i, i]


@nb.njit(cache=True)
def invert_factorised(L, unit, column, out):
    """``out = (L Lᵀ)⁻¹``; ``unit`` and ``column`` ``(n,)`` are room to work in."""
    n = len(unit)
    for j in range(n):
        for i in range(n):
            unit[i] = 1.0 if i == j else 0.0
        solve_factorised(L, unit, column)
        for i in range(n):
            out[i, j] = column[i]


@nb.njit(cache=True)
def turn(w, r, out):
    """``out = exp([w]) r``: ``r`` ``(3, 3)`` turned by the rotation vector in the first three of ``w``, radians (Rodrigues)."""
    x, y, z = w[0], w[1], w[2]
    angle = math.sqrt(x * x + y * y + z * z)
    if angle < 1e-12:
        s, c = 1.0, 0.0
    else:
        s, c = math.sin(angle) / angle, (1 - math.cos(angle)) / angle**2
    e00, e11, e22 = 1 - c * (y * y + z * z), 1 - c * (x * x + z * z), 1 - c * (x * x + y * y)
    e01, e02, e12 = c * x * y, c * x * z, c * y * z
    for k in range(3):
        a, b, d = r[0, k], r[1, k], r[2, k]
        out[0, k] = e00 * a + (e01 - s * z) * b + (e02 + s * y) * d
        out[1, k] = (e01 + s * z) * a + e11 * b + (e12 - s * x) * d
        out[2, k] = (e02 - s * y) * a + (e12 + s * x) * b + e22 * d


@nb.njit(cache=True)
def turn_between(r, anchor, out):
    """Rotation vector of r anchorᵀ, for turns below 180°, into the first three of ``out``."""
    m01 = m02 = m10 = m12 = m20 = m21 = trace = 0.0
    for k in range(3):
        m01 += r[0, k] * anchor[1, k]
        m02 += r[0, k] * anchor[2, k]
        m10 += r[1, k] * anchor[0, k]
        m12 += r[1, k] * anchor[2, k]
        m20 += r[2, k] * anchor[0, k]
        m21 += r[2, k] * anchor[1, k]
        trace += r[0, k] * anchor[0, k] + r[1, k] * anchor[1, k] + r[2, k] * anchor[2, k]
    x, y, z = m21 - m12, m02 - m20, m10 - m01
    sine = 0.5 * math.sqrt(x * x + y * y + z * z)
    scale = 0.5 if sine < 1e-12 else 0.5 * math.atan2(sine, 0.5 * (trace - 1.0)) / sine
    out[0], out[1], out[2] = scale * x, scale * y, scale * z
