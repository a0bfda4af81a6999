"""Frame images of particles as band-limited coefficients, and what they are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.errors import require
from vitreous.inference.reference import Reference
from vitreous.inference.transfer import coefficients
from vitreous.numerics.disc import Disc, disc
from vitreous.numerics.slices import HalfBall, slices
from vitreous.physics.ctf import phase
from vitreous.stages.polish.frames import MovieParticles

#: Shells below which a band says too little of motion to be worth a try.
LEAST_SHELLS = 8


@dataclass(frozen=True, eq=False)
class FrameSpectra:
    """All frames of the particles of one movie within the reference's band.

    Parameters
    ----------
    disc
        Where the coefficients lie.
    pixel_size
        Å per pixel of the disc's image.
    values
        complex64 ``(frames, P, K)``, centred on where particles are expected.
    seen, slope
        complex64 ``(P, K)``: the reference times c = −sin χ, and times dc/dχ = −cos χ.
    variance
        float64 ``(shells,)``: of each real component of a coefficient's noise, in one frame.
    """

    disc: Disc
    pixel_size: float
    values: Tensor
    seen: Tensor
    slope: Tensor
    variance: Tensor

    @property
    def k(self) -> NDArray[np.float64]:
        """Frequency of the shells, Å⁻¹."""
        return np.arange(self.disc.radius + 1) / (self.disc.size * self.pixel_size)

    def at(self, tracks: NDArray) -> Iterator[Tensor]:
        """The coefficients with particles moved back from ``tracks`` ``(P, frames, 2)`` (Å), a frame at a time: ``(P, K)``."""
        for values, track in zip(self.values, np.moveaxis(tracks, 1, 0)):
            yield values * self.disc.shift_phases(torch.from_numpy(-track / self.pixel_size))

    def shell_sum(self, values: Tensor) -> Tensor:
        """Sum of ``(..., K)`` over each shell: float64 ``(..., shells)``."""
        total = torch.zeros(*values.shape[:-1], self.disc.radius + 1, dtype=torch.float64)
        return total.index_add_(-1, self.disc.shell, values.double())


def affordable_radius(wanted: int, images: int, memory: int) -> int:
    """Last shell whose coefficients of so many frame images fit into ``memory`` bytes, at most ``wanted``.

    Raises
    ------
    InputError
        If that would be too few to follow anything.
    """
    radius = min(wanted, int((memory / (8 * max(1, images) * 0.5 * np.pi)) ** 0.5))
    need = int(8 * images * 0.5 * np.pi * LEAST_SHELLS**2)
    require(radius >= LEAST_SHELLS, "memory", memory, f"{need} bytes or more for the frame images of one movie", instead="--memory 8GB")
    return radius


def read_spectra(
    found: MovieParticles, particles: Particles, reference: Reference, balls: tuple[HalfBall, HalfBall], radius: int
) -> FrameSpectra:
    """Read all frames once.

    Parameters
    ----------
    found
        The movie and the places of its particles, in the order of ``particles``.
    particles
        Their poses, defocus and half-sets.
    reference
        What they are compared with.
    balls
        Its maps for images of half-set 1 and 2.
    radius
        Last shell.
    """
    small = disc(reference.volumes.shape[-1], radius)
    rows = np.arange(len(particles))
    fine = tuple(replace(optics, pixel_size=found.motion.pixel_size) for optics in particles.optics)
    as_recorded = particles.with_(optics=fine)
    values = torch.empty(len(found.used), len(particles), len(small), dtype=torch.complex64)
    for frame, (boxes, off) in zip(values, found.boxes(found.expected())):
        frame[:] = coefficients(boxes, as_recorded, rows, small) * small.shift_phases(-off * (small.size / found.box))
    seen, slope = _seen(particles, small, balls, reference.pixel_size)
    spectra = FrameSpectra(small, reference.pixel_size, values, seen, slope, torch.ones(radius + 1, dtype=torch.float64))
    return replace(spectra, variance=_variance(spectra))


def _seen(particles: Particles, small: Disc, balls: tuple[HalfBall, HalfBall], pixel_size: float) -> tuple[Tensor, Tensor]:
    planes = torch.empty(len(particles), len(small), dtype=torch.complex64)
    chi = torch.empty(len(particles), len(small))
    for half, ball in enumerate(balls):
        rows = torch.from_numpy(np.flatnonzero(particles.half == half + 1))
        planes[rows] = slices(ball, torch.from_numpy(particles.rotation)[rows], small)
    for group, optics in enumerate(particles.optics):
        rows = torch.from_numpy(np.flatnonzero(particles.group == group))
        chi[rows] = phase(torch.from_numpy(particles.defocus[rows.numpy()]), optics, *small.frequencies(pixel_size)).float()
    return -chi.sin() * planes, -chi.cos() * planes


def _variance(spectra: FrameSpectra) -> Tensor:
    """Half the mean power of a shell: in one frame a particle is far weaker than the noise."""
    power = sum(spectra.shell_sum(frame.abs().square().sum(0)) for frame in spectra.values)
    points = torch.bincount(spectra.disc.shell, minlength=spectra.disc.radius + 1).clamp_min(1)
    variance = power / (2 * points * spectra.values.shape[0] * spectra.values.shape[1])
    variance[0] = variance[1]
    require(bool((variance > 0).all()), "frames", "nothing but one value", "images", instead="leaving this movie out")
    return variance
