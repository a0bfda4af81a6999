"""The smooth spectrum under the rings, as a spline of log power, and the rotational sector averages made flat by it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.splines import spline_basis, spline_count

SECTORS = 12
BACKGROUND_KNOTS = 0.04  # Å⁻¹; closer ones would follow the rings, wider ones could not follow particles


@dataclass(frozen=True)
class Sectors:
    """Power relative to a smooth background, in sectors of the half plane and shells of |k|.

    Parameters
    ----------
    k
        Å⁻¹, mean of each shell, ``(s,)``.
    contrast
        Power / background − 1, ``(SECTORS, s)``.
    count
        Bins in each, ``(SECTORS, s)``.
    azimuth
        Radians, the middle of each sector from +x towards +y, ``(SECTORS,)``.
    """

    k: Tensor
    contrast: Tensor
    count: Tensor
    azimuth: Tensor


def smooth_log(k: Tensor, power: Tensor, weight: Tensor, knots: int) -> Tensor:
    """Logarithm of a smooth curve through ``power``: Gamma regression with a log link on cubic splines.

    Maximises −Σ w (log S + P/S) over log S = Σ c_i B_i(k) by Fisher scoring (McCullagh & Nelder 1989, ch. 8).

    Parameters
    ----------
    k, power, weight
        ``(n,)``, k ascending.
    knots
        Splines.
    """
    basis = spline_basis(k, float(k.min()), float(k.max()), knots)
    weighted = basis * weight
    gram = weighted @ basis.T + 1e-9 * weight.sum() * torch.eye(knots, dtype=k.dtype)
    curve = torch.log(power.clamp_min(1e-12))
    for _ in range(12):
        curve = torch.linalg.solve(gram, weighted @ (curve + (power * torch.exp(-curve) - 1).clamp(-1, 3))) @ basis
    return curve


def sectors(bins: Bins) -> Sectors:
    """Average ``bins`` in shells one bin wide and :data:`SECTORS` sectors, and divide by the smooth background."""
    shell = (bins.k / bins.step).round().long()
    shell = shell - shell.min()
    size = int(shell.max()) + 1
    angle = 0.5 * torch.atan2(bins.terms[2], bins.terms[1]) % torch.pi
    index = (angle / torch.pi * SECTORS).long().clamp_max(SECTORS - 1) * size + shell
    count = torch.bincount(index, minlength=SECTORS * size).double().view(SECTORS, size)
    power = torch.bincount(index, bins.power, SECTORS * size).view(SECTORS, size)
    k = torch.bincount(shell, bins.k, size) / count.sum(0).clamp_min(1)
    filled = count.sum(0) > 0
    count, power, k = count[:, filled], power[:, filled], k[filled]
    knots = spline_count(float(k.min()), float(k.max()), BACKGROUND_KNOTS)
    log_background = smooth_log(k, power.sum(0) / count.sum(0), count.sum(0), knots)
    contrast = torch.where(count > 0, power / count.clamp_min(1) * torch.exp(-log_background) - 1, 0.0)
    azimuth = (torch.arange(SECTORS, dtype=torch.float64) + 0.5) * torch.pi / SECTORS
    return Sectors(k, contrast, count, azimuth)
