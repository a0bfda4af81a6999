"""The expectation step: images against every class at every in-plane angle and shift, and the sums for new averages."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
from vitreous.inference.pose_search import Grid, SearchResult, search
from vitreous.inference.residual import residual_factor
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.planes import half_planes, put_back, turned, turns
from vitreous.numerics.so3_grid import shift_disc

#: Greatest in-plane step, degrees, and the step that moves the edge of the band by one coefficient and a third, in degrees × shells.
WIDEST, EDGE = 12.0, 75.0


@dataclass(frozen=True, eq=False)
class Explained:
    """What the classes say of images, and the images of the classes.

    Parameters
    ----------
    found
        Posteriors; references are the turned classes, class by class.
    numerator, denominator
        Half planes ``(c, 2m + 1, m + 1)`` for :func:`vitreous.stages.classify2d.averages.solve_averages`.
    noise_factor
        By which the noise variances of the shells in the band should be multiplied.
    angles
        In-plane angles of the references of one class, radians.
    """

    found: SearchResult
    numerator: Tensor
    denominator: Tensor
    noise_factor: Tensor
    angles: Tensor

    @property
    def assignment(self) -> Tensor:
        """Most probable class of each image ``(n,)``, from 0."""
        return self.found.candidates[:, 0] // len(self.angles)

    @property
    def angle(self) -> Tensor:
        """Most probable in-plane angle of each image ``(n,)``, radians."""
        return self.angles[self.found.candidates[:, 0] % len(self.angles)]


def image_mask(images: FourierImages, diameter: float) -> Tensor:
    """Soft disc a tenth wider than the particle, ``(n, n)``."""
    size = images.disc.size
    return soft_disc((size, size), min(0.55 * diameter / images.pixel_size, 0.46 * size), max(2.0, 0.04 * size))


def explain(
    images: FourierImages, averages: Tensor, prior: Tensor, noise: NoiseSpectra, *,
    radius: int, reach: float, centres: Tensor, step_deg: float, memory: int,
) -> Explained:  # fmt: skip
    """Marginalise every image over classes, angles and shifts.

    Parameters
    ----------
    averages, prior
        Of the classes: float32 ``(c, n, n)``, log-prior ``(c,)``.
    radius
        Last shell used.
    reach, centres
        Greatest shift tried, pixels, and what shifts are relative to, ``(n, 2)`` pixels.
    step_deg
        Least in-plane step, degrees; a coarser one is taken where the band does not tell finer ones apart.
    memory
        Bytes for the table of scores.
    """
    c, k = len(averages), images.disc.within(radius)
    angles = turns(min(WIDEST, max(step_deg, EDGE / radius)))
    which, spun = torch.arange(c).repeat_interleave(len(angles)), angles.repeat(c)
    planes = turned(half_planes(averages, radius), which, spun, images.disc, k)
    spacing = shift_spacing(images, radius)
    grid = Grid(planes, shift_disc(spacing, max(reach, spacing)), prior.repeat_interleave(len(angles)), c)
    found = search(images, noise, grid, centres=centres, budget=memory)
    sums = put_back(found.weighted_images, found.weighted_transfer, which, spun, c, images.disc)
    return Explained(found, *sums, residual_factor(images, noise, planes, found), angles)


def shift_spacing(images: FourierImages, radius: int) -> float:
    """Pixels between shifts that a band up to ``radius`` tells apart: a quarter of its finest wave, at least 1."""
    return max(1.0, images.disc.size / radius / 4)
