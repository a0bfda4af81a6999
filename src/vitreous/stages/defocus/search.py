"""Where to begin: every defocus and astigmatism of a grid, by matrix products.

Each sector of the spectrum is compared with curves −cos 2χ(k) · exp(−B k²/2) for all defoci; what a smooth background
could explain is first projected out of the curves, so a broad hump is not taken for a ring. A defocus that depends on
the azimuth as z + ½a cos 2(α − α₀) then collects its score sector by sector.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Candidate:
    """A place to start the fit from.

    Parameters
    ----------
    mean, half_cos, half_sin
        Å: defocus at azimuth α is mean + half_cos · cos 2α + half_sin · sin 2α.
    score
        Standard deviations of white noise.
    """

    mean: float
    half_cos: float
    half_sin: float
    score: float


def radial_phase(defocus: Tensor, optics: Optics, k: Tensor, phase_shift_deg: float) -> Tensor:
    """χ(k) without astigmatism: defocus ``(d,)`` in Å and k ``(s,)`` in Å⁻¹ give ``(d, s)``."""
    zero = torch.zeros_like(defocus)
    return phase(torch.stack([defocus, defocus, zero, zero + phase_shift_deg], -1), optics, k, torch.zeros_like(k))


def sector_scores(data: Sectors, optics: Optics, defocus: Tensor, envelope: float, params: CtfParams, averages: float) -> Tensor:
    """Correlation of each sector with each defocus in units of its standard deviation in white noise, ``(SECTORS, d)``."""
    k = data.k
    curves = -torch.cos(2 * radial_phase(defocus, optics, k, params.phase_shift_deg)) * torch.exp(-0.5 * envelope * k**2)
    root = (data.count.mean(0) * averages).sqrt()
    ends = float(k.min()), float(k.max())
    smooth = torch.linalg.qr((spline_basis(k, *ends, spline_count(*ends, BACKGROUND_KNOTS)) * root).T).Q
    curves = curves * root
    curves = curves - (curves @ smooth) @ smooth.T
    return (data.contrast * root) @ (curves / curves.norm(dim=1, keepdim=True).clamp_min(1e-12)).T


def _astigmatic(scores: Tensor, defocus: Tensor, azimuth: Tensor, params: CtfParams) -> Tensor:
    """Rows (score, mean, half_cos, half_sin): best astigmatism for each mean defocus."""
    step = float(defocus[1] - defocus[0])
    halves = torch.arange(0.0, params.astigmatism_most / 2 + 1, max(step, HALF_STEP), dtype=torch.float64)
    best = torch.full((len(defocus), 4), -math.inf, dtype=torch.float64)
    for half in halves.tolist():
        prior = 0.5 * (2 * half / params.astigmatism_expected) ** 2
        for axis in torch.arange(ANGLES if half else 1, dtype=torch.float64) * torch.pi / ANGLES:
            offset = half * torch.cos(2 * (azimuth - axis)) / step
            index = (torch.arange(len(defocus)) + offset.round().long()[:, None]).clamp(0, len(defocus) - 1)
            total = scores.gather(1, index).sum(0) / math.sqrt(SECTORS)
            value = total - prior / total.clamp_min(1.0)
            waves = half * torch.stack([torch.cos(2 * axis), torch.sin(2 * axis)])
            row = torch.cat([value[:, None], defocus[:, None], waves.expand(len(defocus), 2)], 1)
            best = torch.where((value > best[:, 0])[:, None], row, best)
    return best


def search(data: Sectors, optics: Optics, params: CtfParams, averages: float) -> Candidate:
    """The best start. The step in defocus changes χ by a quarter radian at the finest shell, but is not below 20 Å."""
    finest = float(data.k.max())
    step = max(20.0, 0.25 / (math.pi * wavelength(optics.voltage) * finest**2))
    defocus = torch.arange(params.defocus_least, params.defocus_most + step, step, dtype=torch.float64)
    scores = [sector_scores(data, optics, defocus, b, params, averages) for b in ENVELOPES]
    rows = torch.cat([_astigmatic(s, defocus, data.azimuth, params) for s in scores])
    score, mean, half_cos, half_sin = rows[rows[:, 0].argmax()].tolist()
    return Candidate(mean, half_cos, half_sin, score)
