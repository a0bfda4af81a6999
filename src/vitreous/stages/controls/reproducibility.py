r"""Does it come out again? Several results of the same particles, pair by pair: their maps, and where each particle was put.

A result may lie anywhere and be of either hand, so one is first turned onto the other: maps by their density, poses by the rotation g
of the largest Σ tr(gᵀ R_bᵀ R_a) over the particles that agree on one, from the singular vectors of Σ R_bᵀ R_a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.check import Check
from vitreous.errors import require
from vitreous.inference.half_maps import crossing
from vitreous.numerics.map_align import align, align_near, mirror, turn
from vitreous.numerics.symmetry import Symmetry
from vitreous.reconstruct.fourier import map_correlation

#: Maps of two runs share their images, and with them most noise: they are compared where they correlate to ½.
LEVEL = 0.5
#: Correlation from which maps lie in one frame already, and last shell by which another is searched for.
IN_PLACE, SEARCHED = 0.9, 12
#: Of the particles' angles between runs.
QUANTILES = (0.25, 0.5, 0.75, 0.9)
#: Rounds in which the frame is found, and degrees within which a particle counts for it at the end.
ROUNDS, NEAR_DEG = 12, 20.0
#: The image of a map in the mirror z → −z has poses diag(−1, −1, 1) R.
MIRRORED = torch.diag(torch.tensor([-1.0, -1.0, 1.0], dtype=torch.float64))
#: Degrees within which half of the particles should come back.
FAR_DEG = 15.0


@dataclass(frozen=True, eq=False)
class Pair:
    """Two runs beside each other.

    Parameters
    ----------
    names
        Of the runs.
    identical
        Whether the maps are the same to the bit.
    mirrored
        Whether they are of opposite hand.
    turned
        Degrees by which the second had to be turned.
    fsc
        Of both maps in one frame, by shell.
    resolution
        Å to which they agree (FSC ½).
    angle
        Degrees between a particle's two poses ``(n,)``, in one frame; None without poses.
    """

    names: tuple[str, str]
    identical: bool
    mirrored: bool
    turned: float
    fsc: Tensor
    resolution: float
    angle: Tensor | None

    @property
    def quantiles(self) -> dict[str, float]:
        """Degrees, by share of the particles."""
        if self.angle is None:
            return {}
        return {f"{q:g}": float(v) for q, v in zip(QUANTILES, np.quantile(self.angle.numpy(), QUANTILES))}


def frame_between(first: Tensor, second: Tensor, symmetry: Symmetry) -> tuple[Tensor, Tensor]:
    """g with R_first ≈ R_second g for most particles, and each particle's angle from that, degrees ``(n,)``.

    Parameters
    ----------
    first, second
        Rotations ``(n, 3, 3)`` of the same particles.
    symmetry
        Poses that differ by one of its rotations are the same.
    """
    group = symmetry.matrices
    relative = second.double().transpose(1, 2) @ first.double()
    # Particles that agree crowd about g: begin with the one of a few that has most neighbours.
    start = relative[:: max(1, len(relative) // 24)]
    near = [float((_angles(relative, g, group)[1] < NEAR_DEG).double().sum()) for g in start]
    g = start[int(np.argmax(near))]
    for _ in range(ROUNDS):
        nearest, angle = _angles(relative, g, group)
        some = angle <= max(float(angle.median()), NEAR_DEG)
        u, _, v = torch.linalg.svd(nearest[some].sum(0))
        g = u @ torch.diag(torch.tensor([1.0, 1.0, float(torch.linalg.det(u @ v))], dtype=torch.float64)) @ v
    return g, _angles(relative, g, group)[1]


def _angles(relative: Tensor, g: Tensor, group: Tensor) -> tuple[Tensor, Tensor]:
    """Each ``relative`` rotation times the group's element that brings it nearest to ``g``, and how far it is, degrees."""
    turned = relative[:, None] @ group
    trace = torch.einsum("ngij,ij->ng", turned, g)
    best, which = trace.max(1)
    return turned[torch.arange(len(turned)), which], torch.rad2deg(torch.arccos(((best - 1) / 2).clamp(-1, 1)))


def compare_pair(
    names: tuple[str, str], maps: tuple[Tensor, Tensor], poses: tuple[Tensor, Tensor] | None, mask: Tensor, voxel_size: float,
    symmetry: Symmetry, *, radius: int,
) -> Pair:  # fmt: skip
    """Turn the second run onto the first and compare.

    Parameters
    ----------
    names
        Of the runs.
    maps
        Cubes of one size.
    poses
        Rotations of the same particles in the same order, or None.
    mask
        Round about the origin, ``(n, n, n)``.
    voxel_size
        Å.
    symmetry
        Of the maps.
    radius
        Last shell by which maps are turned.

    Raises
    ------
    InputError
        If the maps differ in shape.
    """
    first, second = (each.float() for each in maps)
    require(first.shape == second.shape, f"map of {names[1]}", tuple(second.shape), f"of the shape of {names[0]}'s, {tuple(first.shape)}")
    length = first.shape[-1] * voxel_size
    if torch.equal(first, second):
        fsc = torch.ones(first.shape[-1] // 2 + 1, dtype=torch.float64)
        angle = None if poses is None else frame_between(*poses, symmetry)[1]
        return Pair(names, True, False, 0.0, fsc, 2 * voxel_size, angle)
    mirrored, rotation = _onto(first * mask, second * mask, radius, symmetry)
    angle = None if poses is None else frame_between(poses[0], MIRRORED @ poses[1] if mirrored else poses[1], symmetry)[1]
    moved = turn(mirror(second) if mirrored else second, rotation)
    fsc = map_correlation(first, moved, mask)
    away = float(symmetry.distance_deg(rotation[None], torch.eye(3, dtype=torch.float64)[None])[0])
    return Pair(names, False, mirrored, away, fsc, crossing(fsc, LEVEL, length), angle)


def _onto(fixed: Tensor, moving: Tensor, radius: int, symmetry: Symmetry) -> tuple[bool, Tensor]:
    """Whether the mirror image fits better, and the turn that brings ``moving`` onto ``fixed``, kept at nothing where that is as good."""
    plain = align_near(moving, fixed, torch.eye(3, dtype=torch.float64), radius=radius)
    if plain[1] > IN_PLACE:
        return False, plain[0]
    found = align(moving, fixed, radius=min(radius, SEARCHED), group=symmetry)
    better = align_near(mirror(moving) if found.mirrored else moving, fixed, found.rotation, radius=radius)
    return (found.mirrored, better[0]) if better[1] > plain[1] else (False, plain[0])


def judge_reproducibility(pairs: list[Pair], resolution: float) -> Check:
    """Whether runs agree with each other as far as the map claims to be known.

    Parameters
    ----------
    pairs
        Every pair of runs, at least one.
    resolution
        Å that is claimed.

    Raises
    ------
    InputError
        If there is no pair.
    """
    require(bool(pairs), "runs", len(pairs), "at least two", instead="refine again with another --seed")
    worst = max(pairs, key=lambda pair: pair.resolution)
    medians = [pair.quantiles["0.5"] for pair in pairs if pair.angle is not None]
    figures = {"worst_agreement_angstrom": round(worst.resolution, 2), "pair_count": len(pairs),
               "opposite_hands": sum(p.mirrored for p in pairs),
               "median_angle_degrees": round(max(medians), 2) if medians else None}  # fmt: skip
    if all(pair.identical for pair in pairs):
        return Check("reproducibility", "not done", "the runs are the same to the bit, so they tell only that the program repeats "
                     "itself. Try: another --seed.", figures)  # fmt: skip
    runs = " and ".join(worst.names)
    if worst.resolution > resolution:
        return Check("reproducibility", "fail", f"{runs} agree to {worst.resolution:.1f} Å (FSC 0.5), coarser than the "
                     f"{resolution:.1f} Å claimed: what is finer is of one run alone. Try: class averages for other conformations, "
                     "or another first "
                     "map.", figures)  # fmt: skip
    if figures["opposite_hands"]:
        return Check("reproducibility", "warn", f"{figures['opposite_hands']} of {len(pairs)} pairs of runs are of opposite hand: "
                     "images of untilted particles do not tell it. Try: a tilt pair, or a model's helices.", figures)  # fmt: skip
    if medians and max(medians) > FAR_DEG:
        return Check("reproducibility", "warn", f"maps agree to {worst.resolution:.1f} Å, but half of the particles lie more than "
                     f"{max(medians):.0f}° from where another run put them ({FAR_DEG:g}° is the limit). Try: fewer, better particles.",
                     figures)  # fmt: skip
    told = f", and half of the particles come back within {max(medians):.1f}°" if medians else ""
    return Check("reproducibility", "pass", f"{runs}, the pair least alike, agree to {worst.resolution:.1f} Å (FSC 0.5){told}.", figures)
