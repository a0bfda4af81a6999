"""What ``slices.py`` does, where tensors lie on a CUDA device: the same meaning, in torch and Triton's loops."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from vitreous.numerics.disc import Disc
from vitreous.numerics.kernels.choice import uses_triton
from vitreous.numerics.slices import PAD, HalfBall, Insertion, ball_margin


def slices_on_device(ball: HalfBall, rotations: Tensor, disc: Disc, count: int) -> Tensor:
    """Slices of a ball on a device, there: complex64 ``(b, count)``."""
    from vitreous.numerics.kernels import triton_slices

    device = ball.values.device
    return triton_slices.slices(ball.values, rotations.to(device), disc.kx[:count].to(device), disc.ky[:count].to(device), PAD)


class DeviceInsertion:
    """An :class:`~vitreous.numerics.slices.Insertion` whose sums are kept and given on a device, the same bits in every run."""

    def __init__(self, size: int, radius: int, device: torch.device) -> None:
        from vitreous.numerics.kernels.triton_insert import WholeSums

        self.size, self.radius = size, radius
        self._device = device
        self._sums = WholeSums(ball_margin(radius), device)

    def add(self, rotations: Tensor, values: Tensor, weights: Tensor, disc: Disc) -> None:
        """Add slices: complex ``values`` and real ``weights``, both ``(b, k)``, k a prefix of ``disc``."""
        count, device = values.shape[-1], self._device
        kx, ky = disc.kx[:count].to(device), disc.ky[:count].to(device)
        self._sums.add(rotations, values.to(device, torch.complex64), weights.to(device, torch.float32), kx, ky, PAD)

    def total(self, symmetry: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Numerator (complex64) and denominator (float32) half balls, summed over the rotations of a group if given."""
        from vitreous.numerics.kernels.triton_insert import rotate_sum

        sums = self._sums.total()
        plane = sums[:, :, 0]
        sums[:, :, 0] = plane + plane.flip(0, 1) * sums.new_tensor([1, -1, 1])
        if symmetry is not None and len(symmetry) > 1:
            sums = rotate_sum(sums, symmetry)
        return torch.view_as_complex(sums[..., :2].contiguous()), sums[..., 2].contiguous()


def insertion(size: int, radius: int, device: torch.device) -> Insertion | DeviceInsertion:
    """Sums of slices kept on ``device``."""
    return DeviceInsertion(size, radius, device) if uses_triton(device) else Insertion(size, radius)


@lru_cache(maxsize=2)
def shells_on_device(m: int, device: torch.device) -> Tensor:
    """``ball_shells`` of the same m, on ``device``. Do not change it."""
    line = torch.arange(-m, m + 1, device=device) ** 2
    squared = line[:, None, None] + line[:, None] + torch.arange(m + 1, device=device) ** 2
    return (squared.float().sqrt() / PAD).round().int()
