r"""Differential phase residual: the weighted root mean square of the phase differences of two maps, by shell.

    DPR² = Σ (|A| + |B|) Δ² / Σ (|A| + |B|)        (Frank et al. 1981, Science 214:1353)

0° where two maps are one, π/√3 = 103.9° where they have nothing in common. Two Gaussian coefficients of correlation r have the
moduli and the difference Δ of phases

    p(R₁, R₂, Δ) = 2 R₁ R₂ / (π (1 − r²)) · exp(−(R₁² + R₂² − 2 r R₁ R₂ cos Δ) / (1 − r²)),  moduli in units of their rms,

and every moment below is an integral over it: that over √(R₁² + R₂²) in closed form, those over the ratio and Δ by sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from vitreous.numerics.shells import shell_sum

#: Points of the sums over the ratio of the moduli and over the phase: the moments are then right to four digits.
RATIOS, PHASES = 100, 1000
#: The customary limit, rad: 45°.
CUSTOMARY = math.pi / 4


def phase_residual(a: Tensor, b: Tensor, shape: Sequence[int]) -> Tensor:
    """DPR of two half transforms in each shell.

    Parameters
    ----------
    a, b
        Complex, ``(*half grid)``.
    shape
        Shape of the real arrays.

    Returns
    -------
    Tensor
        Radians, float64 ``(max(shape) // 2 + 1,)``; NaN where both are 0. It depends on the scale of one map to the other, so each
        shell of both is first brought to the same power.
    """
    shape = tuple(shape)
    scale = (shell_sum(a.abs() ** 2, shape) / shell_sum(b.abs() ** 2, shape).clamp_min(1e-300)).sqrt()
    square = torch.angle(a * b.conj()) ** 2
    one, two = a.abs(), b.abs()
    above = shell_sum(one * square, shape) + scale * shell_sum(two * square, shape)
    return (above / (shell_sum(one, shape) + scale * shell_sum(two, shape))).sqrt()


def phase_difference_density(phase: Tensor, correlation: float) -> Tensor:
    """Probability density of the difference of two phases, 1/rad, for Gaussian coefficients of ``correlation`` in [0, 1).

    (1 − r²) / (2π (1 − β²)) · (1 + β arccos(−β) / √(1 − β²)) with β = r cos Δ: the phase noise of interferometry (Lee et al. 1994,
    IEEE Trans. Geosci. Remote Sens. 32:1017, eq. 9 for one look).

    Parameters
    ----------
    phase
        Radians.
    correlation
        r = SNR / (1 + SNR).
    """
    beta = correlation * torch.cos(phase)
    rest = 1 - beta**2
    return (1 - correlation**2) / (2 * math.pi * rest) * (1 + beta * torch.arccos(-beta) / rest.sqrt())


def expected_dpr(correlation: float) -> float:
    """Expected DPR in radians, for many coefficients of ``correlation`` in [0, 1): √(E wΔ² / E w), w = |A| + |B|."""
    weight, square, _ = _moments(correlation)
    return math.sqrt(square / weight)


def dpr_variance(correlation: float, pairs: Tensor) -> Tensor:
    """Variance of the DPR, rad², of n independent pairs: E w² (Δ² − D²)² / (4 D² n E² w), D the expected DPR.

    Without signal it is π (4 + π) / (30 n) = 0.748 / n.

    Parameters
    ----------
    correlation
        In [0, 1).
    pairs
        n: half of the real degrees of freedom of a shell.
    """
    weight, square, fourth = _moments(correlation)
    return fourth / (4 * (square / weight) * weight**2) / pairs


def dpr_noise_level(pairs: Tensor, sigmas: float) -> Tensor:
    """DPR, radians, that noise alone goes below at most once in ``sigmas``² shells whatever its distribution (Chebyshev)."""
    return expected_dpr(0.0) - sigmas * dpr_variance(0.0, pairs).sqrt()


def snr_at(dpr: float) -> float:
    """SNR of each of two maps at which the expected DPR is ``dpr`` radians, below π/√3.

    At 45° it is 3.31, where moduli vary as those of molecules do (Wilson statistics). The small-angle estimate (4/π)² = 1.62, often
    quoted, holds for one modulus throughout: weak coefficients are few there, and theirs are the large errors.
    """
    low, high = 0.0, 1 - 1e-6
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if expected_dpr(middle) > dpr else (low, middle)
    return low / (1 - low)


def _moments(correlation: float) -> tuple[float, float, float]:
    """E w, E w Δ² and E w² (Δ² − D²)² with D² = E w Δ² / E w."""
    ratio = (torch.arange(RATIOS, dtype=torch.float64) + 0.5) * (math.pi / 2 / RATIOS)
    # Small phases matter most where correlation is high: points are spaced as the cube.
    edge = torch.linspace(0, 1, PHASES + 1, dtype=torch.float64) ** 3 * math.pi
    phase, width = 0.5 * (edge[1:] + edge[:-1]), edge[1:] - edge[:-1]
    both, product = (ratio.cos() + ratio.sin())[:, None], (2 * ratio).sin()[:, None]
    a = (1 - correlation * product * phase.cos()) / (1 - correlation**2)
    density = product / (1 - correlation**2)
    # ∫R⁴ exp(−aR²) dR = 3 √π / (8 a^(5/2)), ∫R⁵ exp(−aR²) dR = 1 / a³.
    cell = math.pi / 2 / RATIOS * 2 / math.pi * width
    first = (density * both * 3 * math.sqrt(math.pi) / 8 * a**-2.5).sum(0) * cell
    second = (density * both**2 * a**-3).sum(0) * cell
    weight, square = float(first.sum()), float((first * phase**2).sum())
    return weight, square, float((second * (phase**2 - square / weight) ** 2).sum())
