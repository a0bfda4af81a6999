"""Where to begin: every defocus and astigmatism of a grid, by matrix products.

Each sector of the spectrum is compared with curves −cos 2χ(k) · exp(−B k²/2) for all defoci; what a smooth background
could explain is first projected out of the curves, so a broad hump is not taken for a ring. A defocus that depends on
the azimuth as z + ½a cos 2(α − α₀) then collects its score sector by sector.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.ctf import phase
from vitreous.physics.wavelength import wavelength
from vitreous.stages.defocus.background import BACKGROUND_KNOTS, SECTORS, Sectors
from vitreous.stages.defocus.params import CtfParams
from vitreous.stages.defocus.splines import spline_basis, spline_count

ENVELOPES = (50.0, 200.0, 800.0)  # Å², B of the ring's power: from sharp to badly damped images
ANGLES = 12
HALF_STEP = 100.0  # Å, of half the astigmatism
ROUGH = 3  # steps as coarse when it is only to be told which envelope and phase shift are right
SHIFT_STEP = 20.0  # degrees: at worst 10 off, by which −cos 2χ still correlates at 0.94


@dataclass(frozen=True)
class Candidate:
    """A place to start the fit from.

    Parameters
    ----------
    mean, half_cos, half_sin
        Å: defocus at azimuth α is mean + half_cos · cos 2α + half_sin · sin 2α.
    score
        Standard deviations of white noise.
    shift
        Phase shift of a plate, degrees.
    """

    mean: float
    half_cos: float
    half_sin: float
    score: float
    shift: float = 0.0


def radial_phase(defocus: Tensor, optics: Optics, k: Tensor, phase_shift_deg: float) -> Tensor:
    """χ(k) without astigmatism: defocus ``(d,)`` in Å and k ``(s,)`` in Å⁻¹ give ``(d, s)``."""
    zero = torch.zeros_like(defocus)
    return phase(torch.stack([defocus, defocus, zero, zero + phase_shift_deg], -1), optics, k, torch.zeros_like(k))


def sector_scores(data: Sectors, optics: Optics, defocus: Tensor, envelope: float, shifts: Tensor, averages: float) -> Tensor:
    """Correlation of each sector with each phase shift (degrees) and defocus, ``(shifts, SECTORS, d)``.

    In units of its standard deviation in white noise. −cos(2χ + 2φ) = −cos 2φ cos 2χ + sin 2φ sin 2χ: two curves do for all φ.
    """
    k = data.k
    twice = 2 * radial_phase(defocus, optics, k, 0.0)
    root = (data.count.mean(0) * averages).sqrt()
    ends = float(k.min()), float(k.max())
    smooth = torch.linalg.qr((spline_basis(k, *ends, spline_count(*ends, BACKGROUND_KNOTS)) * root).T).Q
    pair = torch.stack([-torch.cos(twice), torch.sin(twice)]) * (torch.exp(-0.5 * envelope * k**2) * root)
    pair = pair - (pair @ smooth) @ smooth.T
    mix = torch.stack([torch.cos(2 * torch.deg2rad(shifts)), torch.sin(2 * torch.deg2rad(shifts))], 1)
    norm = torch.einsum("fi,fj,idk,jdk->fd", mix, mix, pair, pair).clamp_min(1e-24).sqrt()
    return torch.einsum("fi,isd->fsd", mix, (data.contrast * root) @ pair.mT) / norm[:, None]


def _astigmatic(scores: Tensor, defocus: Tensor, azimuth: Tensor, params: CtfParams, step: float, angles: int) -> Candidate:
    """The best of ``(shifts, SECTORS, d)`` on a grid of half astigmatisms ``step`` Å apart, and of so many axes."""
    grid = float(defocus[1] - defocus[0])
    places, best = torch.arange(len(defocus)), Candidate(float(defocus[0]), 0.0, 0.0, -math.inf)
    for half in torch.arange(0.0, params.astigmatism_most / 2 + 1, max(grid, step), dtype=torch.float64).tolist():
        prior = 0.5 * (2 * half / params.astigmatism_expected) ** 2
        for axis in (torch.arange(angles if half else 1) * math.pi / angles).tolist():
            offset = half * torch.cos(2 * (azimuth - axis)) / grid
            index = (places + offset.round().long()[:, None]).clamp(0, len(defocus) - 1)
            total = scores.gather(2, index.expand_as(scores)).sum(1) / math.sqrt(SECTORS)
            score, at = (x.item() for x in total.flatten().max(0))
            score -= prior / max(score, 1.0)
            if score > best.score:
                shift, place = divmod(at, len(defocus))
                best = Candidate(float(defocus[place]), half * math.cos(2 * axis), half * math.sin(2 * axis), score, shift)
    return best


def search(data: Sectors, optics: Optics, params: CtfParams, averages: float) -> Candidate:
    """The best start. The step in defocus changes χ by a quarter radian at the finest shell, but is not below 20 Å."""
    finest = float(data.k.max())
    step = max(20.0, 0.25 / (math.pi * wavelength(optics.voltage) * finest**2))
    defocus = torch.arange(params.defocus_least, params.defocus_most + step, step, dtype=torch.float64)
    shifts = _shifts(params)
    scores = torch.cat([sector_scores(data, optics, defocus, b, shifts, averages) for b in ENVELOPES])
    rough = _astigmatic(scores, defocus, data.azimuth, params, ROUGH * HALF_STEP, ANGLES // 2)
    chosen = scores[rough.shift : rough.shift + 1]
    best = _astigmatic(chosen, defocus, data.azimuth, params, HALF_STEP, ANGLES)
    return replace(best, shift=float(shifts[rough.shift % len(shifts)]))


def _shifts(params: CtfParams) -> Tensor:
    """Phase shifts to try, degrees, no further apart than :data:`SHIFT_STEP`."""
    if params.phase_shift_range is None:
        return torch.tensor([params.phase_shift_deg], dtype=torch.float64)
    least, most = params.phase_shift_range
    return torch.linspace(least, most, math.ceil((most - least) / SHIFT_STEP) + 1, dtype=torch.float64)
