r"""Direct Fourier reconstruction: slices back into a volume, regularised by what the half-sets agree on.

With known poses the maximum-a-posteriori volume under a Gaussian prior of power τ²(s) per shell is

    V(k) = Σ_i S_i^*(c_i X_i / σ_i²) / (Σ_i S_i^* (c_i² / σ_i²) + 1 / τ²(s))

(Scheres 2012, J. Mol. Biol. 415:406, eq. 5), S_i^* the insertion of image i. The prior enters through the signal-to-noise
ratio of the reconstruction in a shell, 1 / τ² = ⟨den⟩ / SSNR, and SSNR comes from the half-maps: FSC / (1 − FSC) for a
half, twice that for the whole set (Rosenthal & Henderson 2003, ibid. 333:721).
"""

from __future__ import annotations

import numba as nb
import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.fourier import centred_rfftn
from vitreous.numerics.kernels.choice import uses_triton
from vitreous.numerics.shells import shell_correlation
from vitreous.numerics.slices import PAD, volume_of
from vitreous.reconstruct.device import density_on_device, solve_on_device


def ssnr_from_fsc(fsc: Tensor, *, halves: int = 1) -> Tensor:
    """Signal-to-noise ratio of a half-map (``halves`` 1) or of the whole (2): halves · FSC / (1 − FSC), at least 1e-4."""
    clipped = fsc.clamp(1e-4, 0.9995)
    return halves * clipped / (1 - clipped)


def shell_density(denominator: Tensor, radius: int) -> Tensor:
    """Mean of the denominator in each shell 0 … radius, float64 on the CPU."""
    if uses_triton(denominator.device):
        return density_on_device(denominator, radius)
    # Planes are summed apart, so that the result does not depend on the number of threads.
    total, count = np.zeros((2, len(denominator), radius + 1))
    _shell_sums(denominator.numpy(), _shell_table(denominator), total, count)
    return torch.from_numpy(total.sum(0) / count.sum(0).clip(1))


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
        float32 ``(size, size, size)``, where the sums are.
    """
    density = shell_density(denominator, radius)
    floor = density * 0.01 if ssnr is None else density / ssnr[: radius + 1].clamp_min(1e-4)
    floor = floor.clamp_min(density.max().item() * 1e-9 + 1e-30).float()
    if uses_triton(denominator.device):
        return solve_on_device(numerator, denominator, size, floor, voxel_size)
    values = np.empty(numerator.shape, np.complex64)
    _divide(numerator.numpy(), denominator.numpy(), _shell_table(denominator), floor.numpy(), values)
    return volume_of(torch.from_numpy(values), size, scale=voxel_size)


def _shell_table(ball: Tensor) -> np.ndarray:
    """Shell, as in ``ball_shells``, of each squared distance from the middle of a half ball, int32."""
    squared = torch.arange(3 * ball_margin_of(ball) ** 2 + 1)
    return (squared.float().sqrt() / PAD).round().int().numpy()


@nb.njit(parallel=True, cache=True)
def _divide(numerator, denominator, shell, floor, values):
    m = numerator.shape[2] - 1
    for z in nb.prange(numerator.shape[0]):
        for y in range(numerator.shape[1]):
            squared = (z - m) ** 2 + (y - m) ** 2
            for x in range(m + 1):
                s = shell[squared + x * x]
                values[z, y, x] = numerator[z, y, x] / (denominator[z, y, x] + floor[s]) if s < len(floor) else 0


@nb.njit(parallel=True, cache=True)
def _shell_sums(denominator, shell, total, count):
    m = denominator.shape[2] - 1
    for z in nb.prange(denominator.shape[0]):
        for y in range(denominator.shape[1]):
            squared = (z - m) ** 2 + (y - m) ** 2
            for x in range(m + 1):
                s = shell[squared + x * x]
                if s < total.shape[1]:
                    total[z, s] += denominator[z, y, x]
                    count[z, s] += 1


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
