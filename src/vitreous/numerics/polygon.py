"""Points inside a polygon."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def inside_polygon(x: ArrayLike, y: ArrayLike, corners: ArrayLike) -> NDArray[np.bool_]:
    """Say which points lie inside a closed polygon.

    Parameters
    ----------
    x, y
        Coordinates, ``(n,)``, in any units.
    corners
        ``(m, 2)`` in the same units, in order; the last is joined to the first. The polygon may be concave, and may cross itself.

    Returns
    -------
    ndarray
        Bool ``(n,)``; false where a coordinate is not finite. A point exactly on an edge belongs to one of the sides.

    Notes
    -----
    A ray to larger x crosses the edges an odd number of times (the even-odd rule; Haines 1994, "Point in polygon strategies",
    Graphics Gems IV). Edge (a, b) is crossed by the ray at y if min(a_y, b_y) ≤ y < max(a_y, b_y) and
    x < a_x + (y − a_y)(b_x − a_x) / (b_y − a_y). Points are sorted by y, so that each edge meets only those between its ends.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    starts = np.asarray(corners, np.float64).reshape(-1, 2)
    (left, low), (right, high) = starts.min(0), starts.max(0)
    near = np.flatnonzero((x >= left) & (x <= right) & (y >= low) & (y <= high))
    near = near[np.argsort(y[near])]
    u, v = x[near], y[near]
    odd = np.zeros(len(near), bool)
    for (ax, ay), (bx, by) in zip(starts, np.roll(starts, -1, axis=0)):
        first, last = np.searchsorted(v, sorted((ay, by)))
        if first < last:
            odd[first:last] ^= u[first:last] < ax + (v[first:last] - ay) * ((bx - ax) / (by - ay))
    inside = np.zeros(len(x), bool)
    inside[near] = odd
    return inside
