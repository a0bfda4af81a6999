"""Filters in Fourier space and soft edges in real space."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from vitreous.numerics.fourier import frequency_squared, irfft2, irfftn, rfft2, rfftn


def raised_cosine(k: Tensor, cutoff: float, width: float) -> Tensor:
    """Gain 1 below ``cutoff - width / 2``, 0 above ``cutoff + width / 2``, half at ``cutoff``; same unit as ``k``."""
    return 0.5 + 0.5 * torch.cos(math.pi * ((k - cutoff) / width + 0.5).clamp(0.0, 1.0))


def gaussian(k: Tensor, sigma: float) -> Tensor:
    """exp(-k² / 2σ²): e^(-1/2) at ``sigma``."""
    return torch.exp(-0.5 * (k / sigma) ** 2)


def apply(values: Tensor, gain: Tensor, axes: int) -> Tensor:
    """Multiply the half transform of the last ``axes`` (2 or 3) axes by ``gain`` and come back."""
    forward, backward = (rfft2, irfft2) if axes == 2 else (rfftn, irfftn)
    return backward(forward(values) * gain, values.shape[-axes:])


def low_pass(values: Tensor, resolution: float, pixel_size: float, *, axes: int, width: float = 0.1) -> Tensor:
    """Keep what is coarser than ``resolution``.

    Parameters
    ----------
    values
        Real images or volumes.
    resolution
        Where the gain is one half, Å.
    pixel_size
        Å per voxel.
    axes
        2 for images, 3 for volumes.
    width
        Width of the edge as a fraction of the cut-off frequency.
    """
    k = frequency_squared(values.shape[-axes:], pixel_size, like=values).sqrt()
    return apply(values, raised_cosine(k, 1 / resolution, width / resolution), axes)


def high_pass(values: Tensor, resolution: float, pixel_size: float, *, axes: int, width: float = 0.5) -> Tensor:
    """Keep what is finer than ``resolution`` (Å); see :func:`low_pass`."""
    return values - low_pass(values, resolution, pixel_size, axes=axes, width=width)


def radius(shape: Sequence[int], *, like: Tensor | None = None) -> Tensor:
    """Distance of each voxel from the origin, voxel ``n // 2``, in voxels."""
    options = {} if like is None else {"device": like.device, "dtype": like.dtype}
    total: Tensor | float = 0.0
    for back, size in enumerate(reversed(tuple(shape))):
        total = total + (torch.arange(size, **options) - size // 2).reshape(-1, *[1] * back) ** 2
    return torch.as_tensor(total).to(options.get("dtype", torch.float32)).sqrt()


def soft_disc(shape: Sequence[int], radius_voxels: float, edge: float, *, like: Tensor | None = None) -> Tensor:
    """1 inside ``radius_voxels``, a cosine edge of ``edge`` voxels outside it, then 0: a disc or a ball."""
    return raised_cosine(radius(shape, like=like), radius_voxels + edge / 2, max(edge, 1e-6))
