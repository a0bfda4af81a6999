r"""What every image says of the model at its pose, shell by shell: the sums all checks of particles rest on.

With S the view of the map at the image's pose, moved to its place, c = −sin χ its transfer function and q = −cos χ the quadrature,
an image whose defocus is wrong by Δ holds c' S with

    c' = −sin(χ + δ) = c cos δ + q sin δ,    δ(k) = π λ Δ k².

δ changes slowly where χ runs: Σ Re X* c S and Σ Re X* q S over a shell, and the powers of both, give the likelihood of every Δ
without another look at the images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.inference.images import FourierImages
from vitreous.inference.load import Band
from vitreous.inference.stored import Images, open_images
from vitreous.inference.transfer import transfer_functions
from vitreous.numerics.disc import Disc
from vitreous.numerics.slices import HalfBall, slices

BLOCK = 256


@dataclass(frozen=True, eq=False)
class Posed:
    """Images, their poses, and the map that each is held against.

    Parameters
    ----------
    particles
        The rows the images are of, in their order.
    images
        Their coefficients.
    rotation, shift
        float64 ``(n, 3, 3)`` and ``(n, 2)`` pixels of the images.
    balls
        What images of half-set 1 and of half-set 2 are held against: the map of the other half, or twice the same map.
    half
        int64 ``(n,)``: 0 or 1, which of the balls is an image's.
    """

    particles: Particles
    images: Images
    rotation: Tensor
    shift: Tensor
    balls: tuple[HalfBall, HalfBall]
    half: Tensor

    def __len__(self) -> int:
        return len(self.rotation)

    @property
    def disc(self) -> Disc:
        """Where the coefficients lie."""
        return self.images.disc

    @property
    def pixel_size(self) -> float:
        """Å per pixel of the coefficients."""
        return self.images.pixel_size

    def take(self, rows: Tensor) -> Posed:
        """Those at ``rows``, their images read if they lie on disk."""
        return replace(self, particles=self.particles.take(rows.numpy()), images=self.images.take(rows),
                       rotation=self.rotation[rows], shift=self.shift[rows], half=self.half[rows])  # fmt: skip

    def at(self, rotation: Tensor, shift: Tensor) -> Posed:
        """The same at other poses."""
        return replace(self, rotation=rotation, shift=shift)

    def views(self, count: int) -> Tensor:
        """Views of the map at the poses, moved to their places, without transfer: complex64 ``(n, count)``."""
        out = torch.empty(len(self), count, dtype=torch.complex64)
        for half, ball in enumerate(self.balls):
            own = torch.nonzero(self.half == half).flatten()
            if len(own):
                out[own] = slices(ball, self.rotation[own], self.disc, count)
        return out * self.disc.shift_phases(self.shift)[:, :count]


def load_posed(
    particles: Particles, balls: tuple[HalfBall, HalfBall], *, own_half: bool = False, size: int, radius: int, memory: int
) -> Posed:
    """Read the images of particles that have poses.

    Parameters
    ----------
    particles
        With images, defocus and poses; half-sets as ``Particles.half``, all in the first without them.
    balls
        As for :class:`Posed`, index 0 for half-set 1.
    own_half
        Unused half-sets: every image is held against ``balls[0]``.
    size, radius
        Side in pixels on which the images are held, and last shell.
    memory
        Bytes the images may take before they are left on disk.
    """
    images = open_images(particles, Band(size=size, radius=radius), memory=memory)
    shift = np.zeros((len(particles), 2)) if particles.shift is None else particles.shift
    half = np.zeros(len(particles)) if own_half or particles.half is None else (particles.half == 2)
    return Posed(particles, images, torch.from_numpy(np.array(particles.rotation, np.float64)),
                 torch.from_numpy(shift / images.pixel_size), balls, torch.from_numpy(np.asarray(half, np.int64)))  # fmt: skip


@dataclass(frozen=True, eq=False)
class ShellSums:
    """Sums over the coefficients of each shell, float32 ``(n, shells)``; the noise is not in them.

    Parameters
    ----------
    total
        Σ |X|².
    cross, quadrature
        Σ Re X* c S and Σ Re X* q S.
    power, quadrature_power, mixed
        Σ c² |S|², Σ q² |S|² and Σ c q |S|².
    points
        Coefficients of each shell, float64 ``(shells,)``.
    """

    total: Tensor
    cross: Tensor
    quadrature: Tensor
    power: Tensor
    quadrature_power: Tensor
    mixed: Tensor
    points: Tensor

    def __len__(self) -> int:
        return len(self.total)

    def take(self, rows: Tensor) -> ShellSums:
        """Those of ``rows``."""
        sums = {name: getattr(self, name)[rows] for name in SUMS}
        return replace(self, **sums)

    def turned(self, delta: Tensor) -> ShellSums:
        """The same for transfer functions whose phase is δ ``(n, shells)`` further: cross and power of c cos δ + q sin δ."""
        cosine, sine = delta.cos().float(), delta.sin().float()
        cross = cosine * self.cross + sine * self.quadrature
        power = cosine**2 * self.power + sine**2 * self.quadrature_power + 2 * sine * cosine * self.mixed
        return replace(self, cross=cross, power=power)


SUMS = ("total", "cross", "quadrature", "power", "quadrature_power", "mixed")


def shell_sums(posed: Posed) -> ShellSums:
    """The sums of every image up to the last shell of its map."""
    radius = posed.balls[0].radius
    count = posed.disc.within(radius)
    starts = np.searchsorted(posed.disc.shell[:count].numpy(), np.arange(1, radius + 1))
    found = {name: np.zeros((len(posed), radius + 1), np.float32) for name in SUMS}
    for rows in torch.arange(len(posed)).split(BLOCK):
        here = posed.take(rows)
        for name, values in zip(SUMS, _terms(here, count)):
            found[name][rows.numpy(), 1:] = np.add.reduceat(values.numpy(), starts, axis=1)
    points = np.diff(starts, append=count).astype(np.float64)
    sums = {name: torch.from_numpy(values) for name, values in found.items()}
    return ShellSums(**sums, points=torch.from_numpy(np.concatenate([[0.0], points])))


def _terms(here: Posed, count: int) -> tuple[Tensor, ...]:
    """What is summed, each float32 ``(b, count)``."""
    values, c = here.images.block(slice(None), count)
    q = quadrature(here.particles, here.images)[:, :count]
    view = here.views(count)
    like = values.real * view.real + values.imag * view.imag
    bright = view.real**2 + view.imag**2
    return values.real**2 + values.imag**2, like * c, like * q, bright * c * c, bright * q * q, bright * c * q


def quadrature(particles: Particles, images: FourierImages) -> Tensor:
    """q = −cos χ: the transfer of a phase plate of 90° more, float32 ``(n, K)``."""
    defocus = np.array(particles.defocus, np.float64)
    defocus[:, 3] += 90.0
    return transfer_functions(particles.with_(defocus=defocus), np.arange(len(particles)), images.disc, images.pixel_size)
