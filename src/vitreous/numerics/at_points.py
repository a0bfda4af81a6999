"""A map between its voxels: values and slopes at points, linear along each axis."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True)
def value_at(values, x, y, z):
    """The value at a point in voxels; 0 outside the grid."""
    x0, y0, z0 = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    if x0 < 0 or y0 < 0 or z0 < 0 or x0 + 1 >= values.shape[2] or y0 + 1 >= values.shape[1] or z0 + 1 >= values.shape[0]:
        return 0.0
    a, b, c = x - x0, y - y0, z - z0
    low = (1 - b) * ((1 - a) * values[z0, y0, x0] + a * values[z0, y0, x0 + 1])
    low += b * ((1 - a) * values[z0, y0 + 1, x0] + a * values[z0, y0 + 1, x0 + 1])
    high = (1 - b) * ((1 - a) * values[z0 + 1, y0, x0] + a * values[z0 + 1, y0, x0 + 1])
    high += b * ((1 - a) * values[z0 + 1, y0 + 1, x0] + a * values[z0 + 1, y0 + 1, x0 + 1])
    return (1 - c) * low + c * high


@numba.njit(cache=True)
def _values(values, points, out):
    for i in range(len(points)):
        out[i] = value_at(values, points[i, 0], points[i, 1], points[i, 2])


def values_at(values: NDArray, points: NDArray) -> NDArray[np.float64]:
    """Values of a map at points.

    Parameters
    ----------
    values
        ``(z, y, x)``, float32.
    points
        ``(..., 3)``: (x, y, z) in voxels, counted from voxel (0, 0, 0).

    Returns
    -------
    ndarray
        ``(...)``; 0 outside the grid.
    """
    flat = np.ascontiguousarray(points, np.float64).reshape(-1, 3)
    out = np.empty(len(flat))
    _values(np.ascontiguousarray(values, np.float32), flat, out)
    return out.reshape(points.shape[:-1])


@numba.njit(cache=True)
def _slopes(values, points, out):
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        out[i, 0] = value_at(values, x, y, z)
        out[i, 1] = value_at(values, x + 0.5, y, z) - value_at(values, x - 0.5, y, z)
        out[i, 2] = value_at(values, x, y + 0.5, z) - value_at(values, x, y - 0.5, z)
        out[i, 3] = value_at(values, x, y, z + 0.5) - value_at(values, x, y, z - 0.5)


def slopes_at(values: NDArray, points: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values ``(n,)`` and slopes ``(n, 3)`` along (x, y, z) per voxel, by differences over one voxel; arguments as :func:`values_at`."""
    out = np.empty((len(points), 4))
    _slopes(np.ascontiguousarray(values, np.float32), np.ascontiguousarray(points, np.float64), out)
    return out[:, 0], out[:, 1:]
