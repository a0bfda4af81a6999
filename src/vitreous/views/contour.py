"""At which density the surface of a map is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.errors import require

#: Å³ of a dalton of protein.
VOLUME_PER_DALTON = 1.21


def contour_level(volume: ArrayLike, voxel_size: float, *, mass: float | None = None, sigma: float | None = None) -> float:
    """A density at which to draw the surface.

    Parameters
    ----------
    volume
        ``(z, y, x)``, density bright.
    voxel_size
        Å.
    mass
        kDa; the level then encloses 1.21 Å³ a dalton.
    sigma
        Standard deviations above the mean; used without a mass.

    Returns
    -------
    float
        Without either: Otsu's threshold (1979, IEEE Trans. SMC 9:62) of the voxels that are above the mean of the map.
    """
    values = np.asarray(volume, dtype=np.float64)
    values = values[np.isfinite(values)]
    require(values.size > 0, "a map", "no finite voxel", "finite")
    if mass is not None:
        voxels = mass * 1e3 * VOLUME_PER_DALTON / voxel_size**3
        share = float(np.clip(voxels / np.size(volume), 1e-5, 0.9))
        return float(np.quantile(values, 1 - share))
    if sigma is not None:
        return float(values.mean() + sigma * values.std())
    return _otsu(values[values > values.mean()])


def _otsu(values: NDArray) -> float:
    if values.size == 0 or np.ptp(values) == 0:
        return float(values.max()) if values.size else 0.0
    counts, edges = np.histogram(values, 256)
    middle = 0.5 * (edges[1:] + edges[:-1])
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middle)
    apart = (sums / np.maximum(below, 1) - (sums[-1] - sums) / np.maximum(above, 1)) ** 2
    return float(edges[1:][np.argmax(below * above * apart)])
