"""Grey values on a small copy: their histogram, how even the ice is, and how far they hang together.

After Vargas et al. 2016 (J. Struct. Biol. 195:93): histogram indicators for the thickness of ice, local homogeneity, and the
autocorrelation for contaminants.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vitreous.numerics.areas import block_mean, robust_distance, tilted_plane
from vitreous.numerics.fourier import irfft2, rfft2

SMALL_PIXEL = 10.0
"""Å: of the small copy; a particle of 100 Å is ten of its pixels wide."""
PATCH = 500.0
"""Å: side of the patches whose mean and variance are compared."""


def small_copy(image: Tensor, pixel_size: float) -> tuple[Tensor, float]:
    """Average blocks of pixels to :data:`SMALL_PIXEL`, or less where the picture would be too small; the copy and its Å a pixel."""
    block = max(1, min(round(SMALL_PIXEL / pixel_size), min(image.shape) // 64))
    return block_mean(image, block), block * pixel_size


def histogram(small: Tensor) -> dict[str, float]:
    """Shape of the grey values of a small copy, a tilted plane taken away.

    ``skewness``; ``dark_tail`` and ``bright_tail``, the shares beyond 4 robust standard deviations; ``gradient``, what the plane
    rises over the field in standard deviations of the rest.
    """
    plane = tilted_plane(small)
    flat = small - plane
    away = robust_distance(flat)
    centred = (flat - flat.mean()) / flat.std().clamp_min(1e-12)
    return {
        "skewness": float((centred**3).mean()),
        "dark_tail": float((away < -4).float().mean()),
        "bright_tail": float((away > 4).float().mean()),
        "gradient": float((plane.max() - plane.min()) / (flat.std() + 1e-12)),
    }


def homogeneity(small: Tensor, pixel: float) -> dict[str, float]:
    """How patches of 500 Å differ in mean and in variance.

    ``level_spread``: standard deviation of patch means over that of pixels within patches. ``rough_spread``: standard deviation
    of the logarithm of the patches' variances.
    """
    side = max(4, min(round(PATCH / pixel), min(small.shape) // 4))
    centred = small - small.mean()
    mean = block_mean(centred, side)
    variance = (block_mean(centred**2, side) - mean**2).clamp_min(1e-30)
    return {
        "level_spread": float(mean.std() / variance.median().sqrt()),
        "rough_spread": float(variance.log().std()),
    }


def autocorrelation(small: Tensor, pixel: float) -> dict[str, float]:
    """How far grey values hang together.

    ``correlation_length``: Å at which the autocorrelation, averaged over directions, has fallen to a half of what it is at one
    pixel's distance. ``lattice``: its highest peak between 40 and 400 Å over its scatter there: crystals of protein, filaments
    side by side; noise and single particles give less than 6.
    """
    flat = (small - tilted_plane(small)).clone()
    flat = (flat - flat.mean()).clamp(*(side * 4 * float(flat.std()) for side in (-1, 1)))
    y, x = small.shape
    padded = torch.nn.functional.pad(flat, (0, x, 0, y))
    product = irfft2(torch.view_as_real(rfft2(padded)).square().sum(-1).to(torch.complex64), padded.shape)
    reach = min(y, x) // 2
    rows = torch.cat([product[-reach:], product[:reach]])[:, :reach]
    dy, dx = torch.arange(-reach, reach)[:, None].float(), torch.arange(reach)[None].float()
    rows = rows / ((y - dy.abs()) * (x - dx)) / rows[reach, 0].clamp_min(1e-12) * (y * x)
    distance = (dy**2 + dx**2).sqrt()
    ring = distance.round().long().flatten()
    profile = torch.bincount(ring, rows.flatten().double()) / torch.bincount(ring).clamp_min(1)
    low = (profile[1:reach] < 0.5 * profile[1]).nonzero()
    away = rows - profile[ring].view(rows.shape).float()
    seen = (distance * pixel > 40) & (distance * pixel < 400) & (distance < reach)
    values = away[seen]
    return {
        "correlation_length": pixel * (1 + float(low[0]) if len(low) else float(reach)),
        "lattice": float(values.max() / values.std().clamp_min(1e-12)) if len(values) > 50 else math.nan,
    }
