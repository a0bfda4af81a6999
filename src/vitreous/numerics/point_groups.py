"""Points that lie in heaps: how many heaps, and which point is in which.

k-means (Lloyd 1982, IEEE Trans. Inf. Theory 28:129) from the centres of farthest-first traversal (Gonzalez 1985, Theor. Comput. Sci.
38:293), which in well separated heaps gives each one centre. The number of heaps is that of the largest silhouette (Rousseeuw 1987, J.
Comput. Appl. Math. 20:53) with distances to centres instead of points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vitreous.errors import require

#: Silhouette below which there is one heap. In 2-D, 30 to 2000 points: normal 0.57, uniform square 0.58, uniform line 0.73; heaps
#: on a square grid, with a deviation of 0.1 of its spacing 0.85, of 0.15 0.76.
LEAST_SILHOUETTE = 0.75
#: Points that the number of heaps is chosen with.
SAMPLE = 800
ROUNDS = 4


def point_groups(points: NDArray[np.floating], most: int = 150) -> NDArray[np.int64]:
    """Give the heap of every point.

    Parameters
    ----------
    points
        ``(n, dimensions)``, finite; all dimensions of one unit.
    most
        Largest number of heaps to think of; also at most a third of the points.

    Returns
    -------
    ndarray
        ``(n,)`` from 0, numbered as they first occur. All 0 where there are no heaps. Points and scale decide alone: there is
        no chance in it.

    Raises
    ------
    InputError
        If the points are not a finite table.
    """
    points = np.asarray(points, np.float64)
    require(points.ndim == 2 and bool(np.isfinite(points).all()), "points", points.shape, "finite, (n, dimensions)")
    sample = points[np.linspace(0, len(points) - 1, min(SAMPLE, len(points))).astype(int)]
    best, chosen = LEAST_SILHOUETTE, None
    seeds = _far_apart(sample, min(most, len(sample) // 3))
    for count in range(2, len(seeds) + 1):
        centres = _settled(sample, seeds[:count])
        silhouette = _silhouette(sample, centres)
        if silhouette > best:
            best, chosen = silhouette, centres
    if chosen is None:
        return np.zeros(len(points), np.int64)
    return _as_they_occur(_nearest(points, _settled(points, chosen)))


def _far_apart(points: NDArray, count: int) -> NDArray:
    """Points each as far as can be from those before it, the first from the mean; fewer where all points are among them."""
    distance = ((points - points.mean(0)) ** 2).sum(1) if len(points) else np.zeros(0)
    chosen: list[int] = []
    while len(chosen) < count and distance.max() > 0:
        chosen.append(int(distance.argmax()))
        own = ((points - points[chosen[-1]]) ** 2).sum(1)
        distance = own if len(chosen) == 1 else np.minimum(distance, own)
    return points[chosen]


def _nearest(points: NDArray, centres: NDArray) -> NDArray[np.int64]:
    return cKDTree(centres).query(points)[1]


def _settled(points: NDArray, centres: NDArray) -> NDArray:
    """Centres after some rounds of k-means; one that lost all points stays where it was."""
    for _ in range(ROUNDS):
        labels = _nearest(points, centres)
        counts = np.bincount(labels, minlength=len(centres))[:, None]
        sums = np.stack([np.bincount(labels, column, len(centres)) for column in points.T], -1)
        centres = np.where(counts > 0, sums / np.maximum(counts, 1), centres)
    return centres


def _silhouette(points: NDArray, centres: NDArray) -> float:
    """Mean of (b - a) / max(a, b): a to the mean of the others of the same heap, b to the nearest other centre; 0 for one alone."""
    distance, order = cKDTree(centres).query(points, k=2)
    size = np.bincount(order[:, 0], minlength=len(centres))[order[:, 0]]
    own, other = distance[:, 0] * size / np.maximum(size - 1, 1), distance[:, 1]
    # A point on its centre and on no other is wholly at home, also where all of a heap coincide.
    scale = np.maximum(np.maximum(own, other), np.finfo(float).tiny)
    return float(np.where(size > 1, (other - own) / scale, 0).mean())


def _as_they_occur(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]
