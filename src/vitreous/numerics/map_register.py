"""Bring one map onto another that is nearly in place: a small turn and a small move, by Gauss-Newton steps.

Two half-sets refined apart may turn away from each other, and from the reference that both began with, by a degree or so: a map's
orientation is only held by the resolution it had when its particles found their places. Six numbers put that right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.kernels import cpu
from vitreous.numerics.map_align import shell_points
from vitreous.numerics.rotations import exponential
from vitreous.numerics.slices import PAD, HalfBall, flat_ball, half_ball
from vitreous.numerics.symmetry import Symmetry

#: Radians by which the map is turned to find its derivatives.
NUDGE = 2e-3


@dataclass(frozen=True, eq=False)
class Placement:
    """How to put a map in place: V'(r) = V(g (r − t)).

    Parameters
    ----------
    rotation
        g, float64 ``(3, 3)``.
    shift
        t, voxels (x, y, z), float64 ``(3,)``.
    """

    rotation: Tensor
    shift: Tensor

    def poses(self, rotation: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """Poses ``(n, 3, 3)`` and shifts ``(n, 2)``, pixels, of the same images with respect to V'."""
        turned = rotation @ self.rotation
        return turned, shift - (turned @ self.shift)[:, :2]


def unmoved() -> Placement:
    """No movement."""
    return Placement(torch.eye(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64))


def free_axes(group: Symmetry) -> tuple[int, ...]:
    """Which of (turn about x, y, z, move along x, y, z) a map of this symmetry can make and keep it: all in C1, those along z in
    C_n, none in the others."""
    if group.order == 1:
        return (0, 1, 2, 3, 4, 5)
    return (2, 5) if group.name.startswith("C") else ()


def register(moving: Tensor, fixed: Tensor, *, radius: int, group: Symmetry, steps: int = 6) -> Placement:
    """Find the small turn and move that bring ``moving`` onto ``fixed``.

    Parameters
    ----------
    moving, fixed
        Cubic maps of one size that differ by a few degrees and voxels at most.
    radius
        Last shell compared. Shells count as far as the maps agree there.
    group
        Symmetry of both, which may forbid movements.
    steps
        Gauss-Newton steps.
    """
    free = list(free_axes(group))
    rotation, shift = torch.eye(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    if not free:
        return Placement(rotation, shift)
    ball = half_ball(moving.float(), radius)
    points, target, _ = shell_points(fixed.float(), radius)
    target, shell = target.to(torch.complex128), (points.norm(dim=1) / PAD).round().long()
    frequency = points.double() * (2 * torch.pi / (PAD * fixed.shape[-1]))
    for _ in range(steps):
        phase = torch.polar(torch.ones(len(points), dtype=torch.float64), -(frequency @ shift))
        model = _sampled(ball, points, rotation) * phase
        columns = [(_sampled(ball, points, exponential(NUDGE * axis) @ rotation) * phase - model) / NUDGE for axis in torch.eye(3).double()]
        columns += [model * (-1j * frequency[:, axis]) for axis in range(3)]
        scale, weight = _by_shell(model, target, shell)
        jacobian = scale * torch.stack(columns)[free]
        residual = target - scale * model
        normal = torch.einsum("ak,k,bk->ab", jacobian.conj(), weight.to(jacobian.dtype), jacobian).real
        step = torch.zeros(6, dtype=torch.float64)
        step[free] = torch.linalg.solve(normal + 1e-9 * normal.diagonal().mean() * torch.eye(len(free)), _dot(jacobian, weight, residual))
        rotation, shift = exponential(step[:3].clamp(-0.05, 0.05)) @ rotation, shift + step[3:].clamp(-2.0, 2.0)
    return Placement(rotation, shift)


def _by_shell(model: Tensor, target: Tensor, shell: Tensor) -> tuple[Tensor, Tensor]:
    """Scale of the model at each point, and one over the power of what it leaves: both by shell."""

    def mean(values: Tensor) -> Tensor:
        total = torch.zeros(int(shell.max()) + 1, dtype=torch.float64).index_add_(0, shell, values)
        return (total / torch.bincount(shell).clamp_min(1))[shell]

    scale = (mean((model.conj() * target).real) / mean(model.abs() ** 2).clamp_min(1e-30)).clamp_min(0)
    power = mean(target.abs() ** 2)
    left = mean((target - scale * model).abs() ** 2).maximum(0.01 * power)
    return scale, 1.0 / left.clamp_min(1e-6 * float(power.max()) + 1e-30)


def _dot(jacobian: Tensor, weight: Tensor, residual: Tensor) -> Tensor:
    return (jacobian.conj() * weight * residual).real.sum(1)


def _sampled(ball: HalfBall, points: Tensor, rotation: Tensor) -> Tensor:
    flat, m = flat_ball(ball)
    out = np.empty(2 * len(points), np.float32)
    cpu.sample(flat, m, np.ascontiguousarray((points.double() @ rotation.T).float().numpy()), out)
    return torch.from_numpy(out.view(np.complex64)).to(torch.complex128)
