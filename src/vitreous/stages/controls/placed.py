"""Particles whose places are known: what every control here begins with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.inference.residual import known_pose_factor
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.slices import half_ball
from vitreous.numerics.symmetry import Symmetry
from vitreous.reconstruct.fourier import map_correlation, solve, ssnr_from_fsc

Half = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Placed:
    """Images with poses and half-sets.

    Parameters
    ----------
    images
        n particles, not masked: then the noise of neighbouring coefficients is independent.
    noise
        Their noise.
    half
        0 or 1 for each, ``(n,)``.
    rotation, shift
        Poses ``(n, 3, 3)``, and ``(n, 2)`` in pixels, float64.
    mask
        On maps, ``(s, s, s)``.
    symmetry
        Point group.
    """

    images: FourierImages
    noise: NoiseSpectra
    half: Tensor
    rotation: Tensor
    shift: Tensor
    mask: Tensor
    symmetry: Symmetry

    def __len__(self) -> int:
        return len(self.images)

    @property
    def length(self) -> float:
        """Side of the box, Å."""
        return self.images.disc.size * self.images.pixel_size

    def rows(self, number: int) -> Tensor:
        """Indices of half-set 0 or 1."""
        return torch.nonzero(self.half == number).flatten()

    def at(self, rotation: Tensor, shift: Tensor) -> Placed:
        """The same images in other places."""
        return replace(self, rotation=rotation, shift=shift)

    def showing(self, images: FourierImages) -> Placed:
        """Other images in the same places."""
        return replace(self, images=images)

    def taking(self, rows: Tensor) -> Placed:
        """Some of the particles, where they are."""
        return replace(self, images=self.images.take(rows), half=self.half[rows], rotation=self.rotation[rows], shift=self.shift[rows])

    def sums(self, rows: Tensor, radius: int | None = None) -> Half:
        """Numerator and denominator of the map of the images at ``rows``, up to shell ``radius`` (all without it), symmetrised."""
        last = self.images.disc.radius if radius is None else radius
        some = insert_images(self.images.take(rows), self.noise, self.rotation[rows], self.shift[rows], radius=last)
        return some.total(self.symmetry.matrices)

    def solved(self, sums: Half, ssnr: Tensor | None = None, radius: int | None = None) -> Tensor:
        """Map of such sums ``(s, s, s)``; see :func:`vitreous.reconstruct.fourier.solve`."""
        last = self.images.disc.radius if radius is None else radius
        return solve(*sums, self.images.disc.size, ssnr=ssnr, radius=last, voxel_size=self.images.pixel_size)

    def half_maps(self) -> tuple[Tensor, Tensor]:
        """Both half-maps, without a prior or mask."""
        first, second = (self.solved(self.sums(self.rows(number))) for number in (0, 1))
        return first, second

    def correlation(self, one: Tensor, other: Tensor) -> Tensor:
        """Shell correlation of two maps under the mask."""
        return map_correlation(one, other, self.mask)


def placed(
    images: FourierImages, half: Tensor, rotation: Tensor, shift: Tensor, *, diameter: float, symmetry: Symmetry
) -> Placed:
    """Particles of ``diameter`` Å in their places; the noise is what their own map leaves over of them.

    Raises
    ------
    InputError
        If a half-set is empty, or the particle as large as the box.
    """
    size, length = images.disc.size, images.disc.size * images.pixel_size
    require(diameter < length, "diameter", diameter, f"smaller than the box, {length:.0f} Å", instead="the particle's true size")
    for number in (0, 1):
        require(bool((half == number).any()), "half-sets", sorted(set(half.tolist())), "both of 0 and 1", instead="a random split")
    mask = soft_disc((size,) * 3, min(0.55 * diameter / images.pixel_size, 0.45 * size), max(3.0, 0.05 * size))
    task = Placed(images, initial_noise(images), half, rotation.double(), shift.double(), mask, symmetry)
    sums = [task.sums(task.rows(number)) for number in (0, 1)]
    ssnr = ssnr_from_fsc(task.correlation(task.solved(sums[0]), task.solved(sums[1])), halves=2)
    whole = task.solved((sums[0][0] + sums[1][0], sums[0][1] + sums[1][1]), ssnr) * mask
    ball = half_ball(whole, images.disc.radius, scale=images.pixel_size)
    return replace(task, noise=task.noise.scaled(known_pose_factor(images, task.noise, ball, task.rotation, task.shift)))
