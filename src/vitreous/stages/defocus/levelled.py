"""The mean spectrum of tiles that lie at different defoci: each is stretched so that its rings fall on those of the middle."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.wavelength import wavelength
from vitreous.stages.defocus.at_phase import k2_at_phase
from vitreous.stages.defocus.spectrum import PowerSpectrum, Tiles

HEIGHT_STEP = 20.0  # Å: tiles nearer than that are added before they are stretched


def stretch(k2: Tensor, defocus: Tensor, height: float, optics: Optics) -> Tensor:
    """k′/k for which χ at ``defocus`` + ``height`` and k′ is χ at ``defocus`` and k.

    πλ z x − ½ π Cs λ³ x² = πλ (z + δ) x′ − ½ π Cs λ³ x′², x = k².

    Parameters
    ----------
    k2
        Å⁻², any shape.
    defocus
        Å, in the direction of each, of the same shape.
    height
        δ in Å.
    optics
        Voltage and Cs.
    """
    lam = wavelength(optics.voltage)
    spherical = 0.5 * math.pi * optics.spherical_aberration * 1e7 * lam**3
    there = k2_at_phase(math.pi * lam * defocus * k2 - spherical * k2**2, defocus + height, optics)
    return (there / k2.clamp_min(1e-12)).sqrt()


def levelled(tiles: Tiles, slope: tuple[float, float], waves: Tensor, optics: Optics) -> PowerSpectrum:
    """Mean of ``tiles`` with the rings of all at the defocus of the middle, (mean, half_cos, half_sin) = ``waves`` in Å."""
    mean = tiles.mean()
    ky, kx = torch.meshgrid(tiles.ky, tiles.kx, indexing="ij")
    k2 = kx**2 + ky**2
    defocus = (waves[0] * k2 + waves[1] * (kx**2 - ky**2) + waves[2] * 2 * kx * ky) / k2.clamp_min(1e-12)
    height = tiles.centre @ torch.tensor(slope, dtype=torch.float64)
    step = (height / HEIGHT_STEP).round().long()
    total, weight = torch.zeros_like(mean.values), torch.zeros_like(mean.values)
    for n in step[tiles.kept].unique().tolist():
        rows = tiles.kept & (step == n)
        power, seen = _sampled(tiles.power[rows].sum(0), stretch(k2, defocus, n * HEIGHT_STEP, optics))
        total += power * seen
        weight += float(tiles.cover[rows].sum()) * seen
    return replace(mean, values=total / weight.clamp_min(1e-6))


def _sampled(power: Tensor, factor: Tensor) -> tuple[Tensor, Tensor]:
    """``power`` ``(ky, kx)`` at ``factor`` times each frequency, by bilinear interpolation, and where that lies inside."""
    reach = power.shape[1] - 1
    rows, columns = torch.meshgrid(torch.arange(-reach, reach + 1), torch.arange(reach + 1), indexing="ij")
    y, x = rows * factor + reach, columns * factor
    inside = (y >= 0) & (y <= 2 * reach) & (x <= reach)
    y0, x0 = y.floor().long().clamp(0, 2 * reach - 1), x.floor().long().clamp(0, reach - 1)
    fy, fx = (y - y0).float(), (x - x0).float()
    flat = power.flatten()
    corner = y0 * (reach + 1) + x0
    low = flat[corner] * (1 - fx) + flat[corner + 1] * fx
    high = flat[corner + reach + 1] * (1 - fx) + flat[corner + reach + 2] * fx
    return torch.where(inside, low * (1 - fy) + high * fy, 0.0), inside.float()
