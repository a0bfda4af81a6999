"""Move a picture along a smooth field by cubic B-splines, sharpened in Fourier space so that nothing is blurred.

The picture's transform is first divided by that of the sampled B-spline (:func:`spline_gain`), which makes it the spline's
coefficients; the spline through them is the picture itself at the pixels, and follows it between them to a few parts in a
thousand below half the Nyquist frequency (Unser, Aldroubi & Eden 1993, IEEE Trans. Signal Process. 41:821, eq. 3.1).
"""

from __future__ import annotations

import math

import numba
import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.fourier import axis_frequencies

#: Pixels between the nodes at which the field is given; it is linear between them.
NODE_STEP = 16


def spline_gain(shape: tuple[int, int]) -> Tensor:
    """1 / transform of the sampled cubic B-spline, (2 + cos 2πk) / 3 along each axis, on the half grid of ``shape``."""
    down = (2 + torch.cos(2 * math.pi * axis_frequencies(shape[0]))) / 3
    across = (2 + torch.cos(2 * math.pi * axis_frequencies(shape[1], half=True))) / 3
    return 1 / (down[:, None] * across)


def nodes(size: int) -> np.ndarray:
    """Pixels at which a field must be given along an axis of ``size`` pixels: 0, 16, … to the last pixel or beyond."""
    return np.arange(0, size + NODE_STEP, NODE_STEP)


@numba.njit(inline="always", fastmath=True)
def _weights(t):
    u = 1 - t
    return u * u * u / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * u * u + 3 * u * u * u) / 6, t * t * t / 6


@numba.njit(parallel=True, fastmath=True, cache=True)
def _warp(coefficients, source, out):
    height, width = coefficients.shape
    one = np.float32(1)
    for row in numba.prange(out.shape[0]):
        n, b = row // NODE_STEP, np.float32(row % NODE_STEP) / np.float32(NODE_STEP)
        line = source[n] * (one - b) + source[n + 1] * b
        for column in range(out.shape[1]):
            m, a = column // NODE_STEP, np.float32(column % NODE_STEP) / np.float32(NODE_STEP)
            x = line[m, 0] * (one - a) + line[m + 1, 0] * a
            y = line[m, 1] * (one - a) + line[m + 1, 1] * a
            x0 = min(max(math.floor(x), 1), width - 3)
            y0 = min(max(math.floor(y), 1), height - 3)
            ax, bx, cx, dx = _weights(x - np.float32(x0))
            ay, by, cy, dy = _weights(y - np.float32(y0))
            total = np.float32(0)
            for j, v in ((-1, ay), (0, by), (1, cy), (2, dy)):
                k = y0 + j
                total += v * (ax * coefficients[k, x0 - 1] + bx * coefficients[k, x0]
                              + cx * coefficients[k, x0 + 1] + dx * coefficients[k, x0 + 2])  # fmt: skip
            out[row, column] = total


def warp(coefficients: Tensor, source: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Picture whose pixel (x, y) shows what lies at ``source`` in another.

    Parameters
    ----------
    coefficients
        Spline coefficients, float32 ``(y, x)``.
    source
        ``(nodes(y), nodes(x), 2)``: for pixels at the nodes, (x, y) in pixels of the coefficients, at least 2 from their edge.
    shape
        (y, x) of the result.

    Returns
    -------
    ndarray
        float32.
    """
    out = np.empty(shape, np.float32)
    _warp(coefficients.contiguous().numpy(), np.ascontiguousarray(source, np.float32), out)
    return out
