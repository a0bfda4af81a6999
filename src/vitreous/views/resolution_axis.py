"""A second reading of spatial frequency: resolution in Å."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.figure import Axis

#: Å, at which marks are put as long as they stay apart.
ROUND = (100.0, 50.0, 30.0, 20.0, 15.0, 12.0, 10.0, 8.0, 7.0, 6.0, 5.0, 4.5, 4.0, 3.5, 3.0, 2.7, 2.5, 2.2, 2.0, 1.8, 1.6,
         1.5, 1.4, 1.3, 1.2, 1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5)  # fmt: skip


def angstrom_axis(k: ArrayLike, *, apart: float = 0.085, squared: bool = False) -> Axis:
    """Marks at round resolutions within the range of ``k``.

    Parameters
    ----------
    k
        The frequencies shown, Å⁻¹.
    apart
        Least distance of two marks, as a share of the range.
    squared
        Whether the axis below shows k² instead of k.
    """
    k = np.asarray(k, dtype=float)
    power = 2 if squared else 1
    most = float(np.nanmax(k)) ** power if np.isfinite(k).any() else 1.0
    ticks: list[tuple[float, str]] = []
    last = -np.inf
    for resolution in ROUND:
        at = (1 / resolution) ** power
        if at <= most * 1.02 and at - last >= apart * most:
            ticks.append((at, f"{resolution:g}"))
            last = at
    return Axis("Resolution", "Å", ticks=tuple(ticks))
