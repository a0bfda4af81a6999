"""Correlations of images and views, fairly compared: far from focus all are high, near to it all are low."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Particles of one bin of defocus, at least, and bins at most.
LEAST_IN_BIN, MOST_BINS = 40, 12


def defocus_bins(defocus: NDArray) -> NDArray:
    """Bin of each particle, int64 ``(n,)``: bins of one number of particles each, by mean defocus.

    Parameters
    ----------
    defocus
        Mean of u and v in Å, ``(n,)``. Equal values share a bin: particles of one defocus are one bin.
    """
    bins = max(1, min(MOST_BINS, len(defocus) // LEAST_IN_BIN))
    edges = np.unique(np.quantile(defocus, np.arange(1, bins) / bins)) if len(defocus) else np.zeros(0)
    return np.unique(np.searchsorted(edges, defocus, side="right"), return_inverse=True)[1]


def percentiles(correlation: NDArray, bins: NDArray) -> NDArray:
    """Rank of each correlation within its bin, (rank − ½) / number: 0 to 1, even in every bin whatever its defocus."""
    out = np.empty(len(correlation))
    for each in np.unique(bins):
        rows = np.flatnonzero(bins == each)
        out[rows[np.argsort(correlation[rows], kind="stable")]] = (np.arange(len(rows)) + 0.5) / len(rows)
    return out
