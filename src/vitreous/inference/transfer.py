"""What the microscope did to an image, in Fourier space: its transfer function, and what is taken off before anything else."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vitreous.data.particles import Particles
from vitreous.numerics.disc import Disc, disc
from vitreous.physics.ctf import ctf

#: Rows of transfer functions made at a time.
BLOCK = 512


def coefficients(images: Tensor, particles: Particles, rows: np.ndarray, small: Disc) -> Tensor:
    """The coefficients of ``small``'s points from images that may be larger than its size.

    Parameters
    ----------
    images
        ``(b, box, box)``, the images of ``rows``.
    particles
        Whose they are.
    rows
        ``(b,)``.
    small
        Points wanted.

    Returns
    -------
    Tensor
        complex64 ``(b, K)``.
    """
    large = disc(images.shape[-1], small.radius)
    return large.take(images).to(torch.complex64)


def transfer_functions(particles: Particles, rows: np.ndarray, small: Disc, pixel_size: float) -> Tensor:
    """c(k) of the particles at ``rows`` at the points of ``small``, whose pixels are of ``pixel_size`` Å: float32 ``(n, K)``."""
    kx, ky = small.frequencies(pixel_size)
    out = torch.empty(len(rows), len(small))
    defocus = torch.from_numpy(particles.defocus[rows])
    group = torch.from_numpy(particles.group[rows])
    for g, optics in enumerate(particles.optics):
        for block in torch.nonzero(group == g).flatten().split(BLOCK):
            out[block] = ctf(defocus[block].float().double(), optics, kx, ky).float()
    return out
