r"""Sharpening by one B-factor: amplitudes that fall too fast are raised to where the molecule's own would be.

Sums over particles with errors of all kinds fall off as exp(−B k² / 4), k in Å⁻¹, B in Å². (The mean-square displacement σ² of a
Gaussian blur has B = 8π² σ²; B here is that of the crystallographers and of the CTF, not 2π² σ².) Beyond 10 Å a protein's own
amplitudes are about level, as those of atoms placed at random (Wilson 1942), so B is the slope of their logarithm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.numerics.filters import apply, raised_cosine
from vitreous.numerics.fourier import frequency_squared, rfftn
from vitreous.numerics.shells import shell_average, spread
from vitreous.stages.postprocess.fsc import FscCurves
from vitreous.stages.postprocess.statistics import variance

#: Å: coarser than this the molecule's shape, not its atoms, makes the amplitudes.
COARSEST = 10.0
#: A straight line through fewer shells, or one with a larger standard error (Å²) and relative error, is no measurement.
LEAST_SHELLS, LARGEST_ERROR, LARGEST_RELATIVE_ERROR = 6, 50.0, 0.5
#: Amplitudes of proteins and nucleic acid are level between 10 Å and d on average only: over that range their logarithm departs
#: from a line by about this much (six structures, 310 kDa to 3.3 MDa, d from 2.7 to 8 Å: 0.1 to 0.35).
SHAPE = 0.25
#: Shells over which the sharpened map ends.
EDGE_SHELLS = 2.0
#: Least correlation that the logarithm of the weight is taken of.
LEAST_FSC = 0.02


@dataclass(frozen=True, eq=False)
class Guinier:
    """The fall of a map's amplitudes, and the line fitted to it.

    Parameters
    ----------
    k
        Å⁻¹, by shell.
    log_amplitude
        Half the logarithm of the mean power of the masked map.
    weighted
        The same of its signal: after the weight √(2 FSC / (1 + FSC)); NaN beyond the resolution.
    b_factor, b_error
        Å² and its standard error, of the line ``intercept − b_factor k² / 4``: positive where amplitudes fall. None if not fitted.
        The error holds the scatter about the line and what the molecule's own amplitudes can do to its slope.
    intercept
        At k = 0.
    fit_range
        (coarsest, finest) Å that were fitted.
    reason
        Why nothing was fitted; empty if something was.
    """

    k: Tensor
    log_amplitude: Tensor
    weighted: Tensor
    b_factor: float | None = None
    b_error: float | None = None
    intercept: float | None = None
    fit_range: tuple[float, float] | None = None
    reason: str = ""


def fit_guinier(total: Volume, mask: Tensor, curves: FscCurves, resolution: float) -> Guinier:
    """Fit the B-factor of a map between 10 Å and its resolution.

    Parameters
    ----------
    total
        Mean of the half-maps.
    mask
        In [0, 1].
    curves
        Correlations of the half-maps under that mask.
    resolution
        Å, of the whole map.

    Returns
    -------
    Guinier
        With ``b_factor`` None and a reason if the map is coarser than 10 Å or the fit is no measurement.

    Notes
    -----
    Rosenthal & Henderson 2003, J. Mol. Biol. 333:721; Fernández et al. 2008, J. Struct. Biol. 164:170. The power of the signal is
    the measured one times 2 FSC / (1 + FSC), whose expectation it is. Each shell's weight is 1 / (s² + t²): s² is the sampling
    variance of its logarithm, t² that part of the scatter about the line which s² leaves unexplained, equal for all shells: a
    protein's amplitudes are level on average only.
    """
    power = shell_average(rfftn(total.values.float() * mask.to(total.values)).abs() ** 2, total.shape).cpu()
    log_amplitude = 0.5 * power.clamp_min(torch.finfo(torch.float32).tiny).log()
    fsc, last = curves.corrected.clamp(LEAST_FSC, 1.0), 1 / resolution
    weighted = torch.where(curves.k <= last * 1.000001, log_amplitude + 0.5 * torch.log(2 * fsc / (1 + fsc)), math.nan)
    empty = Guinier(curves.k, log_amplitude, weighted)
    if resolution > COARSEST:
        return _declined(empty, f"the map ends at {resolution:.3g} Å, before the {COARSEST:g} Å from which amplitudes are level")
    rows = (curves.k >= 1 / COARSEST) & torch.isfinite(weighted)
    if int(rows.sum()) < LEAST_SHELLS:
        return _declined(empty, f"only {int(rows.sum())} shells lie between {COARSEST:g} Å and {resolution:.3g} Å")
    n, r = curves.samples[rows], fsc[rows]
    sampling = 0.25 * (2 / n + variance(r, n) / (r * (1 + r)) ** 2)
    x = curves.k[rows] ** 2 / 4
    slope, intercept, scatter = fit_line(x, weighted[rows], sampling)
    error = math.hypot(scatter, SHAPE / float(x[-1] - x[0]))
    if error > max(LARGEST_ERROR, LARGEST_RELATIVE_ERROR * abs(slope)):
        return _declined(empty, f"the slope is uncertain: {-slope:.0f} ± {error:.0f} Å²")
    coarsest = 1 / float(curves.k[rows][0])
    return Guinier(curves.k, log_amplitude, weighted, -slope, error, intercept, (coarsest, 1 / float(curves.k[rows][-1])))


def _declined(empty: Guinier, reason: str) -> Guinier:
    return Guinier(empty.k, empty.log_amplitude, empty.weighted, reason=reason)


def fit_line(x: Tensor, y: Tensor, sampling: Tensor) -> tuple[float, float, float]:
    """Weighted straight line whose scatter may exceed the sampling variance: (slope, intercept, standard error of the slope).

    The excess, equal for all points, is found by Paule & Mandel's condition χ² = points − 2 (1982, J. Res. NBS 87:377).
    """
    low, high = 0.0, float(y.var()) + 1e-12
    if _line(x, y, sampling)[3] > len(x) - 2:
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if _line(x, y, sampling + middle)[3] > len(x) - 2 else (low, middle)
    else:
        high = 0.0
    slope, intercept, error, _ = _line(x, y, sampling + high)
    return slope, intercept, error


def _line(x: Tensor, y: Tensor, spread_: Tensor) -> tuple[float, float, float, float]:
    weight = 1 / spread_
    total = weight.sum()
    x_mean, y_mean = (weight * x).sum() / total, (weight * y).sum() / total
    lever = (weight * (x - x_mean) ** 2).sum()
    slope = (weight * (x - x_mean) * (y - y_mean)).sum() / lever
    intercept = y_mean - slope * x_mean
    misfit = (weight * (y - intercept - slope * x) ** 2).sum()
    return float(slope), float(intercept), float(lever.rsqrt()), float(misfit)


def sharpen(total: Volume, fsc: Tensor, resolution: float, b_factor: float | None) -> Volume:
    """Weight, sharpen and end a map.

    Parameters
    ----------
    total
        Mean of the half-maps.
    fsc
        Corrected correlation of the halves by shell.
    resolution
        Å, where the map ends, over two shells.
    b_factor
        Å², positive where amplitudes fall; None for the weight alone.

    Returns
    -------
    Volume
        Transform times exp(B k² / 4) √(2 FSC / (1 + FSC)), the figure of merit of the whole map (Rosenthal & Henderson 2003,
        eq. 14).
    """
    squared = frequency_squared(total.shape, total.voxel_size, like=total.values.float())
    r = fsc.clamp(0.0, 1.0)
    merit = spread((2 * r / (1 + r)).sqrt().float().to(total.values.device), total.shape)
    end = raised_cosine(squared.sqrt(), 1 / resolution, EDGE_SHELLS / (total.shape[0] * total.voxel_size))
    gain = torch.exp((b_factor or 0.0) / 4 * squared.clamp_max((1.2 / resolution) ** 2)) * merit * end
    return Volume(apply(total.values.float(), gain, axes=3), total.voxel_size, total.corner)
