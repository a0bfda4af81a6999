"""Elliptical averages: the spectrum along lines of equal phase, where astigmatism no longer blurs the rings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.optics import Optics
from vitreous.physics.wavelength import wavelength
from vitreous.stages.defocus.at_phase import k2_at_phase
from vitreous.stages.defocus.bins import Bins
from vitreous.stages.defocus.likelihood import Likelihood

RESOLUTION_CRITERION = 0.5
RINGS_IN_WINDOW = 1.5
LEAST_WINDOW = 7
NORMAL_95 = 1.96


@dataclass(frozen=True, kw_only=True)
class CtfCurves:
    """The fit in one dimension; float64 arrays ``(s,)``.

    Parameters
    ----------
    k
        Å⁻¹, at the mean defocus: all bins of a shell have the phase χ that k has there.
    power, fit, background
        Measured, modelled, and the modelled power between the rings; white noise of variance 1 in the scaled image is 1.
    rings, rings_fit
        power / smooth − 1 and −m cos 2χ: what is left when the smooth part is divided out.
    correlation
        Of ``rings`` with −cos 2χ in a window of 1.5 rings.
    correlation_low, correlation_high
        Ends of its 95 % interval: tanh(artanh r ± 1.96 / √(n − 3)), n independent shells in the window (Fisher 1921).
    """

    k: np.ndarray
    power: np.ndarray
    fit: np.ndarray
    background: np.ndarray
    rings: np.ndarray
    rings_fit: np.ndarray
    correlation: np.ndarray
    correlation_low: np.ndarray
    correlation_high: np.ndarray


def equivalent_k(waves: Tensor, optics: Optics, bins: Bins) -> Tensor:
    """The k at which the mean defocus gives each bin's phase, Å⁻¹."""
    lam = wavelength(optics.voltage)
    spherical = 0.5 * math.pi * optics.spherical_aberration * 1e7 * lam**3
    phase = math.pi * lam * (waves @ bins.terms) - spherical * bins.terms[0] ** 2
    return k2_at_phase(phase, waves[0], optics).sqrt()


def ring_period(k: Tensor, defocus: float, optics: Optics) -> Tensor:
    """Distance in Å⁻¹ from one ring to the next at ``k``: π / (dχ/dk) = 1 / (2 |λ z k − Cs λ³ k³|)."""
    lam = wavelength(optics.voltage)
    return 0.5 / (lam * defocus * k - optics.spherical_aberration * 1e7 * lam**3 * k**3).abs().clamp_min(1e-6)


def local_correlation(a: Tensor, b: Tensor, weight: Tensor, half_width: Tensor) -> Tensor:
    """Weighted correlation of ``a`` and ``b`` in the window of ± ``half_width`` samples about each sample."""
    index = torch.arange(len(a))
    window = ((index - index[:, None]).abs() <= half_width[:, None]).double() * weight
    window = window / window.sum(1, keepdim=True)
    mean_a, mean_b = window @ a, window @ b
    covariance = window @ (a * b) - mean_a * mean_b
    spread = ((window @ a**2 - mean_a**2) * (window @ b**2 - mean_b**2)).clamp_min(1e-30).sqrt()
    return covariance / spread


def curves(likelihood: Likelihood, values: Tensor) -> CtfCurves:
    """Average the spectrum and its model over shells of equal phase, one bin wide."""
    bins, waves = likelihood.bins, values[:3]
    log_m, depth, phase = likelihood.parts(values)
    smooth, cosine = log_m.exp(), torch.cos(2 * phase)
    k = equivalent_k(waves, likelihood.optics, bins)
    shell = (k / bins.step).round().long()
    shell = shell - shell.min()
    count = torch.bincount(shell).double()
    full = count >= 0.3 * count.median()

    def mean(x: Tensor) -> Tensor:
        return (torch.bincount(shell, x, len(count)) / count.clamp_min(1))[full]

    rings, wave, at = mean(bins.power / smooth - 1), mean(-cosine), mean(k)
    window = RINGS_IN_WINDOW * ring_period(at, float(waves[0]), likelihood.optics) / bins.step
    half = (0.5 * window).round().clamp_min(LEAST_WINDOW // 2)
    correlation = local_correlation(rings, wave, count[full], half)
    independent = (2 * half + 1) * math.sqrt(bins.information / bins.averages)
    low, high = (torch.tanh(torch.atanh(correlation.clamp(-0.999, 0.999)) + sign * NORMAL_95 / (independent - 3).clamp_min(1).sqrt())
                 for sign in (-1, 1))  # fmt: skip
    columns = {"k": at, "power": mean(bins.power), "fit": mean(smooth * (1 - depth * cosine)),
               "background": mean(smooth * (1 - depth)), "rings": rings, "rings_fit": mean(-depth * cosine),
               "correlation": correlation, "correlation_low": low, "correlation_high": high}  # fmt: skip
    return CtfCurves(**{name: column.numpy() for name, column in columns.items()})


def fit_resolution(curve: CtfCurves, first_ring: float) -> tuple[float, float, float]:
    """Resolution in Å to which the rings follow the fit, and the ends of its 95 % interval, the finer one first.

    The first shell beyond ``first_ring`` (Å⁻¹) at which the local correlation falls below 0.5; ``first_ring`` itself if it
    never exceeds that, the last shell if it never falls below. The interval is where the ends of the correlation's do.
    """
    return tuple(_falls(curve, each, first_ring) for each in (curve.correlation, curve.correlation_high, curve.correlation_low))


def _falls(curve: CtfCurves, correlation: np.ndarray, first_ring: float) -> float:
    beyond = np.flatnonzero(curve.k >= first_ring)
    if len(beyond) == 0:
        return 1 / float(curve.k[-1])
    below = beyond[correlation[beyond] < RESOLUTION_CRITERION]
    return 1 / float(curve.k[below[0] if len(below) else -1])


def ring_correlation(curve: CtfCurves, resolution: float) -> float:
    """Correlation of the rings with the fit, −1 to 1, out to a sixth beyond ``resolution`` (Å), each shell counted once."""
    shown = curve.k <= 7 / 6 / resolution
    a, b = curve.rings[shown], curve.rings_fit[shown]
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
