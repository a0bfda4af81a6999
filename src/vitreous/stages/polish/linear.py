r"""Straight tracks, shared by neighbours: particle polishing as it was done first.

Particles are found in running averages of the frames, and each gets the straight line that it and its neighbours follow best,

    min_{α,β} Σ_{p'} w_{p'} Σ_f (Δx_{p'f} − α_p − β_p f)²,   w_{p'} = exp(−|r_p − r_{p'}|² / 2σ²)

(Scheres 2014, eLife 3:e03665). With equal weights it is one regression for all particles.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.stages.polish.correlation import Fits


def running_sums(fits: Fits, frames: int) -> Fits:
    """ℓ of the sum of ``frames`` frames about each, fewer at the ends; the log-likelihood of images that share a shift is a sum."""
    require(frames >= 1 and frames % 2 == 1, "frames of a running average", frames, "an odd number")
    count, half = fits.coefficients.shape[1], frames // 2
    total = np.cumsum(np.pad(fits.coefficients, ((0, 0), (1, 0), (0, 0), (0, 0))), axis=1, dtype=np.float64)
    f = np.arange(count)
    window = total[:, np.minimum(f + half + 1, count)] - total[:, np.maximum(f - half, 0)]
    return replace(fits, coefficients=window.astype(np.float32))


def linear_tracks(shifts: NDArray, places: NDArray, sigma: float) -> NDArray[np.float64]:
    """Straight tracks through measured shifts.

    Parameters
    ----------
    shifts
        ``(P, frames, 2)`` in Å, Δx.
    places
        ``(P, 2)`` in Å.
    sigma
        σ of the neighbours' weights, Å; infinity weighs all alike.

    Returns
    -------
    ndarray
        α_p + β_p f, like ``shifts``.

    Raises
    ------
    InputError
        If σ is not positive.
    """
    require(sigma > 0, "sigma", sigma, "positive, in Å")
    apart = np.linalg.norm(places[:, None] - places[None, :], axis=-1)
    weights = np.exp(-0.5 * (apart / sigma) ** 2)
    near = np.einsum("pq,qfa->pfa", weights / weights.sum(1, keepdims=True), shifts)
    f = np.arange(shifts.shape[1]) - 0.5 * (shifts.shape[1] - 1)
    alpha = near.mean(1)
    beta = np.einsum("f,pfa->pa", f, near) / max(float(f @ f), 1.0)
    return alpha[:, None] + beta[:, None] * f[:, None]
