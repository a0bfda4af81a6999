"""``solve`` where the sums lie on a CUDA device."""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.device_slices import shells_on_device, volume_on_device


def density_on_device(denominator: Tensor, radius: int) -> Tensor:
    """Mean of the denominator in each shell 0 … radius, float64 on the CPU.

    Planes are summed apart and in order, so that the result is the same in every run.
    """
    shells = shells_on_device(denominator.shape[-1] - 1, denominator.device)
    total = torch.zeros(2, radius + 1, dtype=torch.float64)
    for shell in range(radius + 1):
        inside = shells == shell
        total[0, shell] = torch.where(inside, denominator, 0.0).double().sum().cpu()
        total[1, shell] = inside.sum().cpu()
    return total[0] / total[1].clamp_min(1)
