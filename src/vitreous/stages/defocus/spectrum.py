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
EDGE = 40.0  # Å, over which the image fades at its edges
LEAST_COVER = 0.05  # of a whole tile's taper; those with less of the image are left out
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
    require(image.ndim == 2, "a micrograph", tuple(image.shape), "two-dimensional (y, x)")
    complex_kind = image.is_complex() if isinstance(image, Tensor) else np.iscomplexobj(image)
    require(not complex_kind, "a micrograph", str(image.dtype), "real")
    side = min(image.shape)
    require(side >= LEAST_PIXELS and side * pixel_size >= LEAST_EXTENT, "a micrograph's side",
            f"{side} pixels, {side * pixel_size:.0f} Å", f"at least {LEAST_PIXELS} pixels and {LEAST_EXTENT:.0f} Å",
            instead="a larger image, or check the pixel size")  # fmt: skip
    values = image.detach().cpu().float() if isinstance(image, Tensor) else torch.from_numpy(np.array(image, dtype=np.float32))
    deviation, mean = (float(x) for x in torch.std_mean(values))
    if not math.isfinite(deviation):
        bad = int((~torch.isfinite(values)).sum())
        raise InputError(f"a micrograph must be finite in every pixel; got {bad} that are NaN or infinite. Try: replace them.")
    require(deviation > 1e-6 * abs(mean), "a micrograph", f"the value {mean:g} in every pixel", "an image that varies")
    return ((values - mean) / deviation).clamp_(-8.0, 8.0)


@dataclass(frozen=True)
class _Axis:
    """Tiles along one axis: ``starts`` in the padded image, tapers ``(count, padded)`` that vanish outside the image."""

    starts: list[int]
    before: int
    tapers: Tensor

    @classmethod
    def of(cls, size: int, tile: int, edge: int) -> _Axis:
        """Half-overlapping sine tapers, whose squares sum to 1, over an image with soft edges."""
        step = tile // 2
        count = math.ceil(size / step) + 1
        padded = (count - 1) * step + tile
        before = (padded - size) // 2
        centre = torch.arange(0.5, size, dtype=torch.float64)
        soft = torch.zeros(padded, dtype=torch.float64)
        soft[before : before + size] = torch.sin(0.5 * math.pi * (torch.minimum(centre, size - centre) / edge).clamp_max(1.0))
        sine = torch.sin(math.pi * torch.arange(0.5, tile, dtype=torch.float64) / tile)
        tapers = torch.zeros(count, padded, dtype=torch.float64)
        for i in range(count):
            tapers[i, i * step : i * step + tile] = sine
        return cls([i * step for i in range(count)], before, tapers * soft)


def _accept(log_power: Tensor) -> Tensor:
    """Mask of tiles whose log power lies within six robust deviations of the median."""
    distance = (log_power - log_power.median()).abs()
    return distance <= 6 * 1.4826 * distance.median() + 0.1


def _statistics(y: _Axis, x: _Axis, pairs: Tensor, tile: int) -> tuple[float, float]:
    """Averages and information of the sum over the tiles ``pairs`` (rows: index along y, along x).

    With g_i the tapers, Var P / S² = Σ_ij ⟨g_i, g_j⟩² / (Σ_i ⟨g_i, g_i⟩)². The information that k-space holds is that of the
    area A = (∫w)² / ∫w², w = Σ g_i², of which each bin gets A / tile². All are products of one-dimensional sums.
    """
    row, column = pairs.T
    inner = (y.tapers @ y.tapers.T)[row][:, row] * (x.tapers @ x.tapers.T)[column][:, column]
    total = float(inner.diag().sum())
    y2, x2 = y.tapers**2, x.tapers**2
    squares = (y2 @ y2.T)[row][:, row] * (x2 @ x2.T)[column][:, column]
    return total**2 / float((inner**2).sum()), total**2 / float(squares.sum()) / tile**2


def power_spectrum(image: Tensor, pixel_size: float, *, tile: float, finest: float) -> PowerSpectrum:
    """Average the periodograms of sine-tapered tiles that overlap by half.

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
    Tiles stick out over the image's edges, which are soft, so that the margin counts as much as the middle. Tiles
    whose power lies more than six robust deviations from the median (carbon edge, ice crystal) do not count.
    """
    side = min(good_size(round(tile / pixel_size)), min(image.shape) // 2 * 2)
    y, x = (_Axis.of(size, side, max(1, round(EDGE / pixel_size))) for size in image.shape)
    padded = image.new_zeros(y.tapers.shape[1], x.tapers.shape[1])
    padded[y.before : y.before + image.shape[0], x.before : x.before + image.shape[1]] = image
    cover = (y.tapers**2).sum(1)[:, None] * (x.tapers**2).sum(1)
    pairs = (cover > LEAST_COVER * cover.max()).nonzero()
    reach = min(side // 2 - 1, math.floor(side * pixel_size / finest))
    chunk = batch_size(TILE_BATCH_BYTES, side * side * 12, most=len(pairs))
    power = torch.cat([_periodograms(padded, y, x, some, side, reach) for some in pairs.split(chunk)])
    covers = cover[pairs[:, 0], pairs[:, 1]]
    keep = _accept((power.mean((-2, -1), dtype=torch.float64) / covers).log())
    averages, information = _statistics(y, x, pairs[keep], side)
    kx = axis_frequencies(side, pixel_size, half=True, like=cover)[: reach + 1]
    return PowerSpectrum(
        values=power[keep].sum(0) / float(covers[keep].sum()),
        ky=torch.cat([-kx[1:].flip(0), kx]),
        kx=kx,
        averages=averages,
        information=information,
        tiles_kept=float(keep.float().mean()),
    )


def _periodograms(padded: Tensor, y: _Axis, x: _Axis, pairs: Tensor, side: int, reach: int) -> Tensor:
    """|FT|² of the tiles ``pairs``, their tapered means removed, out to ``reach`` bins: ``(tiles, 2 reach + 1, reach + 1)``."""
    tiles = []
    for i, j in pairs.tolist():
        rows, columns = slice(y.starts[i], y.starts[i] + side), slice(x.starts[j], x.starts[j] + side)
        down, across = y.tapers[i, rows].float(), x.tapers[j, columns].float()
        mean = (down @ padded[rows, columns] @ across) / (down.sum() * across.sum())
        tiles.append((padded[rows, columns] - mean) * down[:, None] * across)
    half = rfft2(torch.stack(tiles))[..., : reach + 1]
    return torch.view_as_real(torch.cat([half[:, -reach:], half[:, : reach + 1]], 1)).square().sum(-1)
