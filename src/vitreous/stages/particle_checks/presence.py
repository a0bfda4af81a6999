r"""Does an image hold the particle? Two populations, each with the spread its own signal to noise gives it.

C ~ N(a P, P + τ² a² P²) with the particle in its pose, τ the spread of grey scales, and C ~ N(0, P) without: the share π of the second
is that of most likelihood, by expectation-maximisation, with the standard error of the curvature. a and τ are those of the middle
and of the upper half of the scales: images in a wrong pose lie below, and must not widen what counts as usual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

#: Passes of the estimation at most, and the change of the share at which it ends.
PASSES, SETTLED = 100, 1e-5
#: Spread of grey scales that is allowed for at least: thickness and dose differ.
LEAST_SPREAD = 0.05
MOST_SPREAD = 0.35


@dataclass(frozen=True, eq=False)
class Presence:
    """Which images hold the particle.

    Parameters
    ----------
    absent
        Probability that an image does not, float64 ``(n,)``.
    share, error
        Share of such images and its standard error.
    scale, spread
        a, and τ relative to it.
    z
        (C − a P) / √(P + τ² a² P²): standard deviations above what the particle in its pose gives.
    """

    absent: Tensor
    share: float
    error: float
    scale: float
    spread: float
    z: Tensor


def presence(cross: Tensor, power: Tensor) -> Presence:
    """Separate the two.

    Parameters
    ----------
    cross, power
        C and P of each image, float64 ``(n,)``.
    """
    power = power.clamp_min(1e-12)
    scale = float((cross / power).quantile(0.6))
    spread, share = 0.1, 0.1
    absent = torch.zeros_like(cross)
    for _ in range(PASSES):
        absent = _absent(cross, power, scale, spread, share)
        before, share = share, float(absent.mean().clamp(1e-4, 0.95))
        weight = (1 - absent) / (1 / power + (spread * scale) ** 2)
        scale = _weighted_median(cross / power, weight)
        spread = _upper_spread(cross / power, power, weight, scale)
        if abs(share - before) < SETTLED:
            break
    variance = power + (spread * scale * power) ** 2
    return Presence(absent, share, _error(absent, share), scale, spread, (cross - scale * power) / variance.sqrt())


def _error(absent: Tensor, share: float) -> float:
    """√(π (1 − π) / n I): the binomial error over I, the share of the information that is left where the two overlap (Louis 1982)."""
    n = len(absent)
    binomial = max(share, 1 / n) * (1 - share)
    left = 1 - float((absent * (1 - absent)).mean()) / binomial
    return math.sqrt(binomial / n / min(max(left, 1e-3), 1.0))


def _weighted_median(values: Tensor, weight: Tensor) -> float:
    order = values.argsort()
    along = weight[order].cumsum(0)
    return float(values[order][torch.searchsorted(along, 0.5 * along[-1]).clamp(max=len(values) - 1)])


def _upper_spread(scales: Tensor, power: Tensor, weight: Tensor, scale: float) -> float:
    """τ / a from the scales above the middle alone: wrong poses lie below it."""
    upper = weight * (scales > scale)
    excess = float((upper * ((scales - scale) ** 2 - 1 / power)).sum() / upper.sum().clamp_min(1e-30)) / max(scale**2, 1e-12)
    return math.sqrt(min(max(excess, LEAST_SPREAD**2), MOST_SPREAD**2))


def _absent(cross: Tensor, power: Tensor, scale: float, spread: float, share: float) -> Tensor:
    variance = power + (spread * scale * power) ** 2
    present = -0.5 * (cross - scale * power) ** 2 / variance - 0.5 * variance.log()
    nothing = -0.5 * cross**2 / power - 0.5 * power.log()
    return torch.sigmoid(nothing - present + math.log(share / (1 - share)))
