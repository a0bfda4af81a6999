"""Radiation damage: how much signal is left after an exposure.

References: Grant & Grigorieff 2015, eLife 4:e06980, eqs. 2-5.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.constants import CRITICAL_EXPOSURE, CRITICAL_EXPOSURE_200KV


def critical_exposure(k: Tensor, voltage: float = 300.0) -> Tensor:
    """N_c(k) = 0.24499 k^(−1.6649) + 2.8141 in e/Å², k in Å⁻¹; ×0.8 at 200 kV, linear between and beyond."""
    a, b, c = CRITICAL_EXPOSURE
    factor = 1.0 - (300.0 - voltage) / 100.0 * (1.0 - CRITICAL_EXPOSURE_200KV)
    return factor * (a * k.clamp_min(1e-6) ** b + c)


def exposure_weight(k: Tensor, dose: Tensor, voltage: float = 300.0) -> Tensor:
    """Amplitude left after ``dose`` (e/Å², cumulative at the end of the frame): exp(−N / 2 N_c(k)).

    ``k`` of shape K and ``dose`` of shape ``(...)`` give ``(..., *K)``; the weight at k = 0 is 1.
    """
    return torch.exp(-0.5 * dose.reshape(*dose.shape, *[1] * k.ndim) / critical_exposure(k, voltage))


def mean_exposure_weight(k: Tensor, dose: float, voltage: float = 300.0) -> Tensor:
    """Mean amplitude over an exposure from 0 to ``dose`` e/Å²: (1 − e^{−x}) / x, x = dose / 2 N_c(k); ``k`` in Å⁻¹, any shape."""
    x = (0.5 * dose / critical_exposure(k, voltage)).clamp_min(1e-6)
    return -torch.expm1(-x) / x
