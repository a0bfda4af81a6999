"""What the kernels mean, in plain torch: slow, obvious and differentiable through volume and pose.

The layout of a half ball is described in ``cpu.py``.
"""

from __future__ import annotations

import torch
from torch import Tensor


def _points(rotations: Tensor, kx: Tensor, ky: Tensor, pad: int) -> Tensor:
    """Positions pad · Rᵀ (kx, ky, 0) on the oversampled grid, ``(b, k, 3)``."""
    plane = torch.stack([kx, ky, torch.zeros_like(kx)], -1).to(rotations) * pad
    return plane @ rotations  # rows: (R^T p)^T = p^T R


def _corners(points: Tensor, m: int) -> tuple[Tensor, Tensor, Tensor]:
    """Flat indices ``(..., 8)`` and trilinear weights of the cells around points, and which ones were mirrored."""
    mate = points[..., 0] < 0
    points = torch.where(mate[..., None], -points, points)
    low = points.detach().floor()
    fraction = points - low
    low = low.long()
    offsets = torch.tensor([[c & 1, (c >> 1) & 1, c >> 2] for c in range(8)])
    weight = torch.where(offsets.bool(), fraction[..., None, :], 1 - fraction[..., None, :]).prod(-1)
    x, y, z = (low[..., None, :] + offsets).unbind(-1)
    return ((z + m) * (2 * m + 1) + (y + m)) * (m + 1) + x, weight, mate


def slices(ball: Tensor, rotations: Tensor, kx: Tensor, ky: Tensor, pad: int) -> Tensor:
    """Half ball ``(2m + 1, 2m + 1, m + 1)`` at pad · Rᵀ (kx, ky, 0): complex ``(b, k)``."""
    index, weight, mate = _corners(_points(rotations, kx, ky, pad), ball.shape[-1] - 1)
    value = (ball.flatten()[index] * weight).sum(-1)
    return torch.where(mate, value.conj(), value)


def insert(shape: tuple[int, ...], rotations: Tensor, values: Tensor, kx: Tensor, ky: Tensor, pad: int) -> Tensor:
    """Adjoint of :func:`slices`: a half ball of ``shape`` with ``values`` ``(b, k)`` (complex or real) spread into it."""
    index, weight, mate = _corners(_points(rotations, kx, ky, pad), shape[-1] - 1)
    values = torch.where(mate, values.conj(), values) if values.is_complex() else values
    flat = values.new_zeros(shape[0] * shape[1] * shape[2])
    flat = flat.index_add(0, index.flatten(), (values[..., None] * weight.to(values.dtype)).flatten())
    return flat.reshape(shape)


def model(ball: Tensor, rotation: Tensor, shift: Tensor, transfer: Tensor, kx: Tensor, ky: Tensor, pad: int, size: int) -> Tensor:
    """One image's coefficients c(k) exp(−2πi k·t / size) S(k), differentiable in ``rotation`` and ``shift`` (pixels)."""
    angle = -2 * torch.pi / size * (kx.to(shift) * shift[0] + ky.to(shift) * shift[1])
    return transfer * torch.polar(torch.ones_like(angle), angle) * slices(ball, rotation[None], kx, ky, pad)[0]
