"""One map of all particles at known poses: what the differences are measured from, and the noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.half_maps import GOLD_STANDARD
from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.inference.residual import known_pose_factor
from vitreous.numerics.slices import half_ball
from vitreous.numerics.symmetry import Symmetry
from vitreous.reconstruct.fourier import last_shell_above, map_correlation, solve, ssnr_from_fsc

#: Passes in which map and noise settle: the second changes the noise by a percent, the third no more.
PASSES = 2


@dataclass(frozen=True, eq=False)
class Consensus:
    """What all particles together show.

    Parameters
    ----------
    whole, halves
        Map of all particles ``(s, s, s)`` and of each half-set ``(2, s, s, s)``, regularised and masked.
    ssnr
        Signal-to-noise ratio of the whole map in each shell.
    fsc
        Of the halves.
    radius
        Last shell in which they agree.
    noise
        The images' noise.
    """

    whole: Tensor
    halves: Tensor
    ssnr: Tensor
    fsc: Tensor
    radius: int
    noise: NoiseSpectra


def consensus(
    images: FourierImages, half: Tensor, rotation: Tensor, shift: Tensor, mask: Tensor, symmetry: Symmetry
) -> Consensus:
    """Reconstruct all particles and each half-set, and learn the noise from what is left.

    Parameters
    ----------
    half
        0 or 1 for each image.
    rotation, shift
        Poses, shifts in pixels.
    mask
        On maps.
    symmetry
        Of the consensus.
    """
    noise = initial_noise(images)
    size, radius, voxel = images.disc.size, images.disc.radius, images.pixel_size
    for _ in range(PASSES):
        sums = []
        for h in (0, 1):
            rows = torch.nonzero(half == h).flatten()
            sums.append(insert_images(images.take(rows), noise, rotation[rows], shift[rows], radius=radius).total(symmetry.matrices))
        plain = [solve(*each, size, ssnr=None, radius=radius, voxel_size=voxel) for each in sums]
        fsc = map_correlation(plain[0], plain[1], mask)
        both = (sums[0][0] + sums[1][0], sums[0][1] + sums[1][1])
        ssnr = ssnr_from_fsc(fsc, halves=2)
        whole = solve(*both, size, ssnr=ssnr, radius=radius, voxel_size=voxel) * mask
        factor = known_pose_factor(images, noise, half_ball(whole, radius, scale=voxel), rotation, shift)
        noise = noise.scaled(factor)
    halves = [solve(*each, size, ssnr=ssnr_from_fsc(fsc), radius=radius, voxel_size=voxel) * mask for each in sums]
    return Consensus(whole, torch.stack(halves), ssnr, fsc, last_shell_above(fsc, GOLD_STANDARD), noise)
