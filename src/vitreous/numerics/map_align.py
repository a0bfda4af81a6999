"""Turn one map onto another, mirror images included: for comparing results that came from different starts.

The correlation of band-limited transforms, Σ Re A(g k)* B(k) / √(Σ|A|² Σ|B|²), is taken over a grid on SO(3) and then refined
by ever smaller turns about the best points. Both maps must share their centre: see :func:`centre`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.fourier import central_irfftn, centred_rfftn
from vitreous.numerics.kernels import cpu
from vitreous.numerics.rotations import exponential
from vitreous.numerics.slices import PAD, HalfBall, flat_ball, half_ball
from vitreous.numerics.so3_grid import orientations
from vitreous.numerics.symmetry import Symmetry, symmetry

#: The mirror used: x → −x.
MIRROR_AXIS = -1


@dataclass(frozen=True, eq=False)
class Alignment:
    """How to turn ``moving`` onto ``fixed``: V'(r) = V(g r), after the mirror if ``mirrored``.

    Parameters
    ----------
    rotation
        g, float64 ``(3, 3)``.
    mirrored
        Whether the mirror image fits better.
    correlation, other_hand
        Of the better and of the other hand, −1 to 1.
    """

    rotation: Tensor
    mirrored: bool
    correlation: float
    other_hand: float


def mirror(volume: Tensor) -> Tensor:
    """Mirror image x → −x about the origin voxel ``n // 2``."""
    size = volume.shape[MIRROR_AXIS]
    flipped = volume.flip(MIRROR_AXIS)
    return flipped.roll(1, MIRROR_AXIS) if size % 2 == 0 else flipped


def centre(volume: Tensor) -> Tensor:
    """Move the centre of mass of what is above zero to the origin voxel (whole voxels, wrapping)."""
    mass = volume.clamp_min(0)
    total = mass.sum().clamp_min(1e-12)
    for axis in range(3):
        line = torch.arange(volume.shape[axis]) - volume.shape[axis] // 2
        other = [a for a in range(3) if a != axis]
        volume = volume.roll(-round(float((mass.sum(other) * line).sum() / total)), axis)
    return volume


def shell_points(volume: Tensor, radius: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points of a half ball of integer frequencies within ``radius``, their values and weights that make shells equal."""
    n = volume.shape[-1]
    line = torch.arange(-radius, radius + 1)
    z, y, x = torch.meshgrid(line, line, torch.arange(radius + 1), indexing="ij")
    r = (x**2 + y**2 + z**2).double().sqrt()
    keep = (r <= radius) & (r >= 1) & ((x > 0) | (y > 0) | ((y == 0) & (z > 0)))
    spectrum = centred_rfftn(volume)
    values = spectrum[z[keep] % n, y[keep] % n, x[keep]]
    shell = r[keep].round().long()
    power = torch.zeros(radius + 1).index_add_(0, shell, (values.abs() ** 2).float())
    count = torch.bincount(shell, minlength=radius + 1).float()
    weight = (count / power.clamp_min(1e-30)).sqrt() / count.clamp_min(1)
    points = torch.stack([x[keep], y[keep], z[keep]], -1).float() * PAD
    return points, values.to(torch.complex64), weight[shell]


def correlations(ball: HalfBall, rotations: Tensor, target: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Correlation of a map turned by each of ``rotations`` ``(b, 3, 3)`` with the one of :func:`shell_points`, float64 ``(b,)``."""
    points, values, weight = target
    flat, m = flat_ball(ball)
    cross, power = np.zeros(len(rotations)), np.zeros(len(rotations))
    turns = np.ascontiguousarray(rotations.float().numpy())
    cpu.correlate_rotations(flat, m, turns, points.numpy(), torch.view_as_real(values).reshape(-1).numpy(), weight.numpy(), cross, power)
    own = float((weight * values.abs() ** 2).sum())
    return torch.from_numpy(cross / np.sqrt(np.maximum(power * own, 1e-30)))


def _best_turn(ball: HalfBall, target: tuple[Tensor, Tensor, Tensor], group: Symmetry) -> tuple[Tensor, float]:
    grid = orientations(10.0, group)
    scores = correlations(ball, grid, target)
    return _refined(ball, target, grid[scores.topk(min(10, len(grid))).indices], (5.0, 2.5, 1.2, 0.6, 0.3))


def _refined(ball: HalfBall, target: tuple[Tensor, Tensor, Tensor], best: Tensor, spreads: Sequence[float]) -> tuple[Tensor, float]:
    """Try ever smaller random turns, degrees, about the best so far."""
    generator = torch.Generator().manual_seed(1)
    for spread in spreads:
        nudge = torch.randn(60, 3, generator=generator, dtype=torch.float64) * math.radians(spread)
        tried = torch.cat([best[:, None] @ exponential(nudge), best[:, None]], 1).reshape(-1, 3, 3)
        scores = correlations(ball, tried, target)
        best = tried[scores.topk(4).indices]
    return best[0], float(scores.max())


def align_near(moving: Tensor, fixed: Tensor, rotation: Tensor, *, radius: int) -> tuple[Tensor, float]:
    """Improve a turn that is right to some 3 degrees, by detail up to shell ``radius``; give it and its correlation."""
    return _refined(half_ball(moving.float(), radius), shell_points(fixed.float(), radius), rotation[None], (1.5, 0.7, 0.3, 0.15))


def align(moving: Tensor, fixed: Tensor, *, radius: int, group: Symmetry | None = None) -> Alignment:
    """Find the turn, and the hand, that bring ``moving`` onto ``fixed``; cubic maps of one size.

    Parameters
    ----------
    radius
        Last shell compared.
    group
        Symmetry of ``moving``, to search only its asymmetric unit; C1 without it.
    """
    group = symmetry("C1") if group is None else group
    target = shell_points(fixed.float(), radius)
    found = [_best_turn(half_ball(v, radius), target, group) for v in (moving.float(), mirror(moving.float()))]
    mirrored = found[1][1] > found[0][1]
    return Alignment(found[mirrored][0], mirrored, found[mirrored][1], found[not mirrored][1])


def turn(volume: Tensor, rotation: Tensor, shift: Tensor | None = None, *, radius: int | None = None) -> Tensor:
    """V'(r) = V(g (r − t)): sample a cubic map's transform on the turned grid.

    Parameters
    ----------
    volume
        ``(n, n, n)``.
    rotation
        g, ``(3, 3)``.
    shift
        t, voxels ``(3,)``; none without it.
    radius
        Last shell kept; by default the last below Nyquist.
    """
    n = volume.shape[-1]
    keep = n // 2 - 1 if radius is None else min(radius, n // 2 - 1)
    flat, m = flat_ball(half_ball(volume.float(), keep))
    line = torch.arange(-keep, keep + 1)
    z, y, x = torch.meshgrid(line, line, torch.arange(keep + 1), indexing="ij")
    points = torch.stack([x, y, z], -1).reshape(-1, 3).float()
    inside = points.norm(dim=1) <= keep
    points = points[inside]
    values = np.empty(2 * len(points), np.float32)
    cpu.sample(flat, m, np.ascontiguousarray((points @ rotation.float().T * PAD).numpy()), values)
    found = torch.from_numpy(values.view(np.complex64))
    if shift is not None:
        angle = points @ shift.float() * (-2 * math.pi / n)
        found = found * torch.polar(torch.ones_like(angle), angle)
    out = torch.zeros(len(inside), dtype=torch.complex64)
    out[inside] = found
    return central_irfftn(out.reshape(2 * keep + 1, 2 * keep + 1, keep + 1), n, n)
