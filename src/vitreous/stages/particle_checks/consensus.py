r"""Do independent assignments of poses agree? Each in its own frame, maybe of the other hand, brought onto the first.

A map turned by Q, moved by d and mirrored or not has the poses

    R' = F R Q,    t' = t + (R d)_xy,

F the identity, or diag(−1, −1, 1) for the other hand: an image of V(r) at R is one of V(−r) at F R. Q is the one under which most
particles agree: each particle votes with its own, the winner is averaged over those that follow it (a chordal mean).

Of random poses the share that agrees to within Ω is (Ω − sin Ω) / π, Ω in radians: 2.8 × 10⁻⁴ at 10°.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.errors import InputError, require
from vitreous.numerics.rotations import geodesic_deg, nearest_rotation
from vitreous.numerics.symmetry import Symmetry

#: Particles whose own frame is tried, and particles on which it is tried.
VOTERS, ELECTORATE = 60, 1000
#: Rounds of averaging.
ROUNDS = 5
#: What the other hand does to a pose.
OTHER_HAND = torch.diag(torch.tensor([-1.0, -1.0, 1.0], dtype=torch.float64))


@dataclass(frozen=True, eq=False)
class Frame:
    """How one assignment lies to another.

    Parameters
    ----------
    turn
        Q ``(3, 3)``.
    move
        d, Å, ``(3,)`` in the axes of the first map.
    mirrored
        Whether the maps are of opposite hands.
    """

    turn: Tensor
    move: Tensor
    mirrored: bool


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two assignments agree, for n particles.

    Parameters
    ----------
    frame
        That brings the second onto the first.
    angle_deg, distance
        What is left between the poses, degrees and Å, float64 ``(n,)``.
    kept
        Whether both are within bounds.
    by_chance
        Share of random poses that would be.
    """

    frame: Frame
    angle_deg: Tensor
    distance: Tensor
    kept: Tensor
    by_chance: float


def chance_of_agreement(angle_deg: float, symmetry_order: int = 1) -> float:
    """Share of random poses within ``angle_deg`` of each other, at most 1; copies by symmetry are taken not to overlap."""
    omega = math.radians(min(angle_deg, 180.0))
    return min(1.0, symmetry_order * (omega - math.sin(omega)) / math.pi)


def agreement(
    first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor], symmetry: Symmetry, *,
    angle_deg: float = 10.0, distance: float = 5.0, generator: torch.Generator,
) -> Agreement:  # fmt: skip
    """Compare two assignments of the same particles, row by row.

    Parameters
    ----------
    first, second
        Rotations ``(n, 3, 3)`` and shifts in Å ``(n, 2)``.
    symmetry
        Of the map, in the first one's axes.
    angle_deg, distance
        Bounds, degrees and Å.
    generator
        Chance: which particles vote.

    Raises
    ------
    InputError
        If the bounds are not positive, or there are fewer than 10 particles.
    """
    require(0 < angle_deg <= 180, "angle", angle_deg, "from 0 to 180 degrees")
    require(distance > 0, "distance", distance, "positive, in Å")
    require(len(first[0]) >= 10, "particles in common", len(first[0]), "at least 10")
    hands = [_turn(first[0], hand @ second[0], symmetry, angle_deg, generator) for hand in (torch.eye(3).double(), OTHER_HAND)]
    mirrored = hands[1][1] > hands[0][1]
    turn = hands[mirrored][0]
    brought = (OTHER_HAND @ second[0] if mirrored else second[0]) @ turn.T
    angle = _nearest(first[0], brought, symmetry)[1]
    moved = second[1] - first[1]
    move = _move(first[0], moved, angle < angle_deg)
    away = (moved - (first[0] @ move)[:, :2]).norm(dim=1)
    return Agreement(Frame(turn, move, mirrored), angle, away, (angle <= angle_deg) & (away <= distance),
                     chance_of_agreement(angle_deg, symmetry.order))  # fmt: skip


def _turn(first: Tensor, second: Tensor, symmetry: Symmetry, angle_deg: float, generator: torch.Generator) -> tuple[Tensor, int]:
    """Q with second ≈ first · Q up to symmetry, and how many particles follow it."""
    some = torch.randperm(len(first), generator=generator)[:ELECTORATE]
    a, b = first[some], second[some]
    best, most = torch.eye(3, dtype=torch.float64), -1
    for vote in a[:VOTERS].mT @ b[:VOTERS]:
        count = int((symmetry.distance_deg(a, b @ vote.T) < angle_deg).sum())
        if count > most:
            best, most = vote, count
    for _ in range(ROUNDS):
        near, angle = _nearest(first, second @ best.T, symmetry)
        close = angle < angle_deg
        if not close.any():
            break
        best = nearest_rotation((near[close].mT @ second[close]).sum(0))
    return best, int((_nearest(first, second @ best.T, symmetry)[1] < angle_deg).sum())


def _nearest(first: Tensor, second: Tensor, symmetry: Symmetry) -> tuple[Tensor, Tensor]:
    """The copy R g of each first pose that is nearest to the second, and the angle between them in degrees."""
    near, least = first, torch.full((len(first),), torch.inf, dtype=torch.float64)
    for g in symmetry.matrices:
        copy = first @ g
        angle = geodesic_deg(copy, second)
        near = torch.where((angle < least)[:, None, None], copy, near)
        least = torch.minimum(least, angle)
    return near, least


def _move(rotation: Tensor, moved: Tensor, agree: Tensor) -> Tensor:
    """d of least squares in moved = (R d)_xy over those that agree, outliers left out in a second round: Å ``(3,)``."""
    rows = agree
    found = torch.zeros(3, dtype=torch.float64)
    for _ in range(3):
        if int(rows.sum()) < 3:
            break
        found = torch.linalg.lstsq(rotation[rows][:, :2].reshape(-1, 3), moved[rows].reshape(-1, 1)).solution[:, 0]
        left = (moved - (rotation @ found)[:, :2]).norm(dim=1)
        rows = agree & (left <= 3 * left[agree].median().clamp_min(1e-6))
    return found


def in_common(tables: list[Particles]) -> list[np.ndarray]:
    """Rows of the particles that all tables hold, in one order for all.

    Particles are known by their image (number and file name) where all tables have images, else by micrograph and coordinate.

    Raises
    ------
    InputError
        If a table names a particle twice, has no poses, or nothing is in all.
    """
    for number, table in enumerate(tables):
        if table.rotation is None:
            raise InputError(f"particles must have poses (rlnAngleRot …); table {number + 1} has none. Try: vitreous refine first.")
    names = [_names(table, all(t.slice_index is not None for t in tables)) for table in tables]
    rows: list[dict[object, int]] = []
    for number, own in enumerate(names):
        rows.append({name: row for row, name in enumerate(own)})
        require(len(rows[-1]) == len(own), f"particles of table {number + 1}", f"{len(own) - len(rows[-1])} twice", "each there once")
    common = [name for name in names[0] if all(name in other for other in rows[1:])]
    require(len(common) > 0, "particles in common", 0, "at least one: same images, or same micrograph and coordinates",
            instead="tables of one extraction")  # fmt: skip
    return [np.array([own[name] for name in common]) for own in rows]


def _names(table: Particles, by_image: bool) -> list[object]:
    if by_image and table.slice_index is not None and table.stack_index is not None:
        return [(table.stack[f].name, int(s)) for f, s in zip(table.stack_index.tolist(), table.slice_index.tolist())]
    if table.micrograph_index is None or table.coordinate is None:
        raise InputError("particles must have images (rlnImageName), or micrographs and coordinates, to be known again; got neither.")
    places = zip(table.micrograph_index.tolist(), table.coordinate.tolist())
    return [(table.micrograph[m], round(x, 1), round(y, 1)) for m, (x, y) in places]
