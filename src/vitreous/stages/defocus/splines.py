"""Uniform cubic B-splines: smooth curves of frequency as a matrix.

References: de Boor, *A Practical Guide to Splines* (2001), ch. IX.
"""

from __future__ import annotations

import torch
from torch import Tensor


def spline_basis(x: Tensor, least: float, most: float, count: int) -> Tensor:
    """Values of ``count`` cubic B-splines that sum to 1 between ``least`` and ``most``.

    Parameters
    ----------
    x
        ``(n,)``, within the two ends.
    count
        4 or more.

    Returns
    -------
    Tensor
        ``(count, n)``.
    """
    at = (x - least) / (most - least) * (count - 3) + 1
    t = (at - torch.arange(count, dtype=x.dtype, device=x.device)[:, None]).abs()
    return torch.where(t < 1, 2 / 3 - t**2 + t**3 / 2, (2 - t).clamp_min(0) ** 3 / 6)


def spline_count(least: float, most: float, spacing: float) -> int:
    """Splines for knots about ``spacing`` apart, 5 or more; all three in Å⁻¹."""
    return max(5, round((most - least) / spacing) + 3)


def roughness(count: int) -> Tensor:
    """DᵀD of the second differences of ``count`` coefficients, float64 ``(count, count)``."""
    d = torch.diff(torch.eye(count, dtype=torch.float64), n=2, dim=0)
    return d.T @ d
