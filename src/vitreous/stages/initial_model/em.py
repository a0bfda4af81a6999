"""Expectation-maximisation of one map from a random start.

First many passes over small random batches: each marginalises over orientations and shifts, and the map is made from the sums
of all batches so far, older ones fading. The noise of small batches shakes the map out of shallow optima, as in stochastic
gradient descent (Punjani et al. 2017, Nat. Methods 14:290), while every step is the exact maximiser of what it has seen. Then a
few passes over one larger set of images, the same for every start and under the same noise, so that evidences can be compared.

Two kinds of particle need opposite paths. A lopsided one with strong images is found from coarse to fine: with the whole band open
its posteriors are sharp at once and the first random shape is frozen in. A nearly round one looks like a sphere at low resolution,
a sphere is a fixed point of the iteration, and only detail can leave it: for it the whole band is open from the first pass. Starts
of both kinds are made, and evidence decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.inference.images import FourierImages
from vitreous.inference.noise import NoiseSpectra
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
        Random starts; 0 for 4 at low symmetry and 12 at high, where round particles make most starts fail.
    finest
        Å: the band's end; 0 for a twelfth of the diameter, at least 10 Å.
    passes, batch, memory_of_batches
        Exploring passes, images in each, and the share of the earlier sums that each keeps.
    common
        Images of the last, comparable passes.
    seed
        Of everything random.
    memory
        Bytes for the table of scores.
    """

    diameter: float
    symmetry: Symmetry
    starts: int = 0
    finest: float = 0.0
    passes: int = 24
    batch: int = 300
    memory_of_batches: float = 0.6
    common: int = 800
    seed: int = 0
    memory: int = 300_000_000

    @property
    def resolution(self) -> float:
        """End of the band, Å."""
        return self.finest or max(10.0, self.diameter / 12)

    @property
    def start_count(self) -> int:
        """How many starts."""
        return self.starts or (4 if self.symmetry.order < 4 else 12)

    @property
    def ramped_share(self) -> float:
        """Share of the starts that go from coarse to fine."""
        return 0.75 if self.symmetry.order < 4 else 0.25


@dataclass(frozen=True, eq=False)
class Candidate:
    """One finished start.

    Parameters
    ----------
    volume
        float32 ``(n, n, n)``.
    evidence
        Mean log-evidence of the common images over the model of noise alone.
    confidence
        Their mean largest posterior over orientations.
    """

    volume: Tensor
    evidence: float
    confidence: float


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


@dataclass(eq=False)
class Explorer:
    """What all starts share: images, their noise, masks and the grid; and the moving sums of the start under way."""

    images: FourierImages
    settings: InitialModelSettings
    noise: NoiseSpectra

    def __post_init__(self) -> None:
        settings, images = self.settings, self.images
        self.radius = images.shell(settings.resolution)
        self.mask = volume_mask(images, settings.diameter)
        relative = settings.diameter / (images.disc.size * images.pixel_size)
        self.step = grid_step(self.radius, relative, settings.symmetry, COARSE)
        self.fine_step = grid_step(self.radius, relative, settings.symmetry, FINE)
        self.rows = torch.randperm(len(images), generator=torch_generator(settings.seed, "common"))[: settings.common]

    def sweep(self, images: FourierImages, volume: Tensor, step: float, reach: float, radius: int) -> Pass:
        """One pass over ``images`` within ``radius`` with shifts up to ``reach`` spacings."""
        spacing = max(1.0, images.disc.size / radius / 3)
        return soft_pass(
            images, self.noise, volume, orientations(step, self.settings.symmetry), shift_disc(spacing, reach * spacing),
            centres=torch.zeros(len(images), 2, dtype=torch.float64), radius=radius, symmetry=self.settings.symmetry,
            budget=self.settings.memory,
        )  # fmt: skip

    def band(self, progress: float) -> int:
        """Last shell of a ramped start: from half the diameter to the whole band over three quarters of the passes."""
        first = min(self.radius, max(3, self.images.shell(self.settings.diameter / 2)))
        return min(self.radius, round(first + (self.radius - first) * progress / 0.75))

    def explore(self, start: int, *, learn_noise: bool) -> Candidate:
        """One start; the first also learns the noise that all share."""
        settings, images = self.settings, self.images
        generator = torch_generator(settings.seed, "start", start)
        ramped = start < round(settings.start_count * settings.ramped_share)
        radius = self.band(0.0) if ramped else self.radius
        volume = random_volume(images, self.noise, settings, self.mask, radius, generator)
        numerator: Tensor | float = 0.0
        denominator: Tensor | float = 0.0
        for number in range(settings.passes):
            rows = torch.randperm(len(images), generator=generator)[: settings.batch]
            if ramped and self.band(number / settings.passes) > radius:
                # Sums of a narrower band would pull the new shells towards nothing.
                radius, numerator, denominator = self.band(number / settings.passes), 0.0, 0.0
            done = self.sweep(images.take(rows), volume, self.step, 1.0, radius)
            numerator = done.numerator + settings.memory_of_batches * numerator
            denominator = done.denominator + settings.memory_of_batches * denominator
            volume = wiener_volume(numerator, denominator, self.mask, radius, images.pixel_size)
            if learn_noise and number < settings.passes // 3:
                self.noise = self.noise.scaled(done.noise_factor**0.5)
        return self.polish(volume)

    def polish(self, volume: Tensor) -> Candidate:
        """Passes over the common images."""
        common = self.images.take(self.rows)
        for step in (self.step, self.fine_step):
            done = self.sweep(common, volume, step, 2.0, self.radius)
            volume = wiener_volume(done.numerator, done.denominator, self.mask, self.radius, self.images.pixel_size)
        done = self.sweep(common, volume, self.fine_step, 2.0, self.radius)
        return Candidate(volume, float(done.found.log_evidence.mean()), float(done.found.peak.mean()))


#: Orientations that exploring and comparing passes may try.
COARSE, FINE = 2500, 5000
STEPS = (20.0, 15.0, 12.0, 10.0, 7.5, 5.0)


def grid_step(radius: int, relative_diameter: float, group: Symmetry, most: int) -> float:
    """Step that moves the particle's rim by half the finest detail, or the finest that ``most`` orientations allow."""
    needed = math.degrees(2 / (radius * relative_diameter))
    affordable = [s for s in STEPS if len(orientations(s, group)) <= most] or [STEPS[0]]
    return next((s for s in affordable if s <= needed), affordable[-1])


def random_volume(
    images: FourierImages, noise: NoiseSpectra, settings: InitialModelSettings, mask: Tensor, radius: int, generator: torch.Generator
) -> Tensor:
    """Map of a few images put at random orientations: a blob of about the right size, with random shape."""
    rows = torch.randperm(len(images), generator=generator)[: max(10, 60 // settings.symmetry.order)]
    few = images.take(rows)
    rotation = random_rotations(len(few), generator)
    sums = insert_images(few, noise, rotation, torch.zeros(len(few), 2, dtype=torch.float64), radius=radius)
    return wiener_volume(*sums.total(settings.symmetry.matrices), mask, radius, images.pixel_size)
