"""The noise of a micrograph: its spectrum away from particles, whitening, and decoys that have nothing but it.

Reference: Sigworth 2004, J. Struct. Biol. 145:111 (the matched filter for coloured noise is a correlation after whitening).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.fourier import irfft2, rfft2
from vitreous.numerics.shells import shell_average, spread

FLOOR = 1e-3
"""Least power, of the highest, that whitening trusts: what flattening removed must not be blown up again."""


def power_spectrum(image: Tensor, valid: Tensor) -> Tensor:
    """Rotationally averaged power of the valid pixels of a picture, as if they filled it; float64, one number a shell."""
    level = (image * valid).sum() / valid.sum().clamp_min(1.0)
    power = rfft2((image - level) * valid).abs() ** 2
    return _smooth(shell_average(power, image.shape)) / valid.mean().double().clamp_min(1e-6)


def _smooth(curve: Tensor) -> Tensor:
    """Running mean over five shells, ends repeated: one shell near zero frequency has few voxels."""
    padded = torch.nn.functional.pad(curve[None, None], (2, 2), mode="replicate")
    return torch.nn.functional.avg_pool1d(padded, 5, stride=1)[0, 0]


def gain(power: Tensor) -> Tensor:
    """What makes noise of this spectrum white: 1 / √(power per pixel), one number a shell."""
    return power.clamp_min(float(power.max()) * FLOOR).rsqrt()


def whiten(image: Tensor, curve: Tensor) -> Tensor:
    """Multiply each shell of an image's transform by ``curve`` and bring the result to standard deviation 1."""
    filtered = irfft2(rfft2(image) * spread(curve, image.shape).to(image.dtype), image.shape)
    return filtered / filtered.std().clamp_min(1e-12)


def whiten_template(template: Tensor, curve: Tensor, shape: tuple[int, int]) -> Tensor:
    """The same filter for a small square template, its middle pixel kept in place; ``shape`` is the picture's."""
    reach, m = template.shape[-1] // 2, template.shape[-1]
    canvas = template.new_zeros(shape)
    canvas[:m, :m] = template
    filtered = irfft2(rfft2(torch.roll(canvas, (-reach, -reach), (0, 1))) * spread(curve, shape).to(template.dtype), shape)
    return torch.roll(filtered, (reach, reach), (0, 1))[:m, :m]


def decoy(power: Tensor, of_shape: tuple[int, int], shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """A picture of Gaussian noise with the spectrum of another.

    Parameters
    ----------
    power
        From :func:`power_spectrum`.
    of_shape
        Shape of the picture that ``power`` was measured on.
    shape
        Shape of the decoy.
    """
    noise = torch.randn(shape, generator=generator)
    per_pixel = (power / (of_shape[0] * of_shape[1])).sqrt()
    wanted = torch.linspace(0, len(per_pixel) - 1, max(shape) // 2 + 1, dtype=torch.float64)
    below = wanted.floor().long().clamp_max(len(per_pixel) - 2)
    part = wanted - below
    curve = (1 - part) * per_pixel[below] + part * per_pixel[below + 1]
    return irfft2(rfft2(noise) * spread(curve, shape).to(noise.dtype), shape)
