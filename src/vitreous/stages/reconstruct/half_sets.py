"""Two half-sets at known poses to half-maps, their agreement, and the map of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.errors import InputError
from vitreous.inference.load import Band, load_images, noise_group, read_blocks
from vitreous.inference.noise import initial_noise
from vitreous.numerics.bent_slices import BentInsertion
from vitreous.numerics.disc import Disc, disc
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.symmetry import Symmetry
from vitreous.reconstruct.fourier import map_correlation, solve, ssnr_from_fsc
from vitreous.reconstruct.known_poses import insert_block, lenses
from vitreous.runtime.progress import Progress, Reporter, silent

#: Images from which the noise is measured: at least so many in all, and so many of each group.
SAMPLE, SAMPLE_EACH = 256, 8
#: Bytes of images read at a time: below what the C library takes from the system anew each time (32 MiB), page by page.
READ = 16_000_000


@dataclass(frozen=True, eq=False)
class KnownPoses:
    """What is given.

    Parameters
    ----------
    particles
        With images, rotation and defocus.
    half
        1 or 2 for each, ``(n,)``.
    disc
        The coefficients of an image up to Nyquist.
    group, inverse_variance
        Noise group of each particle ``(n,)``, and 1 / σ² of a real component for each group and shell, float32.
    diameter
        Of the particle, Å.
    symmetry
        Point group.
    mask
        Soft ball in which the halves are compared.
    """

    particles: Particles
    half: np.ndarray
    disc: Disc
    group: Tensor
    inverse_variance: Tensor
    diameter: float
    symmetry: Symmetry
    mask: Tensor


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Maps float32 ``(n, n, n)``, the FSC of the halves by shell, and the ``beam`` they were made with (0: flat slices)."""

    map: Tensor
    half1: Tensor
    half2: Tensor
    fsc: Tensor
    beam: int


def sample_rows(group: np.ndarray) -> np.ndarray:
    """Rows spread over the set: ``SAMPLE_EACH`` of each group, and every so many up to ``SAMPLE`` in all."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order])
    own = order[np.arange(len(group)) - first < SAMPLE_EACH]
    spread = np.arange(0, len(group), max(1, len(group) // SAMPLE))
    return np.union1d(own, spread)


def known_poses(particles: Particles, half: np.ndarray, diameter: float, symmetry: Symmetry, *, report: Reporter = silent) -> KnownPoses:
    """Measure the noise on a sample of the images and lay out the rest.

    Raises
    ------
    InputError
        If images are missing, differ in size, have an odd box, or hold values that are not numbers.
    """
    rows = np.arange(len(particles))
    group = noise_group(particles, rows)
    some = sample_rows(group.numpy())
    size = next(read_blocks(particles, rows[:1]))[1].shape[-1]
    images = load_images(particles, Band(size=size), rows=some, report=report).with_group(group[some])
    inverse = (1 / initial_noise(images).variance).float()
    mask = soft_disc((size,) * 3, min(0.55 * diameter / particles.pixel_size, 0.45 * size), max(3.0, 0.05 * size))
    return KnownPoses(particles, half, disc(size), group, inverse, diameter, symmetry, mask)


def half_sums(task: KnownPoses, number: int, beam: int, report: Reporter = silent) -> tuple[Tensor, Tensor]:
    """Numerator and denominator of half-set 1 or 2.

    Raises
    ------
    InputError
        If an image holds values that are not numbers.
    """
    rows = np.flatnonzero(task.half == number)
    sums = BentInsertion(task.disc.size, task.disc.radius)
    group_lens = lenses(task.particles, task.disc, task.diameter)
    for at, block in read_blocks(task.particles, rows, max(1, READ // (4 * task.disc.size**2))):
        here = rows[at]
        bad = ~np.isfinite(block.sum((1, 2)))
        if bad.any():
            raise InputError(f"particle images must be numbers; image {int(here[bad][0]) + 1} has NaN or infinities.")
        inverse = task.inverse_variance[task.group[here]]
        insert_block(sums, torch.from_numpy(block), task.particles.take(here), group_lens, inverse, beam=beam)
        report(Progress(f"reconstruct half {number}", int(at[-1]) + 1, len(rows)))
    return sums.total(task.symmetry.matrices)


def reconstruct(task: KnownPoses, beam: int = 0, *, prior: bool = False, report: Reporter = silent) -> Reconstruction:
    """Solve each half without a prior and the whole with or without one.

    Parameters
    ----------
    task
        The particles.
    beam
        0: central slices; 1 or −1: the Ewald sphere, electrons travelling towards +z or −z.
    prior
        Weight the map's coefficients by the signal-to-noise ratio that the FSC of the halves implies.
    report
        Told after each block of images.
    """
    size, radius, voxel = task.disc.size, task.disc.radius, task.particles.pixel_size
    numerator, denominator = half_sums(task, 1, beam, report)
    first = solve(numerator, denominator, size, ssnr=None, radius=radius, voxel_size=voxel)
    other = half_sums(task, 2, beam, report)
    second = solve(*other, size, ssnr=None, radius=radius, voxel_size=voxel)
    numerator += other[0]
    denominator += other[1]
    del other
    fsc = map_correlation(first, second, task.mask)
    ssnr = ssnr_from_fsc(fsc, halves=2) if prior else None
    whole = solve(numerator, denominator, size, ssnr=ssnr, radius=radius, voxel_size=voxel)
    return Reconstruction(whole, first, second, fsc, beam)
