"""Bring particle images to one level and one noise strength, judged by the pixels outside the particle.

Reference: Sorzano et al. 2004, J. Struct. Biol. 146:381 (normalisation by all pixels, by the background, by a ramp).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.filters import radius

Normalisation = Literal["old", "background", "ramp"]
NAMES = ("old", "background", "ramp")


def background(size: int, radius_pixels: float) -> Tensor:
    """Pixels outside the particle's circle, bool ``(size, size)``; the circle's centre is pixel size // 2.

    Raises
    ------
    InputError
        If the circle leaves fewer than a tenth of the pixels.
    """
    outside = radius((size, size)) > radius_pixels
    require(bool(outside.float().mean() >= 0.1), "particle diameter", f"{2 * radius_pixels:.4g} pixels in a box of {size}",
            "small enough to leave a tenth of the box as background", instead="a larger box or a smaller diameter")  # fmt: skip
    return outside


def normalise(images: Tensor, radius_pixels: float, method: Normalisation = "ramp") -> Tensor:
    """Normalise images.

    Parameters
    ----------
    images
        ``(..., m, m)``.
    radius_pixels
        Radius of the particle's circle.
    method
        "old": (I − μ)/σ of all pixels. "background" (Sorzano's NewXmipp): (I − μ)/σ of the background. "ramp": subtract
        the least-squares plane of the background, then "background".

    Returns
    -------
    Tensor
        Like ``images``.

    Raises
    ------
    InputError
        If an image is constant where it is judged, or the circle fills the box.
    """
    require(method in NAMES, "normalisation", method, f"one of {', '.join(NAMES)}")
    size = images.shape[-1]
    if method == "old":
        return _standard(images, torch.ones(size, size, dtype=torch.bool), images)
    outside = background(size, radius_pixels)
    flat = images - fitted_plane(images, outside) if method == "ramp" else images
    return _standard(flat, outside, images)


def fitted_plane(images: Tensor, where: Tensor) -> Tensor:
    """The plane a + b x + c y that fits each image best at the pixels ``where``, ``(..., m, m)``."""
    size = images.shape[-1]
    at = (torch.arange(size, dtype=images.dtype) - size // 2) / size
    y, x = torch.meshgrid(at, at, indexing="ij")
    basis = torch.stack([torch.ones_like(x), x, y])
    fit = torch.linalg.pinv(basis[:, where].T)
    return torch.einsum("...p,kp,kyx->...yx", images[..., where], fit, basis)


def _standard(images: Tensor, where: Tensor, recorded: Tensor) -> Tensor:
    """(I − μ)/σ; an image whose σ is no more than the rounding of what was ``recorded`` is refused."""
    values = images[..., where]
    level = values.mean(-1)[..., None, None]
    spread = values.std(-1, correction=0)[..., None, None]
    tiny = 1e-6 * recorded[..., where].abs().amax(-1)[..., None, None]
    flat = int((spread <= tiny).sum())
    require(flat == 0, "a particle image", f"{flat} of {spread.numel()} with the same value everywhere outside the particle",
            "not constant", instead="leave that micrograph out")  # fmt: skip
    return (images - level) / spread


def replace_outliers(images: Tensor, where: Tensor, generator: np.random.Generator, *, limit: float = 6.0) -> Tensor:
    """Put noise in place of pixels that noise cannot explain: hot pixels, cosmic rays.

    Parameters
    ----------
    images
        ``(n, m, m)``.
    where
        Background pixels, bool ``(m, m)``: their median and robust standard deviation (1.4826 MAD) are the noise.
    generator
        Source of the noise; one number is drawn for each replaced pixel, so batches do not matter.
    limit
        Standard deviations from the median; of Gaussian pixels two in a billion are farther than 6.
    """
    values = images[:, where]
    level = values.median(-1).values[:, None, None]
    spread = 1.4826 * (values - level[:, 0]).abs().median(-1).values[:, None, None]
    wild = ((images - level).abs() > limit * spread) & (spread > 0)
    count = int(wild.sum())
    if not count:
        return images
    noise = torch.as_tensor(generator.standard_normal(count), dtype=images.dtype)
    out = images.clone()
    out[wild] = level.expand_as(images)[wild] + spread.expand_as(images)[wild] * noise
    return out
