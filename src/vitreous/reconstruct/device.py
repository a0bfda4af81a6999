"""``solve`` and the density of shells where the sums of an insertion lie on a CUDA device."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.numerics.device_slices import shells_on_device
from vitreous.numerics.slices import volume_of


def density_on_device(denominator: Tensor, radius: int) -> Tensor:
    """Mean of the denominator in each shell 0 … radius, float64 on the CPU.

    Summed in whole numbers, whose sums do not depend on the order: the shells of the whole sum to less than 2⁶².
    """
    shells = shells_on_device(denominator.shape[-1] - 1, denominator.device).clamp_max(radius + 1).flatten()
    exact = denominator.flatten().double()
    scale = 2.0 ** (61 - math.frexp(float(exact.abs().sum()))[1])
    total = torch.zeros(radius + 2, dtype=torch.int64, device=denominator.device)
    total.index_add_(0, shells, (exact * scale).long())
    count = torch.zeros_like(total).index_add_(0, shells, torch.ones_like(shells, dtype=torch.int64))
    return (total.double() / scale / count.clamp_min(1))[: radius + 1].cpu()


def solve_on_device(numerator: Tensor, denominator: Tensor, size: int, floor: Tensor, voxel_size: float) -> Tensor:
    """Volume of numerator / (denominator + floor of its shell), nothing beyond the shells of ``floor``; float32, there."""
    last = len(floor) - 1
    shells = shells_on_device(denominator.shape[-1] - 1, denominator.device)
    values = numerator / (denominator + floor.to(denominator.device)[shells.clamp_max(last)])
    return volume_of(torch.where(shells <= last, values, 0), size, scale=voxel_size)
