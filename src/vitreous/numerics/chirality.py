r"""A number that tells a map from its mirror image, so that reruns can agree on one of the two.

Projections cannot tell a map from its mirror image. What two runs on the same images can do is choose alike. The twist index is
the mean over the densest parts of

    T = det[g, Hg, H²g] / (|g| |Hg| |H²g|),   g = ∇ρ, H = ∇∇ρ,

weighted by |g|²: the sense in which the direction of steepest density turns as curvature acts on it. It changes sign with the
hand and not with rotation. Right-handed double helices of nucleic acid make it positive at 6 to 12 Å (the ribosome: +0.012 at
10 Å); among proteins either sign occurs, so for them a positive index is a convention and no evidence.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.filters import low_pass
from vitreous.numerics.fourier import axis_frequencies, irfftn, rfftn


def invert(volume: Tensor) -> Tensor:
    """V(−r) about the origin voxel n // 2: the other hand, turned so that every point group stays where it was.

    The pose of an image in the inverted map is diag(−1, −1, 1) R.
    """
    flipped = volume.flip((-3, -2, -1))
    shifts = [1 if size % 2 == 0 else 0 for size in volume.shape[-3:]]
    return flipped.roll(shifts, (-3, -2, -1))


def twist_index(volume: Tensor, voxel_size: float, resolution: float) -> float:
    """Twist index of a cubic map smoothed to ``resolution`` Å, of the voxels a standard deviation above its mean; −1 to 1."""
    smooth = low_pass(volume.float(), resolution, voxel_size, axes=3, width=0.3)
    gradient, hessian = _derivatives(smooth)
    once = torch.einsum("ijzyx,jzyx->izyx", hessian, gradient)
    twice = torch.einsum("ijzyx,jzyx->izyx", hessian, once)
    volume_of_three = (gradient * torch.linalg.cross(once, twice, dim=0)).sum(0)
    lengths = gradient.norm(dim=0) * once.norm(dim=0) * twice.norm(dim=0)
    weight = gradient.norm(dim=0) ** 2 * (smooth > smooth.mean() + smooth.std())
    tiny = torch.finfo(torch.float32).tiny
    return float((volume_of_three / lengths.clamp_min(tiny) * weight).sum() / weight.sum().clamp_min(tiny))


def _derivatives(values: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient ``(3, z, y, x)`` and Hessian ``(3, 3, z, y, x)`` along x, y, z per voxel, values scaled to unit deviation."""
    shape = values.shape
    spectrum = rfftn(values / values.std().clamp_min(1e-20))
    along = [
        2j * torch.pi * axis_frequencies(shape[2], half=True), 2j * torch.pi * axis_frequencies(shape[1])[:, None],
        2j * torch.pi * axis_frequencies(shape[0])[:, None, None],
    ]  # fmt: skip
    gradient = torch.stack([irfftn(spectrum * k, shape) for k in along])
    hessian = torch.stack([torch.stack([irfftn(spectrum * a * b, shape) for b in along]) for a in along])
    return gradient, hessian
