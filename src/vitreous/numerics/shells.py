"""Shells of Fourier space: rings of an image's transform, spherical shells of a volume's.

A voxel at integer frequency indices (h, k, l) of an n-voxel cube belongs to shell round(√(h² + k² + l²)); shell s of a
box of length L = n × pixel size holds the spatial frequency s / L. For boxes that are not cubic the indices are
scaled to those of the longest side.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.fourier import axis_frequencies, frequency_squared


@lru_cache(maxsize=16)
def shell_index(shape: tuple[int, ...]) -> Tensor:
    """Shell of every voxel of the half transform of a real array of ``shape``, int32, on the CPU. Do not change it."""
    return (frequency_squared(shape, like=torch.zeros(0, dtype=torch.float64)).sqrt_().mul_(max(shape))).round_().int()


def squared_axes(shape: Sequence[int]) -> tuple[np.ndarray, ...]:
    """Squared frequencies of each axis of the half transform, cycles a voxel, float64: what the kernels find shells from."""
    like = torch.zeros(0, dtype=torch.float64)
    last = len(shape) - 1
    return tuple((axis_frequencies(size, half=axis == last, like=like) ** 2).numpy() for axis, size in enumerate(shape))


@lru_cache(maxsize=16)
def friedel_weight(shape: tuple[int, ...]) -> Tensor:
    """How many voxels of the full transform each one of the half transform stands for: 2, or 1 on kx = 0 and Nyquist."""
    weight = torch.full((shape[-1] // 2 + 1,), 2.0, dtype=torch.float64)
    weight[0] = 1.0
    if shape[-1] % 2 == 0:
        weight[-1] = 1.0
    return weight.expand(*shape[:-1], -1)


def shell_count(shape: Sequence[int]) -> Tensor:
    """Voxels of the full transform in each shell up to Nyquist, float64 ``(max(shape) // 2 + 1,)``."""
    return _count(tuple(shape)).clone()


@lru_cache(maxsize=64)
def _count(shape: tuple[int, ...]) -> Tensor:
    if len(shape) == 3:
        from vitreous.numerics.kernels.shell_sums import shell_counts

        return torch.from_numpy(shell_counts(*squared_axes(shape), max(shape), shape[-1] % 2 == 0))
    return shell_sum(torch.ones(1, dtype=torch.float64).expand(friedel_weight(shape).shape), shape)


def redundancy(mask: Tensor) -> float:
    """(Σ m²)² / (M Σ m⁴): the share of a thick shell's coefficients that are independent under a mask of M voxels, in (0, 1].

    >>> half = torch.zeros(8, 8, 8); half[:4] = 1.0
    >>> redundancy(half)
    0.5
    """
    square = mask.double() ** 2
    return float(square.sum() ** 2 / (square.numel() * (square**2).sum()))


def shell_sum(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Sum over the full transform in each shell up to Nyquist, mates of a half transform counted.

    Parameters
    ----------
    values
        Real, ``(..., *half grid)``: one number a voxel of the half transform.
    shape
        Shape of the real array, two or three axes.

    Returns
    -------
    Tensor
        float64, ``(..., max(shape) // 2 + 1)``.
    """
    shape = tuple(shape)
    if _plain(values, shape):
        from vitreous.numerics.kernels.shell_sums import value_sums

        return torch.from_numpy(value_sums(values.contiguous().numpy(), *squared_axes(shape), max(shape), shape[-1] % 2 == 0))
    index = shell_index(shape).to(values.device).flatten()
    weighted = (values.double() * friedel_weight(shape).to(values.device)).flatten(-len(shape))
    size = int(index.max()) + 1
    total = torch.zeros(*weighted.shape[:-1], size, dtype=torch.float64, device=values.device)
    total.index_add_(-1, index, weighted)
    return total[..., : max(shape) // 2 + 1]


def _plain(values: Tensor, shape: tuple[int, ...]) -> bool:
    """Whether the kernels take it: one volume in the processor's memory, no derivatives wanted."""
    return len(shape) == 3 and values.ndim == 3 and values.device.type == "cpu" and not values.requires_grad


def shell_average(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Mean over the full transform in each shell up to Nyquist; see :func:`shell_sum`."""
    return shell_sum(values, shape) / shell_count(shape).clamp_min(1.0).to(values.device)


def spread(curve: Tensor, shape: Sequence[int]) -> Tensor:
    """Give every voxel of the half transform its shell's number; beyond Nyquist the last one holds.

    ``curve`` is ``(..., max(shape) // 2 + 1)``; the result ``(..., *half grid)``.
    """
    index = shell_index(tuple(shape)).to(curve.device).clamp_max(curve.shape[-1] - 1)
    return curve[..., index]


def shell_correlation(a: Tensor, b: Tensor, shape: Sequence[int]) -> Tensor:
    """Correlation of two half transforms in each shell: the Fourier shell (or ring) correlation.

    FSC(s) = Re Σ A B* / √(Σ|A|² Σ|B|²) over the voxels of shell s (Harauz & van Heel 1986, Optik 73:146).

    Parameters
    ----------
    a, b
        Complex half transforms, ``(..., *half grid)``.
    shape
        Shape of the real arrays.

    Returns
    -------
    Tensor
        float64, ``(..., max(shape) // 2 + 1)``; 0 where either has no power.
    """
    shape = tuple(shape)
    if _plain(a, shape) and _plain(b, shape):
        from vitreous.numerics.kernels.shell_sums import correlation_sums

        both = (each.resolve_conj().numpy() for each in (a, b))
        sums = correlation_sums(*both, *squared_axes(shape), max(shape), shape[-1] % 2 == 0)
        cross, power = torch.from_numpy(sums[:, 0]), torch.from_numpy(sums[:, 1] * sums[:, 2])
    else:
        cross = shell_sum((a * b.conj()).real, shape)
        power = shell_sum(a.abs() ** 2, shape) * shell_sum(b.abs() ** 2, shape)
    return torch.where(power > 0, cross / power.clamp_min(torch.finfo(torch.float64).tiny).sqrt(), 0.0)
