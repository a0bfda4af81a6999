"""Images that stay on disk until they are asked for: what a million particles need."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.inference.images import Extent, FourierImages
from vitreous.inference.load import Band, load_images, noise_group
from vitreous.numerics.disc import Disc, disc
from vitreous.runtime.progress import Reporter, silent

#: Bytes of one coefficient: its value and its transfer.
COEFFICIENT = 12


@dataclass(frozen=True, eq=False)
class StoredImages(Extent):
    """The same face as :class:`FourierImages`, but coefficients are made from the stack whenever some are taken.

    Parameters
    ----------
    disc, pixel_size, open_area
        As for :class:`FourierImages`.
    particles
        Where the images are.
    band
        How they are held.
    group
        int64 ``(n,)``: which noise spectrum is an image's.
    rows
        int64 ``(n,)``: which of the particles.
    """

    disc: Disc
    pixel_size: float
    open_area: float
    particles: Particles
    band: Band
    group: Tensor
    rows: Tensor
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Tensor) -> FourierImages:
        """The images at ``rows``, read now."""
        found = load_images(self.particles, self.band, rows=self.rows[rows].numpy())
        return found.with_group(self.group[rows]).to(self.device)

    def with_group(self, group: Tensor) -> StoredImages:
        """The same images with other noise groups."""
        return replace(self, group=group)

    def to(self, device: torch.device) -> StoredImages:
        """The same images with the arithmetic on ``device``."""
        return replace(self, device=device, disc=self.disc.to(device))


Images = FourierImages | StoredImages


def bytes_held(count: int, points: int) -> int:
    """Bytes of so many images of so many coefficients in memory."""
    return count * points * COEFFICIENT


def open_images(particles: Particles, band: Band, *, memory: int, report: Reporter = silent) -> Images:
    """Images in memory if half of ``memory`` bytes holds them, else on disk until asked for.

    Parameters
    ----------
    particles
        With images and defocus.
    band
        Size, band and mask of the coefficients.
    memory
        Bytes that the caller may use.
    report
        Told while images are read.
    """
    small = disc(band.size, band.radius)
    if 2 * bytes_held(len(particles), len(small)) <= memory:
        return load_images(particles, band, report=report)
    first = load_images(particles, band, rows=np.zeros(1, np.int64))
    rows = torch.arange(len(particles))
    return StoredImages(first.disc, first.pixel_size, first.open_area, particles, band, noise_group(particles, rows.numpy()), rows)
