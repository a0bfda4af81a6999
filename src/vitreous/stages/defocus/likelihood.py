r"""The likelihood of a power spectrum, as a function of defocus, astigmatism, background and depth of the rings.

The mean of K independent periodograms is Gamma distributed about the true spectrum S(k) (Whittle's likelihood), so

    log L = −K Σ_k (log S + P/S),    S(k) = M(k) · [1 − m(k) cos 2χ(k)],

with log M a cubic spline in \|k\| times {1, cos 2α, sin 2α}, plus a narrow bump at 3.67 Å for ice; and m = sigmoid(q),
0 < m < 1, the depth of the rings: q is a spline in \|k\| plus k² (c cos 2α + s sin 2α), for drift damps one direction.
This is background + envelope · sin²χ with background M (1 − m) and envelope 2 M m, so neither can become negative.

References: Whittle 1953, Ark. Mat. 2:423; McCullagh & Nelder 1989, *Generalized Linear Models*, ch. 8;
Rohou & Grigorieff 2015, J. Struct. Biol. 192:216 (the model of χ).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.wavelength import wavelength
from vitreous.stages.defocus.background import BACKGROUND_KNOTS
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.splines import roughness, spline_basis, spline_count

DEPTH_KNOTS = 0.07  # Å⁻¹
STIFFNESS = 2.0  # inverse variance of the second differences of q
ICE_RING = 1 / 3.67  # Å⁻¹, hexagonal (002) and cubic (111) ice
ICE_WIDTH = 0.005  # Å⁻¹, standard deviation
SPOT = 6.0  # P/S this many standard deviations above 1 is a Bragg spot, and counts no more than that


@dataclass(frozen=True)
class Prior:
    """Weak knowledge of the defocus that keeps a fit without rings from running away.

    Parameters
    ----------
    mean, half_cos, half_sin
        Å, as in :class:`vitreous.stages.defocus.search.Candidate`.
    mean_width, half_width
        Å, standard deviations; the astigmatism's is about zero.
    """

    mean: float
    half_cos: float
    half_sin: float
    mean_width: float
    half_width: float


@dataclass(frozen=True)
class Smooth:
    """Columns of log M and of q at some bins; evaluated outside the range of the fit they keep the value at its end."""

    background: Tensor
    depth: Tensor
    has_ice: bool
    depth_splines: int

    @classmethod
    def of(cls, bins: Bins, least: float, most: float) -> Smooth:
        """Columns for ``bins``, with knots between ``least`` and ``most`` in Å⁻¹."""
        k, turn = bins.k.clamp(least, most), bins.cos_sin
        radial = spline_basis(k, least, most, spline_count(least, most, BACKGROUND_KNOTS))
        columns = [radial, radial * turn[0], radial * turn[1]]
        has_ice = most > ICE_RING + 3 * ICE_WIDTH
        if has_ice:
            columns.append(torch.exp(-0.5 * ((k - ICE_RING) / ICE_WIDTH) ** 2)[None])
        depth = spline_basis(k, least, most, spline_count(least, most, DEPTH_KNOTS))
        damping = turn * (k / most) ** 2
        return cls(torch.cat(columns), torch.cat([depth, damping]), has_ice, len(depth))


@dataclass(frozen=True)
class Likelihood:
    """One spectrum's likelihood; ``values`` below are (3 of the defocus, log M's, q's) in one vector.

    Parameters
    ----------
    bins
        The spectrum in the range of the fit.
    optics
        Microscope.
    phase_shift_deg
        Of a phase plate.
    smooth
        Columns of log M and q at ``bins``.
    prior
        Of the defocus.
    """

    bins: Bins
    optics: Optics
    phase_shift_deg: float
    smooth: Smooth
    prior: Prior

    @property
    def split(self) -> tuple[int, int, int]:
        """How many values are the defocus's, log M's and q's."""
        return 3, len(self.smooth.background), len(self.smooth.depth)

    def start(self) -> Tensor:
        """Values to begin with: the prior's defocus, a flat M, faint rings."""
        waves, background, depth = torch.zeros(sum(self.split), dtype=torch.float64).split(self.split)
        level = background.clone()
        level[: (len(background) - self.smooth.has_ice) // 3] = self.bins.power.mean().log()
        rings = depth.clone()
        rings[: self.smooth.depth_splines] = -2.0
        at = torch.tensor([self.prior.mean, self.prior.half_cos, self.prior.half_sin], dtype=torch.float64)
        return torch.cat([waves + at, level, rings])

    def _centre(self) -> Tensor:
        centre = torch.zeros(sum(self.split), dtype=torch.float64)
        centre[:3] = torch.tensor([self.prior.mean, 0.0, 0.0])
        return centre

    def penalty(self) -> Tensor:
        """Prior information, ``(values, values)``."""
        waves, background, depth = self.split
        n = self.smooth.depth_splines
        out = torch.zeros(waves + background + depth, dtype=torch.float64)
        out[0] = self.prior.mean_width**-2
        out[1:3] = self.prior.half_width**-2
        out[3 : 3 + background] = 1e-6
        out[3 + background :] = 0.02
        out = torch.diag(out)
        first = waves + background
        out[first : first + n, first : first + n] += STIFFNESS * roughness(n)
        return out

    def parts(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log M, m and χ at the bins."""
        waves, background, depth = values.split(self.split)
        return (background @ self.smooth.background, torch.sigmoid(depth @ self.smooth.depth),
                chi(waves, self.optics, self.bins, self.phase_shift_deg))  # fmt: skip

    def objective(self, values: Tensor) -> float:
        """−log L less the log prior; lower is better. P/S beyond the ceiling counts by its logarithm only."""
        log_m, depth, phase = self.parts(values)
        log_s = log_m + torch.log1p(-depth * torch.cos(2 * phase))
        away = values - self._centre()
        most = self._ceiling
        ratio = self.bins.power * torch.exp(-log_s)
        cost = torch.where(ratio <= most, ratio, most * (1 + torch.log(ratio.clamp_min(most) / most)))
        return float(self.bins.information * (log_s + cost).sum() + 0.5 * away @ self.penalty() @ away)

    @property
    def _ceiling(self) -> float:
        return 1 + SPOT / math.sqrt(self.bins.averages)

    def _ratio(self, log_s: Tensor) -> Tensor:
        return (self.bins.power * torch.exp(-log_s)).clamp_max(self._ceiling)

    def step(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Fisher scoring step, and the information (Fisher's and the prior's) at ``values``."""
        log_m, depth, phase = self.parts(values)
        cosine = torch.cos(2 * phase)
        below = 1 / (1 - depth * cosine)
        slope = 2 * math.pi * wavelength(self.optics.voltage) * depth * torch.sin(2 * phase) * below
        rows = torch.cat([self.bins.terms * slope, self.smooth.background,
                          self.smooth.depth * (-depth * (1 - depth) * cosine * below)])  # fmt: skip
        penalty = self.penalty()
        information = self.bins.information * (rows @ rows.T) + penalty
        misfit = self._ratio(log_m - torch.log(below)) - 1
        gradient = self.bins.information * (rows @ misfit) - penalty @ (values - self._centre())
        return torch.linalg.solve(information, gradient), information

    def dispersion(self, values: Tensor) -> float:
        """Variance of P/S over that of a mean of periodograms: 1 for noise, more where the model does not fit."""
        log_m, depth, phase = self.parts(values)
        misfit = self._ratio(log_m + torch.log1p(-depth * torch.cos(2 * phase))) - 1
        return float((misfit**2).mean()) * self.bins.averages


def chi(waves: Tensor, optics: Optics, bins: Bins, phase_shift_deg: float) -> Tensor:
    """χ at the bins for (mean, half_cos, half_sin) in Å: linear in them; see :mod:`vitreous.physics.ctf`."""
    lam = wavelength(optics.voltage)
    spherical = 0.5 * math.pi * optics.spherical_aberration * 1e7 * lam**3 * bins.terms[0] ** 2
    constant = math.radians(phase_shift_deg) + math.asin(optics.amplitude_contrast)
    return math.pi * lam * (waves @ bins.terms) - spherical + constant
