r"""Sharpening by one B-factor: amplitudes that fall too fast are raised to where the molecule's own would be.

Sums over particles with errors of all kinds fall off as exp(−B k² / 4), k in Å⁻¹, B in Å². (The mean-square displacement σ² of a
Gaussian blur has B = 8π² σ²; B here is that of the crystallographers and of the CTF, not 2π² σ².) Two lines measure it
(:mod:`vitreous.inference.fall_off`): the one from 10 Å with level amplitudes, which other programs quote and which counts here where
it is sure enough; and the one from 20 Å against the amplitudes of molecules, which counts for coarser maps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.inference.fall_off import COARSEST, LARGEST_ERROR_AT_LIMIT, FallOff, fall_off
from vitreous.numerics.correlation_statistics import variance
from vitreous.numerics.filters import apply, raised_cosine
from vitreous.numerics.fourier import frequency_squared, rfftn
from vitreous.numerics.shells import shell_average, spread
from vitreous.stages.postprocess.fsc import FscCurves

#: Shells over which the sharpened map ends.
EDGE_SHELLS = 2.0
#: Least correlation that the logarithm of the weight is taken of.
LEAST_FSC = 0.02


@dataclass(frozen=True, eq=False)
class Guinier:
    """The fall of a map's amplitudes, and the lines fitted to it.

    Parameters
    ----------
    k
        Å⁻¹, by shell.
    log_amplitude
        Half the logarithm of the mean power of the masked map.
    weighted
        The same of its signal: after the weight √(2 FSC / (1 + FSC)); NaN beyond the resolution.
    level, molecular
        The line from 10 Å against level amplitudes, and that from 20 Å against those of molecules; None with too few shells.
    reason
        Why neither counts; empty if one does.
    """

    k: Tensor
    log_amplitude: Tensor
    weighted: Tensor
    level: FallOff | None = None
    molecular: FallOff | None = None
    reason: str = ""

    @property
    def line(self) -> FallOff | None:
        """The one that counts: ``level`` where it leaves the amplitude at the limit sure to a factor 1.6, else ``molecular``, else None."""
        return next((each for each in (self.level, self.molecular) if each and each.useful), None)

    @property
    def b_factor(self) -> float | None:
        """Å² of exp(−B k² / 4), positive where amplitudes fall; None if nothing could be fitted."""
        return self.line.b_factor if self.line else None

    @property
    def b_error(self) -> float | None:
        """Standard error of it, Å²: the scatter about the line and what the molecule's own amplitudes can do to its slope."""
        return self.line.b_error if self.line else None

    @property
    def intercept(self) -> float | None:
        """ln amplitude of the line at k = 0."""
        return self.line.intercept if self.line else None

    @property
    def fit_range(self) -> tuple[float, float] | None:
        """(coarsest, finest) Å that were fitted."""
        return self.line.fit_range if self.line else None


def fit_guinier(total: Volume, mask: Tensor, curves: FscCurves, resolution: float) -> Guinier:
    """Fit the B-factor of a map.

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
        With ``b_factor`` None and a reason where the amplitude at the resolution would not be known to a factor of 1.6: maps coarser
        than some 15 Å, or boxes of few shells.

    Notes
    -----
    Rosenthal & Henderson 2003, J. Mol. Biol. 333:721; Fernández et al. 2008, J. Struct. Biol. 164:170. The power of the signal is
    the measured one times 2 FSC / (1 + FSC), whose expectation it is; the variance of its logarithm is that of power and FSC.
    """
    power = shell_average(rfftn(total.values.float() * mask.to(total.values)).abs() ** 2, total.shape).cpu()
    log_amplitude = 0.5 * power.clamp_min(torch.finfo(torch.float32).tiny).log()
    fsc, last = curves.corrected.clamp(LEAST_FSC, 1.0), 1 / resolution
    weighted = torch.where(curves.k <= last * 1.000001, log_amplitude + 0.5 * torch.log(2 * fsc / (1 + fsc)), math.nan)
    sampling = 0.25 * (2 / curves.samples + variance(fsc, curves.samples) / (fsc * (1 + fsc)) ** 2)
    level, molecular = (fall_off(curves.k, weighted, sampling, resolution, expected) for expected in ("level", "molecular"))
    return Guinier(curves.k, log_amplitude, weighted, level, molecular, _why_none(level, molecular, resolution))


def _why_none(level: FallOff | None, molecular: FallOff | None, resolution: float) -> str:
    if (level and level.useful) or (molecular and molecular.useful):
        return ""
    if molecular is None:
        return f"too few shells lie between {COARSEST['molecular']:g} Å and the resolution, {resolution:.3g} Å, for a line"
    return (f"the slope is uncertain, {molecular.b_factor:.0f} ± {molecular.b_error:.0f} Å²: the amplitude at {resolution:.3g} Å would "
            f"be known to a factor of {math.exp(molecular.error_at_limit):.2g} only, {math.exp(LARGEST_ERROR_AT_LIMIT):.2g} is "
            "useful")  # fmt: skip


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
