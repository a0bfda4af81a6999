r"""The likelihood of a power spectrum, as a function of defocus, astigmatism, background and depth of the rings.

The mean of K independent periodograms is Gamma distributed about the true spectrum S(k) (Whittle's likelihood), so

    log L = −K Σ_k (log S + P/S),    S(k) = M(k) · [1 − m(k) cos 2χ(k)],

with log M a cubic spline in \|k\| times {1, cos 2α, sin 2α}, plus narrow bumps at the spacings of crystalline ice; and m = sigmoid(q),
0 < m < 1, the depth of the rings: q is a spline in \|k\| plus k² (c cos 2α + s sin 2α), for drift damps one direction.
This is background + envelope · sin²χ with background M (1 − m) and envelope 2 M m, so neither can become negative.

References: Whittle 1953, Ark. Mat. 2:423; McCullagh & Nelder 1989, *Generalized Linear Models*, ch. 8;
Rohou & Grigorieff 2015, J. Struct. Biol. 192:216 (the model of χ).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.wavelength import wavelength
from vitreous.stages.defocus.background import BACKGROUND_KNOTS
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.splines import roughness, spline_basis, spline_count

DEPTH_KNOTS = 0.07  # Å⁻¹
STIFFNESS = 2.0  # inverse variance of the second differences of q
ICE_RINGS = (3.90, 3.67, 3.44, 2.67, 2.25)  # Å: hexagonal (100), (002) and cubic (111), hexagonal (101), (102), both (110)/(220)
ICE_WIDTH = 0.005  # Å⁻¹, standard deviation
HELD = 1e-2  # Å, standard deviation of a defocus that is known
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
    shift_deg
        Degrees, phase shift of a plate.
    shift_width
        Its standard deviation in degrees; ``None`` if the phase shift is known and held.
    held
        Whether the defocus is known too, and stays at these values.
    """

    mean: float
    half_cos: float
    half_sin: float
    mean_width: float
    half_width: float
    shift_deg: float = 0.0
    shift_width: float | None = None
    held: bool = False


@dataclass(frozen=True)
class Smooth:
    """Columns of log M and of q at some bins; evaluated outside the range of the fit they keep the value at its end.

    ``ice`` lists the spacings (Å) of the rings of crystalline ice within that range: log M's last columns are theirs.
    """

    background: Tensor
    depth: Tensor
    ice: tuple[float, ...]
    depth_splines: int

    @classmethod
    def of(cls, bins: Bins, least: float, most: float) -> Smooth:
        """Columns for ``bins``, with knots between ``least`` and ``most`` in Å⁻¹."""
        k, turn = bins.k.clamp(least, most), bins.cos_sin
        radial = spline_basis(k, least, most, spline_count(least, most, BACKGROUND_KNOTS))
        columns = [radial, radial * turn[0], radial * turn[1]]
        ice = tuple(spacing for spacing in ICE_RINGS if least < 1 / spacing - 3 * ICE_WIDTH and 1 / spacing + 3 * ICE_WIDTH < most)
        columns += [torch.exp(-0.5 * ((k - 1 / spacing) / ICE_WIDTH) ** 2)[None] for spacing in ice]
        depth = spline_basis(k, least, most, spline_count(least, most, DEPTH_KNOTS))
        damping = turn * (k / most) ** 2
        return cls(torch.cat(columns), torch.cat([depth, damping]), ice, len(depth))


@dataclass(frozen=True)
class Likelihood:
    """One spectrum's likelihood; ``values`` below are (3 of the defocus, φ if that is fitted, log M's, q's) in one vector.

    Parameters
    ----------
    bins
        The spectrum in the range of the fit.
    optics
        Microscope.
    smooth
        Columns of log M and q at ``bins``.
    prior
        Of the defocus and the phase shift φ, which is among the values, in radians, where it has a width.
    """

    bins: Bins
    optics: Optics
    smooth: Smooth
    prior: Prior

    def thinned(self, every: int) -> Likelihood:
        """The same with one bin out of so many, each told to know as much as those it stands for."""
        bins, smooth = self.bins, self.smooth
        fewer = replace(bins, power=bins.power[::every], k=bins.k[::every], terms=bins.terms[:, ::every], index=bins.index[::every],
                        information=bins.information * every)  # fmt: skip
        columns = replace(smooth, background=smooth.background[:, ::every], depth=smooth.depth[:, ::every])
        return replace(self, bins=fewer, smooth=columns)

    @property
    def fits_shift(self) -> bool:
        """Whether the phase shift is among the values."""
        return self.prior.shift_width is not None

    @property
    def split(self) -> tuple[int, int, int]:
        """How many values are χ's (mean, half_cos, half_sin and, if fitted, φ), log M's and q's."""
        return 3 + self.fits_shift, len(self.smooth.background), len(self.smooth.depth)

    def start(self) -> Tensor:
        """Values to begin with: the prior's defocus, a flat M, faint rings."""
        waves, background, depth = torch.zeros(sum(self.split), dtype=torch.float64).split(self.split)
        level = background.clone()
        level[: (len(background) - len(self.smooth.ice)) // 3] = self.bins.power.mean().log()
        rings = depth.clone()
        rings[: self.smooth.depth_splines] = -2.0
        known = [self.prior.mean, self.prior.half_cos, self.prior.half_sin, math.radians(self.prior.shift_deg)]
        return torch.cat([torch.tensor(known, dtype=torch.float64)[: len(waves)], level, rings])

    def _centre(self) -> Tensor:
        centre = torch.zeros(sum(self.split), dtype=torch.float64)
        centre[0] = self.prior.mean
        if self.fits_shift:
            centre[3] = math.radians(self.prior.shift_deg)
        if self.prior.held:
            centre[1:3] = torch.tensor([self.prior.half_cos, self.prior.half_sin])
        return centre

    def penalty(self) -> Tensor:
        """Prior information, ``(values, values)``."""
        waves, background, depth = self.split
        n = self.smooth.depth_splines
        out = torch.zeros(waves + background + depth, dtype=torch.float64)
        out[0] = self.prior.mean_width**-2
        out[1:3] = self.prior.half_width**-2
        if self.prior.held:
            out[:3] = HELD**-2
        if self.prior.shift_width is not None:
            out[3] = math.radians(self.prior.shift_width) ** -2
        out[waves : waves + background] = 1e-6
        out[waves + background :] = 0.02
        out = torch.diag(out)
        first = waves + background
        out[first : first + n, first : first + n] += STIFFNESS * roughness(n)
        return out

    def parts(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """log M, m and χ at the bins."""
        waves, background, depth = values.split(self.split)
        return (background @ self.smooth.background, torch.sigmoid(depth @ self.smooth.depth),
                self.phase(waves))  # fmt: skip

    def phase(self, waves: Tensor) -> Tensor:
        """χ at the bins for the first of the values."""
        shift = float(torch.rad2deg(waves[3])) if self.fits_shift else self.prior.shift_deg
        return chi(waves[:3], self.optics, self.bins, shift)

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

    def information(self, values: Tensor) -> Tensor:
        """Fisher's information and the prior's at ``values``."""
        _, depth, phase = self.parts(values)
        slope, fading = self._factors(depth, phase)
        waves = [self.bins.terms * (math.pi * wavelength(self.optics.voltage) * slope), slope[None]]
        rows = torch.cat([*waves[: 1 + self.fits_shift], self.smooth.background, self.smooth.depth * fading])
        return self.bins.information * (rows @ rows.T) + self.penalty()

    def gradient(self, values: Tensor) -> Tensor:
        """Slope of log L and of the log prior."""
        log_m, depth, phase = self.parts(values)
        misfit = self._ratio(log_m + torch.log1p(-depth * torch.cos(2 * phase))) - 1
        slope, fading = self._factors(depth, phase)
        waves = [self.bins.terms @ (math.pi * wavelength(self.optics.voltage) * slope * misfit), (slope @ misfit)[None]]
        parts = [*waves[: 1 + self.fits_shift], self.smooth.background @ misfit, self.smooth.depth @ (fading * misfit)]
        return self.bins.information * torch.cat(parts) - self.penalty() @ (values - self._centre())

    def _factors(self, depth: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """∂ log S / ∂χ and ∂ log S / ∂q at the bins."""
        below = 1 / (1 - depth * torch.cos(2 * phase))
        return 2 * depth * torch.sin(2 * phase) * below, -depth * (1 - depth) * torch.cos(2 * phase) * below

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
