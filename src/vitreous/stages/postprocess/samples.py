r"""How many independent numbers a shell of a masked transform holds.

Under a mask m the coefficients of white noise are correlated: E A(k) A*(k') ∝ W(k − k'), W the transform of m². For two
independent masked noise volumes the variance of the correlation over a shell S of N coefficients is therefore

    1 / n = Σ_{k, k' ∈ S} |W(k − k')|² / (N² W(0)²) = Σ_x κ²(x) C(x) / (Σ m²)²

with C the autocorrelation of m² and κ the transform of the shell's indicator divided by N. Where the shell is thicker than W is
wide this is n = N (Σ m²)² / (M Σ m⁴), M voxels in the box: N times the volume fraction for a mask of ones and zeros.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.shells import redundancy, shell_count


def effective_samples(mask: Tensor | None, size: int, *, symmetry_order: int = 1, signal: Tensor | None = None) -> Tensor:
    """Independent real degrees of freedom in each shell, the n of the variance of a shell correlation.

    Parameters
    ----------
    mask
        In [0, 1], ``(size, size, size)``, not empty; None for none.
    size
        Side of the maps, voxels.
    symmetry_order
        Rotations of the point group imposed on the maps: noise repeats as often.
    signal
        Estimate p of the squared masked signal in each voxel, without bias (the product of two masked half-maps), its sum positive.
        With it the n is that of a product of signal and noise, at most that of noise and noise: 1 / n = Σ κ² (m² ⋆ p) / (Σ m² Σ p).
        Where the particle fills a part of the mask only, the noise outside it never meets any signal.

    Returns
    -------
    Tensor
        float64 ``(size // 2 + 1,)``, at least 1.

    Notes
    -----
    Friedel mates count as two: N complex coefficients of the full sphere hold N real numbers. The noise is taken to be white
    within a few shells and of even strength under the mask.
    """
    count = shell_count((size,) * 3)
    if mask is not None:
        square = mask.float() ** 2
        squares, within = _radial_correlation(square, square)
        kernels = [_kernel(shell, squares, size) for shell in range(len(count))]
        inverse = torch.stack([(kernel * within).sum() for kernel in kernels])
        if signal is not None:
            _, across = _radial_correlation(square, signal)
            inverse = torch.maximum(inverse, torch.stack([(kernel * across).sum() for kernel in kernels]))
        count = torch.minimum(1 / inverse.to(count), count)
    return (count / symmetry_order).clamp_min(1.0)


def neighbour_correlation(mask: Tensor, samples: Tensor) -> float:
    """Correlation ρ of the errors of neighbouring shells under a mask, 0 to 1/2.

    The mean of many shells has only as many independent numbers as one thick shell, N f with f the
    :func:`~vitreous.numerics.shells.redundancy`, while each
    has n by itself; so 1 + 2ρ = n / (N f), if only neighbours share.

    Parameters
    ----------
    mask
        In [0, 1], a cube.
    samples
        n of each shell, no symmetry imposed.
    """
    outer = slice(len(samples) // 2, None)
    share = float((samples / shell_count(mask.shape))[outer].mean())
    return min(max((share / redundancy(mask) - 1) / 2, 0.0), 0.5)


def _radial_correlation(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Squared distances that occur on the grid, and the correlation of two maps over the product of their sums, summed over each."""
    shape, size = tuple(one.shape), one.shape[0]
    spectrum = rfftn(one)
    spectrum = spectrum.abs() ** 2 if other is one else spectrum.conj() * rfftn(other)
    correlation = irfftn(spectrum, shape)
    axis = torch.arange(size, device=one.device)
    axis = torch.minimum(axis, size - axis) ** 2
    total = torch.zeros(3 * (size // 2) ** 2 + 1, dtype=torch.float64, device=one.device)
    for z, plane in zip(axis, correlation):
        total.index_add_(0, (z + axis[:, None] + axis).flatten(), plane.flatten().double())
    return torch.arange(len(total), device=one.device).double(), total / (one.double().sum() * other.double().sum())


def _kernel(shell: int, squares: Tensor, size: int) -> Tensor:
    """κ² of one shell, κ being that of the continuous shell between two balls."""
    distance = squares.sqrt() * (2 * math.pi / size)
    inner, outer = max(shell - 0.5, 0.0), shell + 0.5
    return ((_ball(outer, distance) - _ball(inner, distance)) / (4 / 3 * math.pi * (outer**3 - inner**3))) ** 2


def _ball(radius: float, distance: Tensor) -> Tensor:
    """Transform of a ball: 4π (sin u − u cos u) / d³ with u = radius · d."""
    u = radius * distance
    series = u**3 / 3 * (1 - u**2 / 10)
    shape = torch.where(u < 0.05, series, torch.sin(u) - u * torch.cos(u))
    return torch.where(distance > 0, 4 * math.pi * shape / distance.clamp_min(1e-12) ** 3, 4 / 3 * math.pi * radius**3)
