"""Histograms of whatever comes: none, one, all the same, not all finite."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vitreous.views.marks import Bars
from vitreous.views.palette import Colour


def histogram(
    values: ArrayLike,
    *,
    bins: int | None = None,
    limits: tuple[float, float] | None = None,
    colour: Colour = "blue",
    label: str = "",
) -> Bars:
    """Count the finite values in equal bins: twice the cube root of their number (Rice's rule), at least 5, at most 60.

    Parameters
    ----------
    values
        Any shape.
    bins
        Their number.
    limits
        Range; values outside are counted in the outermost bins.
    colour, label
        Of the bars.
    """
    finite = np.ravel(np.asarray(values, dtype=float))
    finite = finite[np.isfinite(finite)]
    low, high = limits or ((float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0))
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    count = bins or int(np.clip(np.ceil(2 * np.cbrt(finite.size)), 5, 60))
    heights, edges = np.histogram(finite.clip(low, high), bins=count, range=(low, high))
    return Bars(edges=edges, heights=heights, colour=colour, label=label)
