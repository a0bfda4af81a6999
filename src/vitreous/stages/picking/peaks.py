"""Peaks of a map of scores: highest first, none closer than a distance, to a fraction of a pixel."""

from __future__ import annotations

import numpy as np
from torch import Tensor


def find_peaks(score: Tensor, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Local maxima above 0, thinned greedily from the highest down.

    Parameters
    ----------
    score
        ``(y, x)``.
    distance
        No two results are closer, pixels.

    Returns
    -------
    points
        float64 ``(n, 2)``, (x, y), refined by a parabola along each axis.
    height
        float64 ``(n,)``, falling.
    """
    from scipy.ndimage import maximum_filter

    values = score.numpy()
    highest = maximum_filter(values, size=2 * max(1, int(distance / 4)) + 1)
    y, x = np.nonzero((values == highest) & (values > 0))
    order = np.argsort(-values[y, x], kind="stable")
    y, x = y[order], x[order]
    kept = _thin(np.stack([x, y], 1).astype(np.float64), distance)
    y, x = y[kept], x[kept]
    points = np.stack([x + _vertex(values, y, x, 0, 1), y + _vertex(values, y, x, 1, 0)], 1)
    return points, values[y, x].astype(np.float64)


def _thin(points: np.ndarray, distance: float) -> np.ndarray:
    """Indices that survive when each point, in order, removes later ones nearer than ``distance``."""
    from scipy.spatial import cKDTree

    alive = np.ones(len(points), dtype=bool)
    if len(points) == 0:
        return np.flatnonzero(alive)
    near = cKDTree(points).query_ball_point(points, distance)
    for i, others in enumerate(near):
        if alive[i]:
            alive[[j for j in others if j > i]] = False
    return np.flatnonzero(alive)


def _vertex(values: np.ndarray, y: np.ndarray, x: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Offset of the parabola's top through three neighbours, -0.5 to 0.5; 0 at the edge or on a plateau."""
    rows, columns = values.shape
    inside = (y >= dy) & (x >= dx) & (y + dy < rows) & (x + dx < columns)
    before = values[np.maximum(y - dy, 0), np.maximum(x - dx, 0)]
    after = values[np.minimum(y + dy, rows - 1), np.minimum(x + dx, columns - 1)]
    bend = before - 2 * values[y, x] + after
    good = inside & (bend < 0) & (np.minimum(before, after) > -1)
    return np.where(good, 0.5 * (before - after) / np.where(good, bend, 1.0), 0.0).clip(-0.5, 0.5)
