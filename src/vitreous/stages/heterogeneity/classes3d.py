"""Three-dimensional classification at known poses: consensus, halves apart, then all particles together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_refine import insert_images, refine_poses
from vitreous.inference.residual import known_pose_factor
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.slices import half_ball
from vitreous.numerics.symmetry import Symmetry
from vitreous.reconstruct.fourier import last_shell_above, solve
from vitreous.runtime.progress import Reporter, silent
from vitreous.stages.heterogeneity.consensus import Consensus, consensus
from vitreous.stages.heterogeneity.em import Classes, classify
from vitreous.stages.heterogeneity.halves import FIRST_SHARE, HeldOut, judge
from vitreous.stages.heterogeneity.prior import DifferencePrior, difference_prior
from vitreous.stages.heterogeneity.residuals import Residuals, residuals

#: A difference of a tenth of the particle's power has to stand as high as the noise of the consensus map: SSNR of the band's end.
NEEDED_SSNR = 10.0


@dataclass(frozen=True, kw_only=True)
class Classes3DSettings:
    """Settings of a classification.

    Parameters
    ----------
    diameter
        Of the particle, Å.
    classes
        K, at least 2.
    symmetry
        Of all classes.
    passes
        At most so many of each expectation-maximisation.
    hard
        Count each image for its most probable class alone.
    seed
        Of everything random.
    """

    diameter: float
    classes: int
    symmetry: Symmetry
    passes: int = 20
    hard: bool = False
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Classification:
    """Everything found.

    Parameters
    ----------
    base
        The consensus.
    held_out
        The judgement of the halves.
    found
        Classes of all particles.
    maps
        Class maps ``(K, s, s, s)`` to the end of the images' band, regularised and masked.
    rotation, shift
        Poses as used last, shifts in pixels.
    radius
        Last shell that classes were told apart by.
    """

    base: Consensus
    held_out: HeldOut
    found: Classes
    maps: Tensor
    rotation: Tensor
    shift: Tensor
    radius: int


def particle_ball(images: FourierImages, diameter: float) -> Tensor:
    """Soft ball a tenth wider than the particle."""
    size = images.disc.size
    return soft_disc((size,) * 3, min(0.55 * diameter / images.pixel_size, 0.44 * size), max(3.0, 0.05 * size))


def classify3d(
    images: FourierImages, half: Tensor, rotation: Tensor, shift: Tensor, settings: Classes3DSettings, *,
    focus: Tensor | None = None, rounds: int = 0, report: Reporter = silent,
) -> Classification:  # fmt: skip
    """Sort particles of known poses into classes.

    Parameters
    ----------
    images
        Not masked: at known poses nothing is gained, and the noise of neighbours stays independent.
    half
        0 or 1 for each.
    rotation, shift
        Poses ``(n, 3, 3)``, ``(n, 2)`` in pixels.
    focus
        Mask ``(s, s, s)`` of where classes may differ; the particle's ball without it.
    rounds
        How many times poses are refined against their class and all is done again.
    """
    result = _classify_once(images, half, rotation, shift, settings, focus, report)
    for _ in range(rounds):
        rotation, shift = refine_by_class(images, result, rotation, shift)
        result = _classify_once(images, half, rotation, shift, settings, focus, report)
    return result


def _classify_once(
    images: FourierImages, half: Tensor, rotation: Tensor, shift: Tensor, settings: Classes3DSettings, focus: Tensor | None,
    report: Reporter,
) -> Classification:  # fmt: skip
    ball = particle_ball(images, settings.diameter)
    base = consensus(images, half, rotation, shift, ball, settings.symmetry)
    radius = max(4, min(base.radius, last_shell_above(base.ssnr, NEEDED_SSNR)))
    support = ball if focus is None else focus
    rows = (torch.nonzero(half == 0).flatten(), torch.nonzero(half == 1).flatten())
    group = settings.symmetry
    apart = tuple(
        residuals(images.take(at), base.noise, rotation[at], shift[at], own, radius, group) for at, own in zip(rows, base.halves)
    )
    prior = _prior(apart, base, support)
    coarse = min(radius, images.shell(settings.diameter / 8))
    held_out = judge(apart, rows, prior, settings.classes, coarse=coarse, passes=settings.passes, hard=settings.hard, seed=settings.seed)
    del apart
    together = residuals(images, base.noise, rotation, shift, base.whole, radius, group)
    prior = prior.with_share(held_out.share)
    found = classify(together, held_out.posterior, prior, passes=settings.passes, hard=settings.hard, report=report)
    maps = class_maps(images, base, found, rotation, shift, support, group)
    return Classification(base, held_out, found, maps, rotation, shift, radius)


def _prior(apart: tuple[Residuals, ...], base: Consensus, support: Tensor) -> DifferencePrior:
    """The prior of differences from the weights of all images."""
    one = [torch.ones(len(each)) for each in apart]
    denominator = sum(found.insert(0 * each, each)[1] for found, each in zip(apart, one))
    return difference_prior(denominator, base.ssnr, support, apart[0].pixel_size, apart[0].radius, FIRST_SHARE)


def class_maps(
    images: FourierImages, base: Consensus, found: Classes, rotation: Tensor, shift: Tensor, support: Tensor, symmetry: Symmetry
) -> Tensor:
    """Each class's own map inside ``support``, the consensus outside it: what every particle shares is best known from all."""
    size, radius, voxel = images.disc.size, images.disc.radius, images.pixel_size
    noise, maps = class_noise(images, base, found, rotation, shift), []
    for share, column in zip(found.posterior.mean(0), found.posterior.T):
        some = torch.nonzero(column > 1e-3).flatten()
        if not len(some):
            maps.append(base.whole)
            continue
        sums = insert_images(images.take(some), noise, rotation[some], shift[some], radius=radius, weight=column[some].float())
        own = solve(*sums.total(symmetry.matrices), size, ssnr=base.ssnr * float(share), radius=radius, voxel_size=voxel)
        maps.append(base.whole * (1 - support) + own * support)
    return torch.stack(maps)


def class_noise(images: FourierImages, base: Consensus, found: Classes, rotation: Tensor, shift: Tensor) -> NoiseSpectra:
    """The noise that is left once each image is explained by its class and not by the consensus."""
    factor, assigned = 0.0, found.posterior.argmax(1)
    for k, difference in enumerate(found.differences):
        rows = torch.nonzero(assigned == k).flatten()
        if len(rows):
            ball = half_ball(base.whole + difference, images.disc.radius, scale=images.pixel_size)
            factor = factor + known_pose_factor(images.take(rows), base.noise, ball, rotation[rows], shift[rows]) * len(rows)
    return base.noise.scaled(factor / len(images))


def refine_by_class(images: FourierImages, result: Classification, rotation: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Poses refined locally, each image against the map of its most probable class."""
    rotation, shift = rotation.clone(), shift.clone()
    assigned, radius = result.found.posterior.argmax(1), min(images.disc.radius, result.base.radius)
    for k, values in enumerate(result.maps):
        rows = torch.nonzero(assigned == k).flatten()
        if len(rows):
            ball = half_ball(values, radius, scale=images.pixel_size)
            moved = refine_poses(images.take(rows), result.base.noise, ball, rotation[rows], shift[rows], radius=radius)
            rotation[rows], shift[rows] = moved.rotation, moved.shift
    return rotation, shift
