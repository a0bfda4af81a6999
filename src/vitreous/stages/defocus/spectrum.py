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
    mean = float(values.mean())
    deviation = float(torch.linalg.vector_norm(values - mean)) / math.sqrt(values.numel())
    if not math.isfinite(deviation):
        bad = int((~torch.isfinite(values)).sum())
        raise InputError(f"a micrograph must be finite in every pixel; got {bad} that are NaN or infinite. Try: replace them.")
    require(deviation > 1e-6 * abs(mean), "a micrograph", f"the value {mean:g} in every pixel", "an image that varies")
    return values.sub(mean).div_(deviation).clamp_(-8.0, 8.0)


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

    def middles(self) -> Tensor:
        """Centre of each taper squared, pixels from the middle of the image, ``(count,)``."""
        squares = self.tapers**2
        size = squares.shape[1]
        inside = (squares.sum(0) > 0).nonzero()
        return squares @ torch.arange(size, dtype=torch.float64) / squares.sum(1).clamp_min(1e-9) - float(inside.double().mean())


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


@dataclass(frozen=True)
class Tiles:
    """Periodograms of the tiles of one image.

    Parameters
    ----------
    power
        float32 ``(tiles, ky, kx)``, laid out as in :class:`PowerSpectrum`; white noise of variance σ² gives ``cover`` σ².
    cover
        ∫ taper² of each, ``(tiles,)``.
    centre
        ``(tiles, 2)``: x and y of the middle of what each tile sees, Å from the middle of the image.
    kept
        Which are no outliers, bool ``(tiles,)``.
    ky, kx
        Å⁻¹.
    """

    power: Tensor
    cover: Tensor
    centre: Tensor
    kept: Tensor
    ky: Tensor
    kx: Tensor
    axes: tuple[_Axis, _Axis]
    pairs: Tensor
    side: int

    def mean(self, rows: Tensor | None = None) -> PowerSpectrum:
        """Average of the tiles ``rows`` (a mask; all by default) that are no outliers."""
        keep = self.kept if rows is None else self.kept & rows
        averages, information = _statistics(*self.axes, self.pairs[keep], self.side)
        total = torch.einsum("t,tyx->yx", keep.float(), self.power)
        return PowerSpectrum(total / float(self.cover[keep].sum()), self.ky, self.kx, averages, information,
                             float(self.kept.float().mean()))  # fmt: skip

    def information_alone(self) -> Tensor:
        """Information of each tile that is kept, had it been the only one, over its part of that of all: 1 or more."""
        alone = torch.tensor([_statistics(*self.axes, pair[None], self.side)[1] for pair in self.pairs[self.kept]])
        whole = _statistics(*self.axes, self.pairs[self.kept], self.side)[1]
        cover = self.cover[self.kept]
        return alone / (whole * cover / cover.sum())


def tiled(image: Tensor, pixel_size: float, *, tile: float, finest: float) -> Tiles:
    """Periodograms of sine-tapered tiles that overlap by half.

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
    kx = axis_frequencies(side, pixel_size, half=True, like=cover)[: reach + 1]
    middle = torch.stack([x.middles()[pairs[:, 1]], y.middles()[pairs[:, 0]]], 1) * pixel_size
    return Tiles(power, covers, middle, _accept((power.mean((-2, -1)).double() / covers).log()),
                 torch.cat([-kx[1:].flip(0), kx]), kx, (y, x), pairs, side)  # fmt: skip


def power_spectrum(image: Tensor, pixel_size: float, *, tile: float, finest: float) -> PowerSpectrum:
    """Average the periodograms of :func:`tiled`; arguments as there."""
    return tiled(image, pixel_size, tile=tile, finest=finest).mean()


def _periodograms(padded: Tensor, y: _Axis, x: _Axis, pairs: Tensor, side: int, reach: int) -> Tensor:
    """|FT|² of the tiles ``pairs``, their tapered means removed, out to ``reach`` bins: ``(tiles, 2 reach + 1, reach + 1)``."""
    tiles = padded.new_empty(len(pairs), side, side)
    for tile, (i, j) in zip(tiles, pairs.tolist()):
        rows, columns = slice(y.starts[i], y.starts[i] + side), slice(x.starts[j], x.starts[j] + side)
        down, across = y.tapers[i, rows].float(), x.tapers[j, columns].float()
        mean = (down @ padded[rows, columns] @ across) / (down.sum() * across.sum())
        torch.sub(padded[rows, columns], mean, out=tile).mul_(down[:, None]).mul_(across)
    half = torch.view_as_real(rfft2(tiles)[..., : reach + 1])
    out = tiles.new_empty(len(pairs), 2 * reach + 1, reach + 1)
    for part, rows in ((half[:, -reach:], slice(0, reach)), (half[:, : reach + 1], slice(reach, None))):
        torch.add(part[..., 0].square(), part[..., 1].square(), out=out[:, rows])
    return out
