"""What a spectrum looks like besides its rings: directions, ice, and whether there is a specimen at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.likelihood import ICE_RINGS, Likelihood
from vitreous.stages.defocus.splines import spline_basis

SPECIMEN_BAND = 1 / 100, 1 / 40  # Å⁻¹, where particles outshine the noise and the CTF has no zero yet
RINGS_AT = 0.1  # Å⁻¹, where the depth of the rings along and across is compared


@dataclass(frozen=True, kw_only=True)
class IceRing:
    """A ring of crystalline ice: its spacing in Å, the power above its surroundings as a fraction, one standard deviation."""

    spacing: float
    excess: float
    sigma: float


def power_direction(bins: Bins) -> tuple[float, float]:
    """Ratio of the specimen's power between its strongest and weakest direction, and the weakest in degrees.

    Least squares of log P on a spline of |k| plus c cos 2α + s sin 2α; the ratio is exp 2√(c² + s²).
    """
    band = bins.between(*SPECIMEN_BAND)
    if len(band.k) < 30:
        return 1.0, 0.0
    columns = torch.cat([spline_basis(band.k, *SPECIMEN_BAND, 6), band.cos_sin])
    gram = columns @ columns.T + 1e-6 * torch.eye(8, dtype=torch.float64)
    c, s = torch.linalg.solve(gram, columns @ band.power.log())[-2:].tolist()
    return math.exp(2 * math.hypot(c, s)), _weakest(c, s)


def ring_direction(likelihood: Likelihood, values: Tensor, covariance: Tensor) -> tuple[float, float, float]:
    """Ratio of ring depths at 10 Å, its logarithm in standard deviations, and the direction where they are faintest."""
    c, s = values[-2:].tolist()
    amplitude = math.hypot(c, s)
    unit = torch.tensor([c, s], dtype=torch.float64) / max(amplitude, 1e-12)
    sigma = math.sqrt(float(unit @ covariance[-2:, -2:] @ unit)) or 1.0
    most = float(likelihood.bins.k.max())
    return math.exp(2 * amplitude * min(1.0, RINGS_AT / most) ** 2), amplitude / sigma, _weakest(c, s)


def ice_rings(likelihood: Likelihood, values: Tensor, covariance: Tensor) -> tuple[IceRing, ...]:
    """Power at each spacing of crystalline ice above its surroundings, as far as the fit reaches."""
    end, found = sum(likelihood.split[:2]), likelihood.smooth.ice
    rows = zip(found, range(end - len(found), end))
    return tuple(IceRing(spacing=spacing, excess=math.expm1(float(values[at])), sigma=float(values[at].exp() * covariance[at, at].sqrt()))
                 for spacing, at in rows)  # fmt: skip


def strongest_ice(rings: tuple[IceRing, ...]) -> tuple[float, float]:
    """Excess of the ring that stands out most, and by how many of its standard deviations; (0, 0) if there is none."""
    best = max(rings, key=lambda ring: ring.excess / ring.sigma, default=None)
    return (0.0, 0.0) if best is None else (best.excess, best.excess / best.sigma)


def specimen_power(bins: Bins) -> float:
    """Power from 100 to 40 Å over that of the finest tenth of the spectrum, rings of ice left out."""
    low = bins.between(*SPECIMEN_BAND).power
    fine = bins.between(0.9 * float(bins.k.max()), 1.0)
    quiet = fine.power[torch.stack([(fine.k - 1 / spacing).abs() > 0.015 for spacing in ICE_RINGS]).all(0)]
    return float(low.mean() / quiet.mean()) if len(low) and len(quiet) else 1.0


def _weakest(c: float, s: float) -> float:
    return (math.degrees(0.5 * math.atan2(s, c)) + 90.0) % 180.0
