"""A second search for images that do not fit: is the pose wrong, or is the particle not there?

A wrong pose leaves a better one to be found; an image without the particle has none anywhere. Both look alike in the residual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.pose_refine import refine_poses
from vitreous.inference.pose_search import Grid, search
from vitreous.numerics.slices import slices
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.numerics.symmetry import Symmetry
from vitreous.stages.particle_checks.evidence import Posed, shell_sums
from vitreous.stages.particle_checks.fit import Fit

#: Degrees between orientations tried, and the last shell they are tried with: half a step moves the edge of a particle that fills
#: 60 % of its box by a thirtieth of the box, a third of the period of that shell.
STEP_DEG, SHELLS = 10.0, 12
#: Pixels: shifts about the given ones, and their spacing.
REACH, SPACING = 6.0, 2.0
#: Candidates of the grid that are refined.
CANDIDATES = 3
#: Nats by which the new pose must be more likely than the old one, and than no particle at all: the logarithm of the number of
#: poses tried, about 10, and five more.
SURE = 15.0
#: Degrees between poses that are not the same one found again.
ELSEWHERE_DEG = 10.0


@dataclass(frozen=True, eq=False)
class SearchedAgain:
    """What a search found for some images.

    Parameters
    ----------
    rotation, shift
        The best poses found, pixels.
    cross, power
        C and P there.
    angle_deg
        From the pose they had.
    found
        Whether the image holds the particle in a pose that is for sure another.
    """

    rotation: Tensor
    shift: Tensor
    cross: Tensor
    power: Tensor
    angle_deg: Tensor
    found: Tensor


def search_again(posed: Posed, fit: Fit, symmetry: Symmetry, scale: float = 1.0) -> SearchedAgain:
    """Search the poses of images over all orientations, without regard to those they have.

    Parameters
    ----------
    posed
        The images with the poses they have.
    fit
        Of these images.
    symmetry
        Of the map.
    scale
        a, the grey scale of images that hold the particle.
    """
    best = torch.full((len(posed),), -torch.inf, dtype=torch.float64)
    rotation, shift = posed.rotation.clone(), posed.shift.clone()
    cross, power = fit.cross.clone(), fit.power.clone()
    for turned, moved in _candidates(posed, fit, symmetry):
        tried = posed.at(turned, moved)
        found = fit.again(shell_sums(tried))
        likelihood = scale * found.cross - 0.5 * scale**2 * found.power
        better = likelihood > best
        best = torch.where(better, likelihood, best)
        for kept, new in ((rotation, turned), (shift, moved), (cross, found.cross), (power, found.power)):
            kept[better] = new[better]
    angle = symmetry.distance_deg(posed.rotation, rotation)
    before = scale * fit.cross - 0.5 * scale**2 * fit.power
    found_elsewhere = (best > SURE) & (best - before > SURE) & (angle > ELSEWHERE_DEG)
    return SearchedAgain(rotation, shift, cross, power, angle, found_elsewhere)


def _candidates(posed: Posed, fit: Fit, symmetry: Symmetry) -> list[tuple[Tensor, Tensor]]:
    """Refined poses of each image's best grid points: so many of (rotation, shift)."""
    radius = min(SHELLS, fit.radius)
    count = posed.disc.within(radius)
    grid = orientations(STEP_DEG, symmetry)
    shifts = shift_disc(SPACING, REACH)
    rotation = torch.zeros(CANDIDATES, len(posed), 3, 3, dtype=torch.float64)
    shift = torch.zeros(CANDIDATES, len(posed), 2, dtype=torch.float64)
    for half, ball in enumerate(posed.balls):
        own = torch.nonzero(posed.half == half).flatten()
        if not len(own):
            continue
        images = weighted(posed.images.take(own), fit, own)
        planes = slices(ball, grid, posed.disc, count)
        found = search(images, fit.noise, Grid(planes, shifts), centres=posed.shift[own])
        for c in range(CANDIDATES):
            start = grid[found.candidates[:, c]], found.shifts[:, c]
            refined = refine_poses(images, fit.noise, ball, *start, radius=min(2 * SHELLS, fit.radius))
            rotation[c, own], shift[c, own] = refined.rotation, refined.shift
    return list(zip(rotation, shift))


def weighted(images: FourierImages, fit: Fit, rows: Tensor) -> FourierImages:
    """Images expected to hold the map in the grey scale g that was found: their transfer functions times g, shell by shell."""
    gain = torch.zeros(images.disc.radius + 1, dtype=torch.float64)
    gain[: len(fit.gain)] = fit.gain
    scaled = replace(images, transfer=images.transfer * gain[images.disc.shell].float())
    return scaled.with_group(fit.group[rows])
