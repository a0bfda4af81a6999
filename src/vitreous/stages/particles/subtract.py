r"""Taking a known part of the particle out of its images: X_sub = X − a c T P (V (1 − M)).

What lies outside a mask M is projected from the map, seen through the microscope and taken away, so that what is left is the part
inside M alone (Bai et al. 2015, eLife 4:e11182). The grey scale a of each image is the one of least squares,
a = Re⟨X, Y⟩_w / ⟨Y, Y⟩_w with Y = c T P V of the whole map and w the inverse noise: the part that stays would bias a fit of the rest alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.inference.images import FourierImages
from vitreous.inference.load import Band, load_images, read_blocks
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.numerics.disc import Disc, disc
from vitreous.numerics.fourier import shift
from vitreous.numerics.resample import centre_resize
from vitreous.numerics.slices import HalfBall, half_ball, slices
from vitreous.runtime.progress import Progress, Reporter, silent


def mask_centre(mask: Tensor, voxel_size: float) -> Tensor:
    """Centre of mass of a mask ``(z, y, x)`` relative to the origin, (x, y, z) in Å."""
    size = mask.shape[-1]
    line = torch.arange(size, dtype=torch.float64) - size // 2
    weight = mask.double() / mask.double().sum()
    return torch.stack([(weight.sum((0, 1)) @ line), (weight.sum((0, 2)) @ line), (weight.sum((1, 2)) @ line)]) * voxel_size


def grey_scales(images: FourierImages, noise: NoiseSpectra, whole: HalfBall, rotation: Tensor, moved: Tensor) -> Tensor:
    """a of each image ``(n,)``: weighted least squares of the whole map's projection."""
    out = torch.empty(len(images), dtype=torch.float64)
    for rows in torch.arange(len(images)).split(512):
        planes = seen(whole, rotation[rows], moved[rows], images.transfer[rows], images.disc)
        weight = noise.weight(images.disc, images.group[rows], len(images.disc))
        cross = (weight * (images.values[rows].conj() * planes).real).sum(1).double()
        out[rows] = cross / (weight * planes.abs() ** 2).sum(1).double().clamp_min(1e-30)
    return out


def seen(ball: HalfBall, rotation: Tensor, moved: Tensor, transfer: Tensor, where: Disc) -> Tensor:
    """Coefficients c T P V of images at poses; ``moved`` in pixels."""
    return slices(ball, rotation, where) * where.shift_phases(moved) * transfer


def subtracted(
    particles: Particles, volume: Tensor, mask: Tensor, *, centre: Tensor | None = None, size: int | None = None,
    report: Reporter = silent,
) -> Iterator[np.ndarray]:  # fmt: skip
    """Images without what lies outside the mask, in order, float32 ``(size, size)``, in the contrast they are stored in.

    Parameters
    ----------
    particles
        With poses, defocus and images.
    volume, mask
        Map and mask on the particles' grid, ``(n, n, n)``.
    centre
        Point of the object, (x, y, z) in Å, that is put in the middle of the new images; poses' own shifts stay as they are without it.
    size
        Pixels cut out around the middle; the whole box without it.
    """
    box, pixel_size = volume.shape[-1], particles.pixel_size
    sign = -1.0 if particles.contrast == "bright" else 1.0
    whole, outer = (half_ball(each, disc(box).radius, scale=pixel_size) for each in (volume, volume * (1 - mask)))
    rotation, moved = torch.from_numpy(particles.rotation), particle_shifts(particles)
    for at, block in read_blocks(particles, np.arange(len(particles))):
        images = load_images(particles, Band(size=box), rows=at)
        turn, here = rotation[at], moved[at]
        # An upper bound of the noise will do: it weighs frequencies against each other, no more.
        scale = grey_scales(images, initial_noise(images), whole, turn, here)
        rest = seen(outer, turn, here, images.transfer, images.disc) * scale[:, None].float()
        left = torch.from_numpy(block) - sign * images.disc.image(rest)
        if centre is not None:
            left = shift(left, -(here + (turn @ centre)[:, :2] / pixel_size))
        yield from centre_resize(left, size or box, axes=2).numpy()
        report(Progress("subtract", int(at[-1]) + 1, len(particles)))


def particle_shifts(particles: Particles) -> Tensor:
    """Shifts in pixels, float64 ``(n, 2)``; 0 where there are none."""
    if particles.shift is None:
        return torch.zeros(len(particles), 2, dtype=torch.float64)
    return torch.from_numpy(np.asarray(particles.shift, np.float64)) / particles.pixel_size
