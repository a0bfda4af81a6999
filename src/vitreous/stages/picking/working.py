"""The small, flat picture that picking works on, and the way back to the micrograph's pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import require
from vitreous.numerics.areas import block_mean
from vitreous.numerics.filters import apply, gaussian
from vitreous.numerics.fourier import frequency_squared
from vitreous.numerics.resample import fourier_resize

ACROSS = 24
"""Working pixels across a particle: the rim and the ring of a hollow particle are still resolved."""


@dataclass(frozen=True)
class Working:
    """A micrograph scaled so that a particle is ``ACROSS`` pixels wide.

    Parameters
    ----------
    image
        float32 ``(y, x)``, particles bright.
    scale
        Pixels of the micrograph per working pixel, (x, y).
    offset
        Where working pixel 0 lies in the micrograph, in its pixels.
    across
        The particle's diameter in pixels of the micrograph.
    size
        (x, y) of the micrograph in its pixels.
    """

    image: Tensor
    scale: tuple[float, float]
    offset: float
    across: float
    size: tuple[int, int]

    def to_micrograph(self, points: np.ndarray) -> np.ndarray:
        """(x, y) in working pixels to pixels of the micrograph, ``(n, 2)``."""
        return points * np.asarray(self.scale) + self.offset


def working_image(image: Tensor, diameter_pixels: float, *, sign: float) -> Working:
    """Scale a micrograph down; blocks are averaged first where that loses nothing the crop would keep.

    Parameters
    ----------
    image
        ``(y, x)``, any real type.
    diameter_pixels
        Particle diameter in pixels.
    sign
        -1 for dark particles, 1 for bright ones.

    Raises
    ------
    InputError
        If the image is not a picture, is constant or not finite, or the particle does not fit into it.
    """
    require(image.ndim == 2, "micrograph", tuple(image.shape), "one picture (y, x)")
    require(diameter_pixels >= 6, "diameter", f"{diameter_pixels:.3g} pixels", "at least 6 pixels across",
            instead="check --diameter (Å) and --pixel-size (Å per pixel)")  # fmt: skip
    require(2 * diameter_pixels <= min(image.shape), "diameter", f"{diameter_pixels:.4g} pixels",
            f"at most half the micrograph's short side, {min(image.shape)} pixels",
            instead="check --diameter (Å) and --pixel-size (Å per pixel)")  # fmt: skip
    image = image.to(torch.float32)
    spread = float(image.std())
    require(bool(np.isfinite(spread)), "micrograph", "NaN or infinite values", "finite everywhere")
    require(spread > 0, "micrograph", f"{float(image[0, 0])} everywhere", "a picture with contrast", instead="leave it out")
    factor = diameter_pixels / ACROSS
    block = max(1, int(factor / 2))
    small = block_mean((image - image.mean()) * (sign / spread), block)
    size = tuple(max(1, round(n * block / factor)) for n in small.shape)
    scale = tuple(n * block / m for n, m in zip(small.shape, size))
    return Working(fourier_resize(small, size), scale[::-1], (block - 1) / 2, diameter_pixels, tuple(image.shape)[::-1])


def flatten(image: Tensor, good: Tensor) -> Tensor:
    """Take away what varies over more than a particle, outside bad areas; bad areas become 0, far outliers are clipped.

    The local mean is Σ g I m / Σ g m with a Gaussian g of three quarters of a diameter and the mask m of good pixels,
    so neither the edge of the picture nor a crystal leaks into its surroundings.
    """
    reach = 2 * ACROSS
    y, x = image.shape
    padded = torch.zeros(2, y + reach, x + reach)
    padded[0, :y, :x], padded[1, :y, :x] = image * good, good
    k = frequency_squared(padded.shape[-2:]).sqrt()
    blurred = apply(padded, gaussian(k, 1 / (2 * torch.pi * 0.75 * ACROSS)), axes=2)[:, :y, :x]
    flat = (image - blurred[0] / blurred[1].clamp_min(1e-3)) * good
    scale = flat[good > 0].std().clamp_min(1e-12)
    return (flat / scale).clamp(-6.0, 6.0)
