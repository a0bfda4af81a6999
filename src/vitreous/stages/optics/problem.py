"""Images, poses and reference in one value, and what one block of images says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.inference.images import FourierImages
from vitreous.inference.load import Band, load_images
from vitreous.inference.noise import NoiseSpectra, initial_noise
from vitreous.inference.reference import Reference
from vitreous.inference.residual import known_pose_factor
from vitreous.numerics.slices import slices
from vitreous.physics.ctf import phase
from vitreous.runtime.progress import Reporter, silent

#: Images at a time.
BLOCK = 256
#: Detail coarser than this says little of the optics and much of ice and masks, Å.
COARSEST = 30.0
#: Images by which the grey scale of the reference is found.
PILOT = 2000


@dataclass(frozen=True, eq=False)
class Problem:
    """Particles with poses, and a reference of the right grey scale.

    Parameters
    ----------
    particles
        Their table, half-sets filled in.
    images
        Coefficients up to the reference's last shell.
    noise
        Of the images.
    reference
        The half-maps.
    """

    particles: Particles
    images: FourierImages
    noise: NoiseSpectra
    reference: Reference

    @property
    def rotation(self) -> Tensor:
        """``(n, 3, 3)``."""
        return torch.from_numpy(self.particles.rotation)

    @property
    def shift(self) -> Tensor:
        """``(n, 2)``, pixels."""
        shift = np.zeros((len(self.particles), 2)) if self.particles.shift is None else self.particles.shift
        return torch.from_numpy(shift) / self.images.pixel_size

    @property
    def used(self) -> Tensor:
        """1 for the points that count, 0 for those coarser than 30 Å: float32 ``(K,)``."""
        length = self.images.disc.size * self.images.pixel_size
        return (self.images.disc.shell >= length / COARSEST).float()

    def blocks(self) -> Iterator[tuple[int, Tensor]]:
        """Half (0 or 1) and rows of up to ``BLOCK`` images of one half and one optics group."""
        label = (self.particles.half - 1) + 2 * self.particles.group
        for each in np.unique(label):
            for rows in torch.from_numpy(np.flatnonzero(label == each)).split(BLOCK):
                yield int(each) % 2, rows

    def weight(self, rows: Tensor) -> Tensor:
        """1 / σ² of the points that count: float32 ``(b, K)``."""
        return self.noise.weight(self.images.disc, self.images.group[rows], len(self.images.disc)) * self.used

    def lens(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """c and dc/dχ = −cos χ of ``rows`` of one optics group: float32 ``(b, K)``."""
        optics = self.particles.optics[int(self.particles.group[rows[0]])]
        defocus = torch.from_numpy(self.particles.defocus[rows.numpy()])
        chi = phase(defocus, optics, *self.images.disc.frequencies(self.images.pixel_size)).float()
        return -chi.sin(), -chi.cos()


def pose_problem(particles: Particles, reference: Reference, report: Reporter = silent) -> Problem:
    """Load the images up to the reference's last shell, measure their noise, and bring the reference to their grey scale."""
    images = load_images(particles, Band(size=reference.volumes.shape[-1], radius=reference.radius), report=report)
    problem = _calibrated(Problem(particles, images, initial_noise(images), reference))
    factors = []
    for half, ball in enumerate(problem.reference.balls()):
        rows = torch.from_numpy(np.flatnonzero(particles.half == half + 1))
        factors.append(known_pose_factor(images.take(rows), problem.noise, ball, problem.rotation[rows], problem.shift[rows]))
    return replace(problem, noise=problem.noise.scaled(torch.stack(factors).mean(0)))


def _calibrated(problem: Problem) -> Problem:
    """The reference times a(s) = Σ Re X (c S)* / Σ |c S|² of some two thousand images, per shell."""
    disc = problem.images.disc
    balls = problem.reference.balls()
    keep = max(1, len(problem.images) // PILOT)
    sums = torch.zeros(2, len(disc), dtype=torch.float64)
    for half, rows in problem.blocks():
        rows = rows[::keep]
        planes = slices(balls[half], problem.rotation[rows], disc) * disc.shift_phases(problem.shift[rows])
        weight = problem.noise.weight(disc, problem.images.group[rows], len(disc))
        c, x = problem.images.transfer[rows], problem.images.values[rows]
        cross, power = c * (x * planes.conj()).real * weight, c**2 * planes.abs() ** 2 * weight
        sums += torch.stack([cross.double().sum(0), power.double().sum(0)])
    top, bottom = disc.shell_mean(sums)
    scale = (top / bottom.clamp_min(1e-30)).clamp_min(0.0)
    scale[0] = scale[1]
    return replace(problem, reference=problem.reference.scaled(scale))

