"""From a particle table and its stacks to Fourier coefficients in memory, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.errors import InputError, require
from vitreous.inference.images import FourierImages
from vitreous.inference.transfer import coefficients, transfer_functions
from vitreous.io.stacks import open_stack
from vitreous.numerics.disc import disc
from vitreous.numerics.filters import soft_disc
from vitreous.runtime.progress import Progress, Reporter, silent

BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class Band:
    """How images are held: on ``size`` pixels, up to shell ``radius``, masked to ``mask_diameter`` Å (0: not masked).

    ``size`` may be smaller than the stored box: coefficients beyond it are left out, which is what Fourier cropping does.
    """

    size: int
    radius: int | None = None
    mask_diameter: float = 0.0


def working_size(box: int, pixel_size: float, finest: float) -> int:
    """Smallest even size on which detail of ``finest`` Å is kept with a margin of one eighth, at most the box."""
    wanted = 2 * np.ceil(1.125 * box * pixel_size / finest)
    size = int(wanted + 8) // 8 * 8
    return min(box - box % 2, max(32, size))


def read_blocks(particles: Particles, rows: np.ndarray, most: int = BLOCK) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images of ``rows`` in their order, as (positions in ``rows``, float32 ``(b, n, n)``), at most ``most`` at a time.

    Raises
    ------
    InputError
        If particles have no images, or images of different sizes.
    """
    if particles.stack_index is None or particles.slice_index is None:
        raise InputError("particles must have images (rlnImageName); these are coordinates. Try: vitreous extract.")
    missing = rows[particles.stack_index[rows] < 0]
    if len(missing):
        raise InputError(f"particles must have images; particle {int(missing[0]) + 1} has none. Try: vitreous extract.")
    stacks = [open_stack(path) for path in particles.stack]
    for first in range(0, len(rows), most):
        span = rows[first : first + most]
        files, slices_ = particles.stack_index[span], particles.slice_index[span]
        block: np.ndarray | None = None
        for file in np.unique(files):
            where = np.flatnonzero(files == file)
            found = stacks[file].read(slices_[where])
            block = np.empty((len(span), *found.shape[1:]), np.float32) if block is None else block
            require(found.shape[1:] == block.shape[1:], "particle images", found.shape[1:], f"of one size, {block.shape[1:]}")
            block[where] = found
        if block is not None:
            yield np.arange(first, first + len(span)), block


def load_images(particles: Particles, band: Band, *, rows: np.ndarray | None = None, report: Reporter = silent) -> FourierImages:
    """Coefficients and transfer functions of particles.

    Parameters
    ----------
    particles
        With images and defocus.
    band
        Size, band and mask of the coefficients.
    rows
        Which particles; all without it.
    report
        Told after each block.

    Raises
    ------
    InputError
        If there is no defocus, or an image holds values that are not numbers.
    """
    rows = np.arange(len(particles)) if rows is None else rows
    if particles.defocus is None:
        raise InputError("particles must have defocus values (rlnDefocusU); these have none. Try: vitreous estimate-ctf first.")
    values: Tensor | None = None
    for at, block in read_blocks(particles, rows):
        found = _coefficients_of(block, particles, rows[at], band)
        values = torch.empty(len(rows), found.shape[1], dtype=torch.complex64) if values is None else values
        values[torch.from_numpy(at)] = found
        report(Progress("read images", int(at[-1]) + 1, len(rows)))
    require(values is not None, "particles", len(rows), "at least one")
    assert values is not None  # noqa: S101  said by the line above
    return _with_transfer(values, particles, rows, band, block.shape[-1])


def images_at_hand(images: np.ndarray, particles: Particles, band: Band) -> FourierImages:
    """The same of images already in memory, ``(n, box, box)``, which are those of ``particles``, with defocus, in their order."""
    rows = np.arange(len(particles))
    return _with_transfer(_coefficients_of(images, particles, rows, band), particles, rows, band, images.shape[-1])


def _coefficients_of(block: np.ndarray, particles: Particles, rows: np.ndarray, band: Band) -> Tensor:
    """Coefficients of the images of ``rows``, masked and protein dark: complex64 ``(b, K)``."""
    box = block.shape[-1]
    require(box % 2 == 0, "the box", box, "an even number of pixels", instead="extract again with an even box")
    require(band.size <= box, "size", band.size, f"at most the box, {box} px")
    bad = ~np.isfinite(block).all((1, 2))
    if bad.any():
        raise InputError(f"particle images must be numbers; image {int(rows[bad][0]) + 1} has NaN or infinities.")
    images = torch.from_numpy(block)
    if band.mask_diameter > 0:
        images = images * particle_mask(box, particles.pixel_size, band.mask_diameter)
    sign = -1.0 if particles.contrast == "bright" else 1.0
    return coefficients(images, particles, rows, disc(band.size, band.radius)) * (sign * (band.size / box) ** 2)


def _with_transfer(values: Tensor, particles: Particles, rows: np.ndarray, band: Band, box: int) -> FourierImages:
    small, pixel_size = disc(band.size, band.radius), particles.pixel_size * box / band.size
    area = 1.0 if band.mask_diameter <= 0 else float((particle_mask(box, particles.pixel_size, band.mask_diameter) ** 2).mean())
    transfer = transfer_functions(particles, rows, small, pixel_size)
    return FourierImages(small, pixel_size, values, transfer, noise_group(particles, rows), area)


def particle_mask(box: int, pixel_size: float, diameter: float) -> Tensor:
    """Soft disc of ``diameter`` Å with an edge of 5 % of the box, float32 ``(box, box)``."""
    edge = 0.05 * box
    return soft_disc((box, box), min(0.5 * diameter / pixel_size, box / 2 - edge - 1), edge)


def noise_group(particles: Particles, rows: np.ndarray) -> Tensor:
    """Micrographs with at least 20 particles have their own noise level; the rest share their optics group's."""
    if particles.micrograph_index is None:
        return torch.from_numpy(particles.group[rows].astype(np.int64))
    _, inverse, count = np.unique(particles.micrograph_index[rows], return_inverse=True, return_counts=True)
    own = count[inverse] >= 20
    label = np.where(own, inverse + len(particles.optics), particles.group[rows])
    return torch.from_numpy(np.unique(label, return_inverse=True)[1].astype(np.int64))
