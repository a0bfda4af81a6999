"""One pass over the particles: what is done with a block of them, and how blocks add up.

A particle whose pose is not settled is marginalised over a grid of orientations and shifts; one whose pose is settled is refined
where it is. Both add to the same sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.misfit import Misfit
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_refine import PosePrior, insert_images, refine_candidates, refine_poses
from vitreous.inference.pose_search import Grid, search
from vitreous.inference.residual import known_pose_misfit, residual_factor
from vitreous.inference.stored import Images
from vitreous.numerics.device_slices import DeviceInsertion, insertion
from vitreous.numerics.slices import HalfBall, Insertion, slices
from vitreous.numerics.symmetry import Symmetry
from vitreous.runtime.memory import batch_size, with_less

#: Blocks a half-set is cut into, at most and where they have at least ``FEWEST`` particles.
BLOCKS, FEWEST = 16, 2000
#: Bytes an image's coefficient takes while its pose is refined: value, transfer, weight, and what is made of them.
WORKING_BYTES = 48


@dataclass(frozen=True, eq=False)
class Sweep:
    """What all blocks of one pass share.

    Parameters
    ----------
    images
        All particles.
    balls
        The transform of each half-set's reference.
    noise
        Of the images.
    scale
        Of each noise group's signal ``(groups,)``.
    grid, shifts, step
        Orientations ``(r, 3, 3)``, shifts ``(s, 2)`` in pixels and angular step in degrees of the global search.
    wide
        Last shell put into the sums.
    symmetry
        The point group.
    memory
        Bytes for tables.
    prior
        (σ of a turn, radians; σ of a move, pixels) about the poses of ``Block.anchor``, or None.
    """

    images: Images
    balls: tuple[HalfBall, HalfBall]
    noise: NoiseSpectra
    scale: Tensor
    grid: Tensor
    shifts: Tensor
    step: float
    wide: int
    symmetry: Symmetry
    memory: int
    prior: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Block:
    """Particles of one half-set and what is known of them before the pass.

    Parameters
    ----------
    half
        0 or 1.
    rows
        Which particles, int64 ``(b,)``.
    rotation, shift
        ``(b, 3, 3)`` and ``(b, 2)`` pixels.
    settled
        Whether the pose is to be refined where it is, bool ``(b,)``.
    weight
        How much a settled particle counts in the map ``(b,)``.
    anchor
        Poses that a prior holds on to, as (rotation, shift); or None.
    """

    half: int
    rows: Tensor
    rotation: Tensor
    shift: Tensor
    settled: Tensor
    weight: Tensor
    anchor: tuple[Tensor, Tensor] | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """What a pass says of each particle of a block: pose, its covariance, and how much of the posterior is near it."""

    rotation: Tensor
    shift: Tensor
    covariance: Tensor
    confidence: Tensor


@dataclass(frozen=True, eq=False)
class Sums:
    """What blocks add up to: numerator and denominator of each half's map (or None), and the misfit."""

    halves: tuple[tuple[Tensor, Tensor] | None, tuple[Tensor, Tensor] | None]
    misfit: Misfit


class MapReduce(Protocol):
    """Does ``function(shared, item) -> (value, sums)`` for all items; see ``pipeline.context.Context.map_reduce``."""

    def __call__(
        self, function: Callable[[Sweep, Block], tuple[Found, Sums]], items: Sequence[Block], *, shared: Sweep,
        combine: Callable[[Sums, Sums], Sums],
    ) -> tuple[list[Found], Sums]: ...  # fmt: skip


def here(
    function: Callable[[Sweep, Block], tuple[Found, Sums]], items: Sequence[Block], *, shared: Sweep,
    combine: Callable[[Sums, Sums], Sums],
) -> tuple[list[Found], Sums]:  # fmt: skip
    """All blocks one after another in this process."""
    values, total = [], None
    for item in items:
        value, sums = function(shared, item)
        values.append(value)
        total = sums if total is None else combine(total, sums)
    assert total is not None  # noqa: S101  there is always a block
    return values, total


def combine(a: Sums, b: Sums) -> Sums:
    """Both together."""

    def both(x: tuple[Tensor, Tensor] | None, y: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor] | None:
        if x is None or y is None:
            return y if x is None else x
        return x[0] + y[0], x[1] + y[1]

    return Sums((both(a.halves[0], b.halves[0]), both(a.halves[1], b.halves[1])), a.misfit + b.misfit)


def spans(rows: Tensor) -> tuple[Tensor, ...]:
    """A half-set's rows in blocks: few enough that sums are seldom added, many enough to keep workers busy."""
    return rows.split(max(FEWEST, -(-len(rows) // BLOCKS)))


def sweep(shared: Sweep, block: Block) -> tuple[Found, Sums]:
    """Do one block; within the memory allowed, and in smaller pieces where that is not there."""
    return with_less(lambda budget: _sweep(shared, block, budget), shared.memory)


def _sweep(shared: Sweep, block: Block, budget: int) -> tuple[Found, Sums]:
    n, ball = len(block.rows), shared.balls[block.half]
    sums = insertion(shared.images.disc.size, shared.wide, shared.images.device)
    groups = len(shared.scale)
    misfit = Misfit.none(groups, shared.images.disc.radius + 1)
    out = Found(block.rotation.clone(), block.shift.clone(), torch.zeros(n, 5, 5, dtype=torch.float64), torch.ones(n))
    size = batch_size(budget, WORKING_BYTES * shared.images.disc.within(shared.wide), most=2048)
    open_, settled = (torch.nonzero(which).flatten() for which in (~block.settled, block.settled))
    if len(open_):
        planes = slices(ball, shared.grid, shared.images.disc, shared.images.disc.within(ball.radius))
    for rows in open_.split(size) if len(open_) else ():
        misfit = _searched(shared, block, rows, planes, budget, out, sums, misfit)
    for rows in settled.split(size) if len(settled) else ():
        misfit = _refined(shared, block, rows, out, sums, misfit)
    half = sums.total()
    return out, Sums((half, None) if block.half == 0 else (None, half), misfit)


def put_in(shared: Sweep, block: Block) -> tuple[None, Sums]:
    """Only put the images of one block into the map, at the poses they have."""
    sums = insertion(shared.images.disc.size, shared.wide, shared.images.device)
    size = batch_size(shared.memory, WORKING_BYTES * shared.images.disc.within(shared.wide), most=2048)
    for rows in torch.arange(len(block.rows)).split(size):
        images = _taken(shared, block, rows)
        insert_images(
            images, shared.noise, block.rotation[rows], block.shift[rows], radius=shared.wide, weight=block.weight[rows], sums=sums
        )
    half = sums.total()
    return None, Sums((half, None) if block.half == 0 else (None, half), Misfit.none(0, 0))


def _taken(shared: Sweep, block: Block, rows: Tensor) -> FourierImages:
    images = shared.images.take(block.rows[rows])
    return images.scaled(shared.scale[images.group])


def _searched(
    shared: Sweep, block: Block, rows: Tensor, planes: Tensor, budget: int, out: Found, sums: Insertion | DeviceInsertion, misfit: Misfit
) -> Misfit:
    """Marginalise over the grid; the soft sums make the map, the best few grid points, polished, the pose."""
    images, ball = _taken(shared, block, rows), shared.balls[block.half]
    found = search(images, shared.noise, Grid(planes, shared.shifts), centres=block.shift[rows].round(), budget=budget)
    sums.add(shared.grid, found.weighted_images, found.weighted_transfer, shared.images.disc)
    polished = refine_candidates(
        images, shared.noise, ball, shared.grid[found.candidates], found.shifts, found.weight, radius=ball.radius,
        group=shared.symmetry,
    )  # fmt: skip
    best = polished.best
    out.rotation[rows], out.shift[rows], out.covariance[rows] = best.rotation, best.shift, best.covariance
    out.confidence[rows] = polished.agreement.float()
    return misfit.with_spread(residual_factor(images, shared.noise, planes, found), len(rows))


def _refined(
    shared: Sweep, block: Block, rows: Tensor, out: Found, sums: Insertion | DeviceInsertion, misfit: Misfit
) -> Misfit:
    """Improve poses where they are, and put the images into the map there."""
    images, ball = _taken(shared, block, rows), shared.balls[block.half]
    prior = None
    if shared.prior is not None and block.anchor is not None:
        prior = PosePrior(block.anchor[0][rows], block.anchor[1][rows], *shared.prior)
    found = refine_poses(images, shared.noise, ball, block.rotation[rows], block.shift[rows], radius=ball.radius, prior=prior)
    out.rotation[rows], out.shift[rows], out.covariance[rows] = found.rotation, found.shift, found.covariance
    insert_images(images, shared.noise, found.rotation, found.shift, radius=shared.wide, weight=block.weight[rows], sums=sums)
    return misfit + known_pose_misfit(images, shared.noise, ball, found.rotation, found.shift, groups=len(shared.scale))
