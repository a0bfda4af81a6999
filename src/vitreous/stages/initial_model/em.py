"""Expectation-maximisation of one map from a random start, at low resolution, with annealed band and minibatches.

Each pass takes a fresh random batch of images, marginalises over all orientations and shifts, and makes the new map from that
batch alone; the noise of small batches shakes the map out of shallow optima, as in stochastic gradient descent (Punjani et
al. 2017, Nat. Methods 14:290), while each step is the exact maximiser for its batch. The last passes take all images.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.inference.pose_refine import insert_images
from vitreous.inference.soft_em import Pass, soft_pass
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.rotations import random_rotations
from vitreous.numerics.shells import shell_average
from vitreous.numerics.slices import PAD
from vitreous.numerics.so3_grid import orientations, shift_disc
from vitreous.numerics.symmetry import Symmetry
from vitreous.reconstruct.fourier import shell_density, solve
from vitreous.runtime.chance import torch_generator


@dataclass(frozen=True, kw_only=True)
class InitialModelSettings:
    """Settings of an initial model.

    Parameters
    ----------
    diameter
        Of the particle, Å.
    symmetry
        The point group, imposed from the first pass.
    starts
        Random starts.
    iterations
        Passes of each.
    finest
        Å: the band's end; 0 for a tenth of the diameter, at least 12 Å.
    batch
        Images a pass, until the last passes.
    most_images
        Images used at all.
    seed
        Of everything random.
    memory
        Bytes for the table of scores.
    """

    diameter: float
    symmetry: Symmetry
    starts: int = 4
    iterations: int = 20
    finest: float = 0.0
    batch: int = 400
    most_images: int = 2000
    seed: int = 0
    memory: int = 300_000_000

    @property
    def resolution(self) -> float:
        """End of the band, Å."""
        return self.finest or max(12.0, self.diameter / 10)


@dataclass(frozen=True, eq=False)
class Candidate:
    """One finished start.

    Parameters
    ----------
    volume
        float32 ``(n, n, n)``.
    evidence
        Mean log-evidence an image over the model of noise alone, on the same images for every start.
    radius
        Last shell used.
    """

    volume: Tensor
    evidence: float
    radius: int


def volume_mask(images: FourierImages, diameter: float) -> Tensor:
    """Soft ball a tenth wider than the particle."""
    size = images.disc.size
    return soft_disc((size,) * 3, min(0.55 * diameter / images.pixel_size, 0.44 * size), max(2.0, 0.05 * size))


def wiener_volume(numerator: Tensor, denominator: Tensor, mask: Tensor, radius: int, voxel_size: float) -> Tensor:
    """Map with the prior power that its own plain version shows beyond its noise, masked.

    One coefficient of the map carries the information of PAD³ cells, so the plain map's noise power is 2 / (PAD³ den), of which the
    mask leaves its open fraction f: SSNR = P / (f N) − 1.
    """
    size = mask.shape[-1]
    plain = solve(numerator, denominator, size, ssnr=None, radius=radius, voxel_size=voxel_size) * mask
    power = shell_average(rfftn(plain).abs() ** 2, (size,) * 3)[: radius + 1] * voxel_size**2
    noise = 2 / (PAD**3 * shell_density(denominator, radius).clamp_min(1e-20)) * float((mask**2).mean())
    ssnr = (2 * (power / noise - 1)).clamp_min(1e-2)
    return solve(numerator, denominator, size, ssnr=ssnr, radius=radius, voxel_size=voxel_size) * mask


def run_start(images: FourierImages, settings: InitialModelSettings, start: int) -> Candidate:
    """One start: random poses, then passes with a growing band and shrinking angular step."""
    generator = torch_generator(settings.seed, "initial_model", start)
    mask = volume_mask(images, settings.diameter)
    noise = initial_noise(images)
    last = images.shell(settings.resolution)
    first = min(last, max(3, images.shell(settings.diameter / 2)))
    volume = _random_volume(images, noise, settings, mask, first, generator)
    done, radius = None, first
    for iteration in range(settings.iterations):
        progress = iteration / max(1, settings.iterations - 4)
        radius = min(last, round(first + (last - first) * progress))
        final = iteration >= settings.iterations - 3
        rows = torch.randperm(len(images), generator=generator)[: len(images) if final else settings.batch]
        done = _pass(images.take(rows), noise, volume, settings, radius, fine=progress >= 0.5)
        if not final:
            noise = noise.scaled(done.noise_factor**0.5)
        volume = wiener_volume(done.numerator, done.denominator, mask, radius, images.pixel_size)
    evidence = float(done.found.log_evidence.mean()) if done is not None else 0.0
    return Candidate(volume, evidence, radius)


def _pass(images: FourierImages, noise: NoiseSpectra, volume: Tensor, settings: InitialModelSettings, radius: int, *, fine: bool) -> Pass:
    spacing = max(1.0, images.disc.size / radius / 4)
    reach = max(spacing, 0.06 * settings.diameter / images.pixel_size)
    step = 20.0 if not fine else (10.0 if settings.symmetry.order >= 4 else 15.0)
    return soft_pass(
        images, noise, volume, orientations(step, settings.symmetry), shift_disc(spacing, reach),
        centres=torch.zeros(len(images), 2, dtype=torch.float64), radius=radius, symmetry=settings.symmetry, budget=settings.memory,
    )  # fmt: skip


def _random_volume(
    images: FourierImages, noise: NoiseSpectra, settings: InitialModelSettings, mask: Tensor, radius: int, generator: torch.Generator
) -> Tensor:
    """Map of a few images put at random orientations: a blob of about the right size, with random shape."""
    rows = torch.randperm(len(images), generator=generator)[: max(10, 60 // settings.symmetry.order)]
    few = images.take(rows)
    rotation = random_rotations(len(few), generator)
    sums = insert_images(few, noise, rotation, torch.zeros(len(few), 2, dtype=torch.float64), radius=radius)
    return wiener_volume(*sums.total(settings.symmetry.matrices), mask, radius, images.pixel_size)
