"""Rays through a map until they meet its surface: one loop a ray, in leaps where nothing is near."""

from __future__ import annotations

import numba as nb
import numpy as np

#: Voxels of the shortest step.
LEAST_STEP = 0.6


@nb.njit(cache=True)
def _clamped(values, x, y, z):
    """Trilinear value at a point in voxels; beyond the border that of the border."""
    deep, high, wide = values.shape
    x, y, z = min(max(x, 0.0), wide - 1.0), min(max(y, 0.0), high - 1.0), min(max(z, 0.0), deep - 1.0)
    i, j, k = min(int(x), wide - 2), min(int(y), high - 2), min(int(z), deep - 2)
    a, b, c = x - i, y - j, z - k
    total = 0.0
    for corner in range(8):
        dx, dy, dz = corner & 1, (corner >> 1) & 1, corner >> 2
        weight = (a if dx else 1 - a) * (b if dy else 1 - b) * (c if dz else 1 - c)
        total += weight * values[k + dz, j + dy, i + dx]
    return total


@nb.njit(parallel=True, cache=True)
def _march(values, steps, start, direction, reach, distance, hit):
    scale = (steps.shape[0] - 1.0) / (values.shape[0] - 1.0)
    for ray in nb.prange(len(start)):
        along, last, before = 0.0, 0.0, -1.0
        while along < reach:
            x, y, z = start[ray, 0] + along * direction[0], start[ray, 1] + along * direction[1], start[ray, 2] + along * direction[2]
            value = _clamped(values, x, y, z)
            if value > 0:
                distance[ray] = last + min(max(before / (before - value), 0.0), 1.0) * (along - last)
                hit[ray] = True
                break
            last, before = along, value
            along += max(_clamped(steps, x * scale, y * scale, z * scale), LEAST_STEP)


def march(
    values: np.ndarray, steps: np.ndarray, start: np.ndarray, direction: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Distance along each ray to the surface, and whether it meets one.

    Parameters
    ----------
    values
        Positive inside, float32 ``(n, n, n)``, n ≥ 2.
    steps
        Voxels of ``values`` that are surely free in every direction, on a coarser cube over the same field.
    start
        Where rays begin, (x, y, z) in voxels, ``(r, 3)``.
    direction
        Of all rays, ``(3,)``, of length 1.
    reach
        Voxels after which a ray is given up.

    Returns
    -------
    tuple
        float32 and bool, ``(r,)``; distance 0 where nothing was met.
    """
    distance, hit = np.zeros(len(start), np.float32), np.zeros(len(start), np.bool_)
    held = (np.ascontiguousarray(each, np.float32) for each in (values, steps, start, direction))
    _march(*held, float(reach), distance, hit)
    return distance, hit
