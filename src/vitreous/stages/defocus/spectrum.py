"""The power spectrum of a micrograph: the mean periodogram of overlapping tapered tiles.

References: Welch 1967, IEEE Trans. Audio Electroacoust. 15:70; Fernández, Sanjurjo & Carazo 1997, Ultramicroscopy 68:267.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vitreous.errors import InputError, require
from vitreous.numerics.fourier import axis_frequencies, good_size, rfft2
from vitreous.runtime.memory import batch_size

LEAST_EXTENT = 256.0  # Å; below it a ring is narrower than a frequency bin
LEAST_PIXELS = 64
TILE_BATCH_BYTES = 64 << 20


@dataclass(frozen=True)
class PowerSpectrum:
    """Mean power on the half grid up to a resolution, white noise of variance σ² being σ².

    Parameters
    ----------
    values
        float32 ``(ky, kx)``: ky from negative to positive with zero in the middle row, kx from 0.
    ky, kx
        Å⁻¹ along the two axes, float64.
    averages
        Independent periodograms behind each value: its relative variance is 1 / averages.
    information
        The same, less what neighbouring values share because of the taper.
    tiles_kept
        Fraction of the tiles that were not rejected as outliers.
    """

    values: Tensor
    ky: Tensor
    kx: Tensor
    averages: float
    information: float
    tiles_kept: float


def checked_image(image: np.ndarray | Tensor, pixel_size: float) -> Tensor:
    """Give ``image`` as float32 with mean 0, variance 1 and no value beyond 8 standard deviations.

    Raises
    ------
    InputError
        If it is not a two-dimensional real image of at least 64 pixels and 256 Å a side, with finite values that vary.
    """
    values = torch.as_tensor(np.ascontiguousarray(image) if isinstance(image, np.ndarray) else image)
    require(values.ndim == 2, "a micrograph", tuple(values.shape), "two-dimensional (y, x)")
    require(not values.is_complex(), "a micrograph", values.dtype, "real")
    side = min(values.shape)
    require(side >= LEAST_PIXELS and side * pixel_size >= LEAST_EXTENT, "a micrograph's side",
            f"{side} pixels, {side * pixel_size:.0f} Å", f"at least {LEAST_PIXELS} pixels and {LEAST_EXTENT:.0f} Å",
            instead="a larger image, or check the pixel size")  # fmt: skip
    values = values.float()
    deviation, mean = (float(x) for x in torch.std_mean(values))
    if not math.isfinite(deviation):
        bad = int((~torch.isfinite(values)).sum())
        raise InputError(f"a micrograph must be finite in every pixel; got {bad} that are NaN or infinite. Try: replace them.")
    require(deviation > 1e-6 * abs(mean), "a micrograph", f"the value {mean:g} in every pixel", "an image that varies")
    return ((values - mean) / deviation).clamp_(-8.0, 8.0)


def _starts(size: int, tile: int) -> list[int]:
    """First pixels of tiles that overlap by at least a half and reach both edges."""
    count = 1 if size == tile else math.ceil((size - tile) / (tile / 2)) + 1
    return [round(i) for i in np.linspace(0, size - tile, count)]


def _accept(log_power: Tensor) -> Tensor:
    """Mask of tiles whose log power lies within six robust deviations of the median."""
    distance = (log_power - log_power.median()).abs()
    return distance <= 6 * 1.4826 * distance.median() + 0.1


def _effective_tiles(starts: list[tuple[int, int]], taper: Tensor, shape: tuple[int, int]) -> tuple[float, float]:
    """Averages and information of a mean over tiles at ``starts``.

    With h the taper, Var P / S² = ΣΣ ρ_ij² / n², ρ_ij = ⟨h_i, h_j⟩ / ⟨h, h⟩. The information a unit of k-space holds is
    that of the area A = (∫w)² / ∫w², w = Σ h_i², of which each bin gets A / tile².
    """
    n, tile = len(starts), len(taper)
    overlap = torch.nn.functional.conv1d(taper.view(1, 1, -1), taper.view(1, 1, -1), padding=tile - 1).flatten()
    overlap = overlap[tile - 1 :] / overlap.max()
    apart = [(x[:, None] - x).abs().clamp_max(tile - 1) for x in torch.tensor(starts).T]
    rho = overlap[apart[0]] * overlap[apart[1]]
    coverage = torch.zeros(shape, dtype=torch.float32)
    squared = (taper**2).float()
    for a, b in starts:
        coverage[a : a + tile, b : b + tile] += squared[:, None] * squared
    area = float(coverage.sum(dtype=torch.float64) ** 2 / (coverage**2).sum(dtype=torch.float64))
    return float(n**2 / (rho**2).sum()), area / tile**2


def power_spectrum(image: Tensor, pixel_size: float, *, tile: float, finest: float) -> PowerSpectrum:
    """Average the periodograms of Hann-tapered tiles that overlap by half.

    Parameters
    ----------
    image
        ``(y, x)`` from :func:`checked_image`.
    pixel_size
        Å.
    tile
        Side in Å; shortened to the image's shorter side.
    finest
        Å; frequencies beyond are dropped.

    Notes
    -----
    Tiles whose power lies more than six robust deviations from the median (carbon edge, ice crystal) do not count.
    """
    side = min(good_size(round(tile / pixel_size)), min(image.shape) // 2 * 2)
    taper = torch.hann_window(side, periodic=False, dtype=torch.float64)
    window = (taper[:, None] * taper).float()
    starts = [(y, x) for y in _starts(image.shape[0], side) for x in _starts(image.shape[1], side)]
    rows = min(side // 2 - 1, math.floor(side * pixel_size / finest))
    chunk = batch_size(TILE_BATCH_BYTES, side * side * 16, most=len(starts))
    powers = []
    for first in range(0, len(starts), chunk):
        tiles = torch.stack([image[y : y + side, x : x + side] for y, x in starts[first : first + chunk]])
        tiles = tiles - (tiles * window).sum((-2, -1), keepdim=True) / window.sum()
        half = rfft2(tiles.mul_(window))[..., : rows + 1]
        powers.append(torch.view_as_real(torch.cat([half[:, -rows:], half[:, : rows + 1]], 1)).square().sum(-1))
    power = torch.cat(powers)
    keep = _accept(power.mean((-2, -1)).log())
    averages, information = _effective_tiles([s for s, k in zip(starts, keep.tolist()) if k], taper, tuple(image.shape))
    kx = axis_frequencies(side, pixel_size, half=True, like=taper)[: rows + 1]
    return PowerSpectrum(
        values=power[keep].mean(0) / float((window**2).sum()),
        ky=torch.cat([-kx[1:].flip(0), kx]),
        kx=kx,
        averages=averages,
        information=information,
        tiles_kept=float(keep.float().mean()),
    )
