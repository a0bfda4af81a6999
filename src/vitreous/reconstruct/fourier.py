r"""Direct Fourier reconstruction: slices back into a volume, regularised by what the half-sets agree on.

With known poses the maximum-a-posteriori volume under a Gaussian prior of power τ²(s) per shell is

    V(k) = Σ_i S_i^*(c_i X_i / σ_i²) / (Σ_i S_i^* (c_i² / σ_i²) + 1 / τ²(s))

(Scheres 2012, J. Mol. Biol. 415:406, eq. 5), S_i^* the insertion of image i. The prior enters through the signal-to-noise
ratio of the reconstruction in a shell, 1 / τ² = ⟨den⟩ / SSNR, and SSNR comes from the half-maps: FSC / (1 − FSC) for a
half, twice that for the whole set (Rosenthal & Henderson 2003, ibid. 333:721).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.fourier import centred_rfftn
from vitreous.numerics.shells import shell_correlation
from vitreous.numerics.slices import ball_shells, volume_of


def ssnr_from_fsc(fsc: Tensor, *, halves: int = 1) -> Tensor:
    """Signal-to-noise ratio of a half-map (``halves`` 1) or of the whole (2): halves · FSC / (1 − FSC), at least 1e-4."""
    clipped = fsc.clamp(1e-4, 0.9995)
    return halves * clipped / (1 - clipped)


def shell_density(denominator: Tensor, radius: int) -> Tensor:
    """Mean of the denominator in each shell 0 … radius, float64."""
    shells = ball_shells(denominator.shape[-1] - 1).clamp_max(radius + 1).flatten()
    total = torch.zeros(radius + 2, dtype=torch.float64).index_add_(0, shells, denominator.flatten().double())
    return (total / torch.bincount(shells, minlength=radius + 2).clamp_min(1))[: radius + 1]


def solve(numerator: Tensor, denominator: Tensor, size: int, *, ssnr: Tensor | None, radius: int, voxel_size: float) -> Tensor:
    """Volume from the sums of an :class:`~vitreous.numerics.slices.Insertion`.

    Parameters
    ----------
    numerator, denominator
        Half balls: Σ c X / σ² and Σ c² / σ².
    size
        Side of the volume, voxels.
    ssnr
        Signal-to-noise ratio of the result per shell (at least ``radius + 1`` numbers), or None for a weak floor of one
        hundredth of the shell's mean weight, which leaves the data as they are.
    radius
        Last shell kept.
    voxel_size
        Å per voxel.

    Returns
    -------
    Tensor
        float32 ``(size, size, size)``.
    """
    shells = ball_shells(ball_margin_of(denominator))
    density = shell_density(denominator, radius)
    floor = density * 0.01 if ssnr is None else density / ssnr[: radius + 1].clamp_min(1e-4)
    floor = floor.clamp_min(density.max().item() * 1e-9 + 1e-30).float()
    values = numerator / (denominator + floor[shells.clamp_max(radius)])
    values[shells > radius] = 0
    return volume_of(values, size, scale=voxel_size)


def ball_margin_of(ball: Tensor) -> int:
    """m of a half ball ``(2m + 1, 2m + 1, m + 1)``."""
    return ball.shape[-1] - 1


def map_correlation(a: Tensor, b: Tensor, mask: Tensor | None = None) -> Tensor:
    """Fourier shell correlation of two cubic maps, each times ``mask`` if given: float64 ``(n // 2 + 1,)``."""
    if mask is not None:
        a, b = a * mask, b * mask
    return shell_correlation(centred_rfftn(a), centred_rfftn(b), tuple(a.shape))


def last_shell_above(curve: Tensor, level: float) -> int:
    """Last shell before ``curve`` first falls below ``level`` (shell 0 ignored), at least 1."""
    below = torch.nonzero(curve[1:] < level).flatten()
    return max(1, int(below[0]) if len(below) else len(curve) - 1)


