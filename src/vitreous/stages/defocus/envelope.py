"""How fast the rings fade: one B-factor for the envelope."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from vitreous.stages.defocus.likelihood import Likelihood, Smooth
from vitreous.stages.defocus.refine import Solution

POINTS = 60


@dataclass(frozen=True, kw_only=True)
class RingFading:
    """B of the rings' envelope.

    Parameters
    ----------
    b_factor
        Å²: the amplitude of the rings falls as exp(−B k² / 4). It is the microscope's and the specimen's together.
    sigma
        One standard deviation.
    """

    b_factor: float
    sigma: float


def ring_fading(likelihood: Likelihood, solution: Solution, finest: float) -> RingFading:
    """Straight line through log(2 M m), the power of the rings, against k², out to ``finest`` (Å).

    The slope is −B/2, for power is amplitude squared. Points count by m² k, the information that bins at k hold of m. The line
    is linear in log M and log m, so the error is that of the fit carried along, d log m = (1 − m) dq.
    """
    k = torch.linspace(float(likelihood.bins.k.min()), 1 / finest, POINTS, dtype=torch.float64)
    if k[-1] <= k[0]:
        return RingFading(b_factor=math.nan, sigma=math.nan)
    line = torch.stack([k**2, torch.zeros_like(k), torch.zeros_like(k)])
    bins = replace(likelihood.bins, power=k, k=k, terms=line, index=torch.arange(POINTS))
    used = likelihood.bins.k
    smooth = Smooth.of(bins, float(used.min()), float(used.max()))
    log_m, depth, _ = replace(likelihood, bins=bins, smooth=smooth).parts(solution.values)
    weight = depth**2 * k
    away = k**2 - (weight @ k**2) / weight.sum()
    slope = -2 * weight * away / (weight @ away**2)
    radial = (len(smooth.background) - len(smooth.ice)) // 3
    columns = torch.cat([smooth.background[:radial], smooth.depth[: smooth.depth_splines] * (1 - depth)]) @ slope
    first = likelihood.split[0]
    places = [*range(first, first + radial), *range(sum(likelihood.split[:2]), sum(likelihood.split[:2]) + smooth.depth_splines)]
    covariance = solution.covariance[places][:, places]
    return RingFading(b_factor=float(slope @ (log_m + depth.log())), sigma=math.sqrt(float(columns @ covariance @ columns)))
