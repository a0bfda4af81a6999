r"""Defocus of every particle, or of every micrograph, and its astigmatism.

The likelihood of a particle's change z is a curve over the whole range, made of the sums of its shells. A particle alone may have a
peak of noise for its best, so the z of a micrograph are drawn from z ~ N(m(x, y), τ²): m is a plane where 20 particles or more have
coordinates (a tilted or bent specimen), the mean where there are 8 or more, else 0, the change of none; τ is common to all.
m, τ and z are found by expectation-maximisation with Laplace's approximation of each particle's posterior. Without a planted
change τ shrinks to what the data cannot exclude, and so do the z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.physics.wavelength import wavelength
from vitreous.runtime.progress import Reporter, silent
from vitreous.stages.optics.ascent import ascend
from vitreous.stages.optics.problem import Problem
from vitreous.stages.optics.sums import accumulate

#: Å to either side that are searched.
RANGE = 2500.0
#: Phase at the finest detail between two points of the search, radians.
STEP = 0.25
#: Particles for a plane and for a mean.
PLANE, MEAN = 20, 8
ROUNDS = 30
#: Sectors of the half circle in which a micrograph's astigmatism is looked for.
SECTORS = 12


@dataclass(frozen=True, eq=False)
class DefocusChange:
    """Changes of defocus.

    Parameters
    ----------
    change
        ``(n, 3)`` of every particle: Å of the mean z and of the astigmatism's components a, b (:mod:`vitreous.physics.defocus`).
    sigma
        Å, of z, ``(n,)``.
    spread
        Å: τ, scatter of the particles (or micrographs) about what they share.
    """

    change: np.ndarray
    sigma: np.ndarray
    spread: float


def particle_defocus(problem: Problem, *, report: Reporter = silent) -> DefocusChange:
    """Each particle's own change of defocus."""
    shell = problem.images.disc.shell
    count = len(problem.images)
    sums = accumulate(problem, torch.arange(count), count, shell, int(shell.max()) + 1, report=report, step="defocus")
    z, curves = _curves(problem, sums)
    value, variance, spread = _hierarchical(z, curves, _designs(problem))
    change = np.zeros((count, 3))
    change[:, 0] = value
    return DefocusChange(change, np.sqrt(variance), spread)


def _per_angstrom(problem: Problem) -> Tensor:
    """πλ k² at the mean k² of each shell: radians per Å of defocus, float64 ``(shells,)``."""
    optics = problem.particles.optics[0]
    kx, ky = problem.images.disc.frequencies(problem.images.pixel_size)
    return math.pi * wavelength(optics.voltage) * problem.images.disc.shell_mean(kx**2 + ky**2)


def _curves(problem: Problem, sums: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Å ``(g,)``, and the log-likelihood of each particle there ``(n, g)``: a matrix product of sums and cosines."""
    rate = _per_angstrom(problem)
    spacing = STEP / float(rate.max())
    half = math.ceil(RANGE / spacing)
    z = spacing * torch.arange(-half, half + 1, dtype=torch.float64)
    angle = rate[:, None] * z
    waves = torch.cat([angle.cos(), angle.sin(), -0.25 * (2 * angle).cos(), -0.5 * (2 * angle).sin()])
    parts = torch.cat([sums[:, 0], sums[:, 2], sums[:, 4] - sums[:, 6], sums[:, 5]], 1)
    return z.numpy(), (parts @ waves).numpy()


def _designs(problem: Problem) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each micrograph its rows, and the columns of its plane, its mean, or nothing."""
    particles = problem.particles
    if particles.micrograph_index is None:
        return [(np.arange(len(particles)), np.ones((len(particles), 1)))]
    found = []
    for index in np.unique(particles.micrograph_index):
        rows = np.flatnonzero(particles.micrograph_index == index)
        columns = np.ones((len(rows), 1 if len(rows) >= MEAN else 0))
        if particles.coordinate is not None and len(rows) >= PLANE:
            place = particles.coordinate[rows] - particles.coordinate[rows].mean(0)
            columns = np.concatenate([columns, place / max(1e-9, place.std())], 1)
        found.append((rows, columns))
    return found


def _hierarchical(
    z: np.ndarray, curves: np.ndarray, designs: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Posterior mode and variance of each particle, and τ."""
    mean, spread = np.zeros(len(curves)), 0.5 * RANGE
    free = max(1, len(curves) - sum(columns.shape[1] for _, columns in designs))
    for _ in range(ROUNDS):
        value, variance = _peak(z, curves - 0.5 * ((z - mean[:, None]) / spread) ** 2, spread)
        for rows, columns in designs:
            mean[rows] = columns @ np.linalg.lstsq(columns, value[rows], rcond=None)[0] if columns.size else 0.0
        spread = max(1.0, math.sqrt(((value - mean) ** 2 + variance).sum() / free))
    return value, variance, spread


def _peak(z: np.ndarray, curves: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Highest point of each curve by a parabola through three, and the variance that its bend says, at most τ²."""
    at = curves.argmax(1).clip(1, len(z) - 2)
    row, step = np.arange(len(curves)), z[1] - z[0]
    low, top, high = (curves[row, at + k] for k in (-1, 0, 1))
    bend = np.maximum((2 * top - low - high) / step**2, 1 / spread**2)
    return z[at] + np.clip(0.5 * (high - low) / (bend * step**2), -1, 1) * step, 1 / bend


def micrograph_defocus(problem: Problem, *, astigmatism: bool, report: Reporter = silent) -> DefocusChange:
    """One change of defocus, and of astigmatism if asked, for all particles of a micrograph.

    Micrographs are drawn from N(mean of all, τ²) with τ of their own for each of z, a, b: what is not there shrinks away.
    """
    owner = _owners(problem)
    place, bases = _sectors(problem, astigmatism)
    sums = accumulate(problem, owner, int(owner.max()) + 1, place, bases.shape[1], report=report, step="defocus of micrographs")
    start = torch.zeros(len(sums), len(bases), dtype=torch.float64)
    z, curves = _curves(problem, _by_shell(problem, sums))
    start[:, 0] = torch.from_numpy(z[curves.argmax(1)])
    value, information = ascend(sums, bases[:0], bases, start)
    variance = torch.linalg.pinv(information, hermitian=True).diagonal(dim1=1, dim2=2).numpy()
    change, of = np.zeros((len(sums), 3)), owner.numpy()
    settled = [_shrunk(column, variance[:, k]) for k, column in enumerate(value.T.numpy())]
    change[:, : len(settled)] = np.stack([each[0] for each in settled], 1)
    _, sigma, spread = settled[0]
    return DefocusChange(change[of], sigma[of], spread)


def _owners(problem: Problem) -> Tensor:
    index = problem.particles.micrograph_index
    if index is None:
        return torch.zeros(len(problem.images), dtype=torch.int64)
    return torch.from_numpy(np.unique(index, return_inverse=True)[1].astype(np.int64))


def _sectors(problem: Problem, astigmatism: bool) -> tuple[Tensor, Tensor]:
    """Shell times ``SECTORS`` + sector of each frequency, and πλ (k², kx² − ky², 2 kx ky) as its mean in each."""
    disc = problem.images.disc
    kx, ky = disc.frequencies(problem.images.pixel_size)
    sector = ((torch.atan2(ky, kx) / math.pi + 0.5) * SECTORS).long().clamp(0, SECTORS - 1)
    place = disc.shell * SECTORS + sector
    functions = torch.stack([kx**2 + ky**2, kx**2 - ky**2, 2 * kx * ky])[: 3 if astigmatism else 1]
    total = torch.zeros(len(functions), (disc.radius + 1) * SECTORS, dtype=torch.float64).index_add_(1, place, functions)
    count = torch.bincount(place, minlength=total.shape[1]).clamp_min(1)
    return place, math.pi * wavelength(problem.particles.optics[0].voltage) * total / count


def _by_shell(problem: Problem, sums: Tensor) -> Tensor:
    """Sums over the sectors of each shell."""
    return sums.unflatten(2, (problem.images.disc.radius + 1, SECTORS)).sum(3)


def _shrunk(value: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Posterior means, standard deviations and τ where values scatter by N(m, τ²) and are known to ``variance``."""
    mean = np.average(value, weights=1 / variance) if len(value) >= MEAN else 0.0
    spread2 = max(0.0, float(np.mean((value - mean) ** 2 - variance))) if len(value) >= MEAN else RANGE**2
    trust = spread2 / (spread2 + variance)
    return mean + trust * (value - mean), np.sqrt(trust * variance), math.sqrt(spread2)
