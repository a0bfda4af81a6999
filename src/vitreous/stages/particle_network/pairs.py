"""What the network is shown: a particle's image, and what the map says it should look like."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.inference.load import Band, load_images, particle_mask, working_size
from vitreous.numerics.slices import half_ball, slices
from vitreous.runtime.progress import Reporter, silent


@dataclass(frozen=True, eq=False)
class Pairs:
    """Images and reprojections on one working grid.

    Parameters
    ----------
    noisy
        float32 ``(n, s, s)``: centred on the particle, signs of the CTF flipped, of zero mean and unit variance within the mask.
    expected
        The same of the map's projection at the particle's pose, damped by |CTF|.
    mask
        Soft disc ``(s, s)``.
    """

    noisy: Tensor
    expected: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.noisy)


def paired(particles: Particles, volume: Volume, *, resolution: float, diameter: float, report: Reporter = silent) -> Pairs:
    """Load images up to ``resolution`` Å and project the map at their poses.

    Parameters
    ----------
    particles
        With images, defocus, rotations and, if they are not centred, shifts.
    volume
        A cube as wide as the particles' box, of any grey scale.
    resolution
        Å, the finest detail used.
    diameter
        Å, of the mask.

    Raises
    ------
    InputError
        If there are no poses, or the map is not the particles' box.
    """
    require(particles.rotation is not None, "particles", "no poses", "of known pose (rlnAngleRot and the like)", instead="vitreous refine")
    length = volume.shape[0] * volume.voxel_size
    box = _box(particles)
    require(len(set(volume.shape)) == 1, "the map", volume.shape, "a cube")
    require(abs(length / (box * particles.pixel_size) - 1) < 0.01, "side of the map", f"{length:.1f} Å",
            f"that of the particles' box, {box * particles.pixel_size:.1f} Å", instead="vitreous convert")  # fmt: skip
    size = working_size(box, particles.pixel_size, resolution)
    images = load_images(particles, Band(size=size), report=report)
    rotation = torch.from_numpy(particles.rotation)
    shift = torch.zeros(len(particles), 2) if particles.shift is None else torch.from_numpy(particles.shift) / images.pixel_size
    ball = half_ball(volume.resized(size).values, images.disc.radius, scale=images.pixel_size)
    mask = particle_mask(size, images.pixel_size, diameter)
    noisy, expected = (torch.empty(len(particles), size, size) for _ in range(2))
    for rows in torch.arange(len(particles)).split(512):
        values, transfer = images.block(rows, len(images.disc))
        centred = values * images.disc.shift_phases(-shift[rows]) * transfer.sign()
        noisy[rows] = _normalised(images.disc.image(centred), mask)
        expected[rows] = _normalised(images.disc.image(slices(ball, rotation[rows], images.disc) * transfer.abs()), mask)
    return Pairs(noisy, expected, mask)


def _box(particles: Particles) -> int:
    """Pixels a side of the stored images."""
    from vitreous.io.stacks import open_stack

    require(bool(particles.stack), "particles", "no images", "with images (rlnImageName)", instead="vitreous extract")
    return int(open_stack(particles.stack[0]).shape[-1])


def _normalised(images: Tensor, mask: Tensor) -> Tensor:
    """Zero mean and unit variance under the mask, 0 outside."""
    mean = (images * mask).sum((1, 2), keepdim=True) / mask.sum()
    images = (images - mean) * mask
    return images / (images.square().sum((1, 2), keepdim=True) / mask.square().sum()).sqrt().clamp_min(1e-12)


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """Correlation of each of two stacks ``(n, s, s)``, about 0; images were given zero mean."""
    norm = (a.square().sum((1, 2)) * b.square().sum((1, 2))).sqrt().clamp_min(1e-12)
    return (a * b).sum((1, 2)) / norm
