"""Points inside a polygon."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Points looked at in one go.
AT_ONCE = 1 << 16


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
    Graphics Gems IV). Edge (a, b) is crossed if one end lies above the ray and the other not, and if
    x < a_x + (y − a_y)(b_x − a_x) / (b_y − a_y).
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    starts = np.asarray(corners, np.float64).reshape(-1, 2)
    ends = np.roll(starts, -1, axis=0)
    level = starts[:, 1] != ends[:, 1]
    edges = np.concatenate([starts, ends], axis=1)[level]
    inside = np.zeros(len(x), bool)
    for first in range(0, len(x), AT_ONCE):
        rows = slice(first, first + AT_ONCE)
        inside[rows] = _odd(x[rows], y[rows], edges)
    return inside & np.isfinite(x) & np.isfinite(y)


def _odd(x: NDArray, y: NDArray, edges: NDArray) -> NDArray[np.bool_]:
    odd = np.zeros(len(x), bool)
    for ax, ay, bx, by in edges:
        across = (ay > y) != (by > y)
        odd[across] ^= x[across] < ax + (y[across] - ay) * ((bx - ax) / (by - ay))
    return odd
