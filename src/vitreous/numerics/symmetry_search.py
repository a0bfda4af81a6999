r"""Which point groups a map has, and along which axes: its correlation with itself, turned.

For a group G in its standard setting and an orientation A of its axes the score is the mean of

    c(A g Aᵀ) = Σ Re V(A g Aᵀ k)* V(k) / √(Σ |V(A g Aᵀ k)|² Σ |V(k)|²)

over the elements g other than the identity, shells weighted alike. The axis of the highest fold is sought on a grid of directions,
the turn about it by trying all, and the best are refined by ever smaller turns. Noise lowers c alike for every element that is a
symmetry, to the share of signal in the map; so the group that a map has is the largest of those whose worst element is as good as the
best group's. A group's subgroups always fit as well, and a group of high fold nearly, where a map is nearly round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.group_rotations import GENERATORS
from vitreous.numerics.map_align import centre, correlations, shell_points, turn
from vitreous.numerics.rotations import exponential
from vitreous.numerics.slices import HalfBall, half_ball
from vitreous.numerics.so3_grid import healpix
from vitreous.numerics.symmetry import Symmetry, symmetry

#: Groups that are tried.
GROUPS = (*(f"C{n}" for n in range(2, 13)), *(f"D{n}" for n in range(2, 8)), "T", "O", "I")
#: A group holds if each element's correlation is at least this, and at most so much below the best group's worst.
#: A ribosome's head, which has none, reached 0.80 under its best half turn at 22 Å.
LEAST, MARGIN = 0.85, 0.05
#: Directions of axes are tried on a HEALPix grid of this many pixels a side, 3.7° apart, up to this shell.
NSIDE, COARSE = 16, 8
#: Axes followed up, and degrees between the turns tried about each.
AXES, STEP = 3, 5.0
#: Spreads of the random turns that refine an orientation, degrees.
SPREADS = (3.0, 1.5, 0.7, 0.3, 0.15)

Points = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Fit:
    """A group laid upon a map.

    Parameters
    ----------
    group
        The point group.
    axes
        A, float64 ``(3, 3)``: the map turned by it, V(A r), has the group's standard axes.
    score
        Mean correlation over the elements, −1 to 1.
    worst
        Of the element that fits least.
    holds
        Whether every element leaves the map as it is, as far as its noise lets one tell.
    """

    group: Symmetry
    axes: Tensor
    score: float
    worst: float
    holds: bool = False


def find_symmetry(volume: Tensor, *, radius: int, groups: Sequence[str] = GROUPS) -> list[Fit]:
    """Lay each group upon a map and rank them: those that hold first, the largest on top, then by score.

    Parameters
    ----------
    volume
        Cubic, ``(n, n, n)``, masked to the particle; axes are taken to cross at its centre of mass (to a voxel).
    radius
        Last shell compared: not beyond the map's resolution. Eight or more tell C1 from C2 in an irregular particle.
    groups
        Names of those tried.

    Raises
    ------
    InputError
        If the map is no cube, or the radius does not fit into it.
    """
    shape = tuple(volume.shape)
    require(len(set(shape)) == 1, "map", shape, "a cube")
    require(2 <= radius <= shape[0] // 2 - 1, "radius", radius, f"from 2 to {shape[0] // 2 - 1} shells")
    values = centre(volume.float())
    ball, points = half_ball(values, radius), shell_points(values, radius)
    rough = shell_points(values, min(radius, COARSE))
    peaks: dict[int, Tensor] = {}
    fits = [_fit(ball, points, symmetry(name), _start(ball, rough, symmetry(name), peaks)) for name in groups]
    needed = max(LEAST, max(fit.worst for fit in fits) - MARGIN)
    fits = [replace(fit, holds=fit.worst >= needed) for fit in fits]
    return sorted(fits, key=lambda fit: (fit.holds, fit.group.order if fit.holds else 0, fit.score), reverse=True)


def symmetrise(volume: Tensor, group: Symmetry) -> Tensor:
    """Mean of a cubic map over a group's rotations about voxel n // 2; without the shell at Nyquist."""
    total = torch.zeros_like(volume, dtype=torch.float32)
    for element in group.matrices:
        total += turn(volume, element)
    return total / group.order


def _start(ball: HalfBall, points: Points, group: Symmetry, peaks: dict[int, Tensor]) -> Tensor:
    """Orientations of a group's axes to start from, ``(2, 3, 3)``; the axes found for a fold are kept in ``peaks``."""
    fold, axis = _main_axis(group.name)
    if fold not in peaks:
        peaks[fold] = _axes(ball, points, fold)
    onto = torch.stack([_carry(axis, each) for each in peaks[fold]])
    if group.name[0] == "C":
        return onto[:2]
    spins = torch.arange(0, 360 / fold, STEP, dtype=torch.float64)
    tried = (onto[:, None] @ exponential(torch.deg2rad(spins)[:, None] * axis)).reshape(-1, 3, 3)
    # three elements tell a good turn from a bad one; those about the main axis itself do not change with it
    off = group.matrices[(group.matrices @ axis - axis).norm(dim=1) > 1e-6]
    some = off[torch.linspace(0, len(off) - 1, min(3, len(off))).long()]
    return tried[_scores(ball, points, some, tried).mean(1).topk(2).indices]


def _fit(ball: HalfBall, points: Points, group: Symmetry, best: Tensor) -> Fit:
    """Refine orientations of the axes by ever smaller random turns."""
    generator = torch.Generator().manual_seed(1)
    others = group.matrices[1:]
    few = others[torch.linspace(0, len(others) - 1, min(8, len(others))).long()]
    for spread in SPREADS:
        nudge = torch.randn(16, 3, generator=generator, dtype=torch.float64) * math.radians(spread)
        tried = torch.cat([best, (best[:, None] @ exponential(nudge)).reshape(-1, 3, 3)])
        best = tried[_scores(ball, points, few, tried).mean(1).topk(2).indices]
    each = _scores(ball, points, others, best[:1])[0]
    return Fit(group, best[0], float(each.mean()), float(each.min()))


def _scores(ball: HalfBall, points: Points, elements: Tensor, axes: Tensor) -> Tensor:
    """Correlation under each of some elements, for each orientation of the axes: ``(a, e)``."""
    turned = axes[:, None] @ elements @ axes.mT[:, None]
    return correlations(ball, turned.reshape(-1, 3, 3), points).reshape(len(axes), -1)


def _axes(ball: HalfBall, points: Points, fold: int) -> Tensor:
    """Best directions of an axis of ``fold``, some way apart, ``(AXES, 3)``."""
    phi, theta = torch.deg2rad(healpix(NSIDE)).unbind(-1)
    unit = torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], -1)
    unit = unit[unit[:, 2] > -1e-9]
    score = correlations(ball, exponential(unit * (2 * math.pi / fold)), points)
    chosen: list[Tensor] = []
    for row in score.argsort(descending=True):
        if all(abs(float(unit[row] @ each)) < math.cos(math.radians(12)) for each in chosen):
            chosen.append(unit[row])
        if len(chosen) == AXES:
            break
    return torch.stack(chosen)


def _main_axis(name: str) -> tuple[int, Tensor]:
    """Fold and direction of the axis that is sought first: the highest of the generators."""
    if name in GENERATORS:
        fold, axis = max(GENERATORS[name])
    else:
        fold, axis = int(name[1:]), (0.0, 0.0, 1.0)
    vector = torch.tensor(axis, dtype=torch.float64)
    return fold, vector / vector.norm()


def _carry(start: Tensor, end: Tensor) -> Tensor:
    """A rotation that carries one unit vector to another."""
    cross = torch.linalg.cross(start, end)
    angle = torch.atan2(cross.norm(), start @ end)
    if cross.norm() < 1e-9:
        other = torch.linalg.cross(start, torch.eye(3, dtype=torch.float64)[start.abs().argmin()])
        cross = other
    return exponential(cross / cross.norm() * angle)
