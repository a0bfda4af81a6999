"""From the sums of a pass to the references of the next: the halves put in place, compared, filtered, and cut out of the solvent."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.half_maps import compare_within
from vitreous.numerics.map_align import turn
from vitreous.numerics.map_register import Placement, register, unmoved
from vitreous.numerics.rotations import geodesic_deg
from vitreous.numerics.slices import ball_shells, symmetrised
from vitreous.reconstruct.fourier import ball_margin_of, solve, ssnr_from_fsc
from vitreous.reconstruct.local_regulariser import LEAST_SHELL_GAIN, regularise
from vitreous.reconstruct.support import support
from vitreous.stages.refine.settings import RefineSettings

#: Å: the surface of the particle is drawn at this detail, or at 1.5 times the map's own where that is coarser.
SURFACE = 15.0
#: Turns of a half-map that are put right, degrees: larger ones are no drift but another solution.
DRIFT_DEG = 12.0
#: Last shell by which one half is turned onto the other while iterating.
PLACED = 24

Half = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class References:
    """What the next pass starts from.

    Parameters
    ----------
    halves
        References, ``(2, n, n, n)``.
    fsc, agreed
        Of the half-maps, without the mask's share, and the last shell above the gold standard.
    second
        How half 2 was put in place: its particles' poses follow.
    """

    halves: Tensor
    fsc: Tensor
    agreed: int
    second: Placement


def references(
    sums: tuple[Half, Half], settings: RefineSettings, ball: Tensor, voxel_size: float, *,
    radius: int, mask: Tensor | None, tight: bool, place: bool,
) -> References:  # fmt: skip
    """Solve both halves and make the next references of them.

    Parameters
    ----------
    sums
        Numerator and denominator of each half, not symmetrised.
    settings
        Symmetry, join, regulariser.
    ball
        Soft ball that holds the particle, ``(n, n, n)``.
    voxel_size
        Å.
    radius
        Last shell of the sums that is used.
    mask
        The user's mask, or None.
    tight
        Cut each half out of its own solvent: then its poses no longer follow the noise there.
    place
        Turn half 2 onto half 1; never under a mask of the user's.

    Notes
    -----
    Each half's mask is made from that half alone, so that the halves stay independent.
    """
    size = ball.shape[-1]
    halves = [symmetrised(*each, settings.symmetry.matrices) for each in sums]
    plain = torch.stack([solve(n, d, size, ssnr=None, radius=radius, voxel_size=voxel_size).cpu() for n, d in halves])
    second = _placed(plain, settings, ball) if place and mask is None else unmoved()
    plain[1] = put(plain[1], second, radius)
    masks = _masks(plain, ball, mask, voxel_size, radius if tight else None)
    fsc, agreed = compare_within(plain[0], plain[1], torch.maximum(*masks), ball)
    agreed = min(agreed, radius)
    band = min(agreed + 3, radius)
    if settings.join:
        halves = _joined(halves, round(size * voxel_size / settings.join))
    local = settings.regulariser == "local"
    ssnr = ssnr_from_fsc(fsc.clamp_min(LEAST_SHELL_GAIN) if local else fsc)
    filtered = torch.stack([solve(n, d, size, ssnr=ssnr, radius=band, voxel_size=voxel_size).cpu() for n, d in halves])
    filtered[1] = put(filtered[1], second, band)
    if local:
        filtered = regularise(plain, filtered, radius=band).halves
    return References(filtered * torch.stack(masks), fsc, agreed, second)


def _placed(plain: Tensor, settings: RefineSettings, ball: Tensor) -> Placement:
    """How half 2 comes onto half 1."""
    _, agreed = compare_within(plain[0], plain[1], ball, ball)
    found = register(plain[1] * ball, plain[0] * ball, radius=max(5, min(agreed, PLACED)), group=settings.symmetry)
    return found if is_small(found) else unmoved()


def is_small(place: Placement) -> bool:
    """Whether a movement is a drift and not another solution."""
    return float(geodesic_deg(place.rotation, torch.eye(3, dtype=torch.float64))) < DRIFT_DEG and bool(place.shift.isfinite().all())


def put(volume: Tensor, place: Placement, radius: int) -> Tensor:
    """V(g (r − t)) up to shell ``radius``, or the very map where nothing moves noticeably."""
    eye = torch.eye(3, dtype=torch.float64)
    if float(geodesic_deg(place.rotation, eye)) < 0.01 and float(place.shift.norm()) < 0.01:
        return volume
    return turn(volume, place.rotation, place.shift, radius=radius)


def _masks(plain: Tensor, ball: Tensor, given: Tensor | None, voxel: float, radius: int | None) -> tuple[Tensor, Tensor]:
    """The given mask, the ball, or each half's own support."""
    if given is not None:
        return given, given
    if radius is None:
        return ball, ball
    _, agreed = compare_within(plain[0], plain[1], ball, ball)
    detail = plain.shape[-1] * voxel / max(1, min(agreed, radius))
    lowpass, extension = max(SURFACE, 1.5 * detail, 4 * voxel), max(1.5 * voxel, min(detail, 10.0))
    edge = max(4 * voxel, min(2 * detail, 20.0))
    first, second = (support(v, ball, voxel, lowpass=lowpass, extension=extension, edge=edge) for v in plain)
    return first, second


def _joined(halves: list[Half], last: int) -> list[Half]:
    """Both halves alike up to shell ``last``: what they share there cannot be overfitted, and keeps them on one frame."""
    low = ball_shells(ball_margin_of(halves[0][1])).to(halves[0][1].device) <= last
    both = [halves[0][part] + halves[1][part] for part in (0, 1)]
    return [(torch.where(low, both[0], n), torch.where(low, both[1], d)) for n, d in halves]
