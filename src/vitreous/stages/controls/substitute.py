"""Noise that looks like the data: the same amplitudes, phases drawn anew.

An image whose phases beyond some shell are random holds no particle there, and otherwise is the same: whatever is found there
afterwards was put there by what was done to the image (Chen et al. 2013, Ultramicroscopy 135:24). With all phases random it is an image
of nothing with the data's own spectrum.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.inference.images import FourierImages
from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.numerics.shells import shell_index


def substituted(images: FourierImages, start: int, generator: torch.Generator) -> FourierImages:
    """The same images with random phases from shell ``start`` on; 1 leaves nothing of the particle.

    Raises
    ------
    InputError
        If the images hold no shell from ``start`` on.
    """
    require(1 <= start <= images.disc.radius, "first shell of noise", start, f"from 1 to {images.disc.radius}, the images' last")
    kept = images.disc.within(start - 1)
    values = images.values.clone()
    angle = 2 * math.pi * torch.rand(len(values), values.shape[1] - kept, generator=generator)
    values[:, kept:] = torch.polar(values[:, kept:].abs(), angle.to(values.device))
    return replace(images, values=values)


def substituted_stack(images: Tensor, start: int, generator: torch.Generator) -> Tensor:
    """The same of images as stored, ``(b, n, n)``, beyond Nyquist's circle too: for refining elsewhere."""
    shape = tuple(images.shape[-2:])
    spectra, noise = rfft2(images), rfft2(torch.randn(images.shape, generator=generator))
    noise *= spectra.abs() / noise.abs().clamp_min(torch.finfo(torch.float32).tiny)
    return irfft2(torch.where(shell_index(shape) < start, spectra, noise), shape)


def true_correlation(total: Tensor, noise: Tensor, start: int) -> Tensor:
    """What is left of a correlation once what substituted images show is taken away: (FSC_t − FSC_n) / (1 − FSC_n).

    Chen et al. 2013, eq. 4. It holds from shell ``start + 2`` on: nearer, what was kept leaks over by the mask. A negative FSC_n is
    chance and counts as 0; one of 1 leaves nothing.
    """
    share = torch.where(torch.arange(len(noise)) >= start + 2, noise.clamp_min(0.0), 0.0)
    return torch.where(share < 1, (total - share) / (1 - share).clamp_min(1e-12), 0.0)
