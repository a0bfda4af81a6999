r"""Class averages from the sums of the expectation step.

Each class is a Wiener estimate A(k) = Σ γ c X / σ² / (Σ γ c² / σ² + 1 / τ²) with its own prior power per shell. The sums live
on a grid PAD times finer than the image's, so the information on one coefficient of the image is PAD² times that of a cell,
and the noise of a plain average has power N = 2 / (PAD² den) a coefficient, of which a mask of open fraction f leaves f N.
What the masked plain average holds beyond that is signal: SSNR = P / (f N) − 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.fourier import rfft2
from vitreous.numerics.planes import images_of, plane_shells
from vitreous.numerics.shells import shell_average
from vitreous.numerics.slices import PAD


def shell_means(values: Tensor, shells: Tensor, count: int) -> Tensor:
    """Mean of ``(c, cells…)`` in each shell below ``count``, float64 ``(c, count)``."""
    flat = shells.clamp_max(count).flatten()
    total = torch.zeros(len(values), count + 1, dtype=torch.float64)
    total.index_add_(1, flat, values.flatten(1).double())
    return (total / torch.bincount(flat, minlength=count + 1).clamp_min(1))[:, :count]


def solve_averages(numerator: Tensor, denominator: Tensor, mask: Tensor, radius: int, *, trust: float = 2.0) -> tuple[Tensor, Tensor]:
    """Class averages and their signal-to-noise ratio per shell.

    Parameters
    ----------
    numerator, denominator
        Half planes ``(c, 2m + 1, m + 1)``.
    mask
        Soft mask on the averages ``(size, size)``.
    radius
        Last shell kept.
    trust
        How much more power the prior allows than was found; above 1 lets detail grow.

    Returns
    -------
    tuple
        float32 ``(c, size, size)``, masked, and float64 ``(c, radius + 1)``.
    """
    size = mask.shape[-1]
    shells = plane_shells(numerator.shape[-1] - 1)
    inside = shells <= radius
    density = shell_means(denominator, shells, radius + 1).clamp_min(1e-20)
    spread = density.float()[:, shells.clamp_max(radius)]
    plain = images_of(numerator / (denominator + 0.1 * spread) * inside, size) * mask
    power = shell_average(rfft2(plain).abs() ** 2, (size, size))[:, : radius + 1]
    noise = 2 / (PAD**2 * density) * float((mask**2).mean())
    ssnr = (trust * (power / noise - 1)).clamp_min(1e-2)
    floor = spread / ssnr.float()[:, shells.clamp_max(radius)]
    return images_of(numerator / (denominator + floor) * inside, size) * mask, ssnr
