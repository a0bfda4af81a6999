"""Spectra of small tiles: how power differs from place to place, from direction to direction, and from a smooth curve.

Power is told by its ratio to that of the finest detail, which is shot noise: gain, dose and grey scale cancel, locally too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.numerics.areas import block_mean
from vitreous.numerics.fourier import axis_frequencies, frequency_squared, good_size, rfft2

PIXEL = 1.75
"""Å: pixels are averaged in blocks as long as they stay below this; ice's rings at 3.67 Å are then still inside Nyquist."""
TILES = 6
"""Tiles along the shorter side, at least."""
FEW = 3
"""The same where frequencies must be told apart more finely than places: a small field would blur the rings of ice."""
LARGEST = 256
"""Pixels a side of a tile, at most."""
FLOOR = 0.8, 1.0
"""Of Nyquist: the band of shot noise."""
COARSE = 1 / 100, 1 / 30
"""Å⁻¹: particles, contamination, uneven ice."""
RINGS = 1 / 12, 1 / 4.5
"""Å⁻¹: carbon has power here, single particles and vitreous ice next to none."""
ICE_LINES = (1 / 3.90, 1 / 3.67, 1 / 3.44, 1 / 2.67, 1 / 2.25)
"""Å⁻¹: hexagonal ice 100, 002 (cubic 111), 101, 102, 110 (Dowell & Rinfret 1960, Nature 188:1144)."""
EXPECTED_LOSS = 0.3
"""Standard deviation of c and s beforehand: noise without a specimen has no direction."""
SEEN = 6.0
"""Standard deviations by which power stands out of noise before its direction is asked for."""
EXPECTED_SMEAR = 6.0
"""Å: the same for the smear."""
LINE_WIDTH = 0.004
"""Å⁻¹ to either side of a line that counts as line, if tiles resolve it."""


@dataclass(frozen=True)
class Tiles:
    """Periodograms of tiles side by side.

    Parameters
    ----------
    power
        ``(rows, columns, ky, kx)`` on the half grid, zero frequency first.
    k
        Å⁻¹, ``(ky, kx)``.
    angle
        Radians of each frequency from +x towards +y.
    pixel
        Å of the picture that was cut.
    """

    power: Tensor
    k: Tensor
    angle: Tensor
    pixel: float

    @property
    def nyquist(self) -> float:
        """Å⁻¹."""
        return 0.5 / self.pixel

    def band(self, low: float, high: float) -> Tensor:
        """Which frequencies lie between two, ``(ky, kx)``; the column kx = 0 holds each twice and is left out."""
        return (self.k >= low) & (self.k < high) & (self.k < self.nyquist) & (torch.arange(self.k.shape[1]) > 0)

    def floor_band(self) -> Tensor:
        """The finest frequencies, the lines of ice left out."""
        inside = self.band(FLOOR[0] * self.nyquist, FLOOR[1] * self.nyquist)
        for line in ICE_LINES:
            inside &= (self.k - line).abs() > 1.5 * LINE_WIDTH
        return inside

    def typical(self) -> Tensor:
        """Power of most tiles, ``(ky, kx)``: the median, which for exponentially distributed values is ln 2 of the mean."""
        return self.power.flatten(0, 1).median(0).values / math.log(2)

    def levelled(self) -> Tensor:
        """Mean power, ``(ky, kx)``, a tile counting by one over the root of its coarse power: tiles with particles are not lost among
        empty ones, as in a median, and no single crystal rules, as in a plain mean.
        """
        weight = self.ratio(*COARSE).nan_to_num(1).clamp_min(1).rsqrt()
        return (self.power * (weight / weight.sum())[..., None, None]).sum((0, 1))

    def ratio(self, low: float, high: float) -> Tensor:
        """Power between two frequencies over that of the finest, of each tile, ``(rows, columns)``; NaN where none fit in."""
        inside = self.band(low, high)
        if not inside.any():
            return torch.full(self.power.shape[:2], math.nan)
        return self.power[..., inside].mean(-1) / self.power[..., self.floor_band()].mean(-1).clamp_min(1e-12)


def tile_spectra(image: Tensor, pixel_size: float, least: int = TILES) -> Tiles:
    """Cut ``image`` (``(y, x)``, any scale) into tiles, ``least`` or more along its shorter side, and give their tapered periodograms.

    Notes
    -----
    Tiles lie side by side about the middle. A Hann taper keeps the strong coarse frequencies out of the fine ones.
    """
    block = max(1, int(PIXEL / pixel_size))
    picture = block_mean(image, block) if block > 1 else image
    side = _tile_side(min(picture.shape) // least)
    rows, columns = (size // side for size in picture.shape)
    top, left = ((size - count * side) // 2 for size, count in zip(picture.shape, (rows, columns)))
    cut = picture[top : top + rows * side, left : left + columns * side].reshape(rows, side, columns, side).transpose(1, 2)
    cut = (cut - cut.mean((-2, -1), keepdim=True)) / cut.std().clamp_min(1e-12)
    hann = torch.sin(math.pi * (torch.arange(side) + 0.5) / side) ** 2
    spectrum = rfft2(cut * (hann[:, None] * hann))
    power = torch.view_as_real(spectrum).square().sum(-1) / float((hann**2).sum()) ** 2
    pixel = block * pixel_size
    k = frequency_squared((side, side), pixel).sqrt()
    angle = torch.atan2(axis_frequencies(side, pixel)[:, None], axis_frequencies(side, pixel, half=True))
    return Tiles(power, k, angle, pixel)


def _tile_side(longest: int) -> int:
    """Even, fast to transform, at most ``longest`` and :data:`LARGEST`, at least 32."""
    side = min(LARGEST, max(32, longest // 2 * 2))
    fast = good_size(side)
    while fast > side:
        side -= 2
        fast = good_size(side)
    return fast


def shells(values: Tensor, k: Tensor, step: float) -> Tensor:
    """Mean of ``values`` ``(ky, kx)`` in rings of ``k`` one ``step`` wide."""
    index = (k / step).long().flatten()
    count = torch.bincount(index).clamp_min(1)
    return torch.bincount(index, values.flatten().double()) / count


def strongest_sixth(values: Tensor) -> float:
    """Mean of the highest sixth of the tiles: particles that are few and far between fill no more."""
    ordered = values.flatten().sort(descending=True).values
    return float(ordered[: max(1, len(ordered) // 6)].mean())


@dataclass(frozen=True)
class Direction:
    """How power depends on direction.

    Parameters
    ----------
    loss
        How many times weaker the power is in its weakest direction than in its strongest, 1 or more.
    smear
        Length in Å of the even way that would take as much away along that direction.
    axis_deg
        That direction, degrees from +x towards +y.
    """

    loss: float
    smear: float
    axis_deg: float


def direction(tiles: Tiles, low: float = 1 / 80, high: float = 1 / 12) -> Direction:
    """How the specimen's power E(k) = P/floor − 1 between two frequencies (Å⁻¹) depends on direction.

    Two fits by least squares, both E = g(|k|) (1 + a(k) cos 2(α − α₀)), g the mean of each ring: a constant for the loss,
    (1 + a) / (1 − a); and a = π² d² k² / 6 for the smear d, the first term of sinc²(k d) along one direction. Where E stands less
    than 6 standard deviations out of noise nothing is known of it: NaN.
    """
    mean = tiles.levelled()
    inside = tiles.band(low, high)
    if int(inside.sum()) < 30:
        return Direction(math.nan, math.nan, math.nan)
    excess = (mean / mean[tiles.floor_band()].mean().clamp_min(1e-12) - 1).double()
    step = 2 * float(tiles.k[0, 1])
    ring = shells(excess, tiles.k, step)[(tiles.k[inside] / step).long()].clamp_min(0)
    angle, k = 2 * tiles.angle[inside].double(), tiles.k[inside].double()
    left, weight = excess[inside] - ring, 0.5 * tiles.power.shape[0] * tiles.power.shape[1] / (1 + ring) ** 2
    if float((ring**2 * weight).sum()) < SEEN**2:
        return Direction(math.nan, math.nan, math.nan)
    waves = ring * torch.stack([torch.cos(angle), torch.sin(angle)])
    c, s = _regress(left, waves, weight, EXPECTED_LOSS)
    smear = math.hypot(*_regress(left, waves * k**2, weight, math.pi**2 * EXPECTED_SMEAR**2 / 6))
    amplitude = min(math.hypot(c, s), 0.95)
    axis = (math.degrees(0.5 * math.atan2(s, c)) + 90) % 180
    return Direction((1 + amplitude) / (1 - amplitude), math.sqrt(6 * smear) / math.pi, axis)


def _regress(left: Tensor, columns: Tensor, weight: Tensor, expected: float) -> list[float]:
    """Weighted least squares of ``left`` on two ``columns`` whose coefficients have the standard deviation ``expected`` beforehand."""
    gram = (columns * weight) @ columns.T + torch.eye(2, dtype=left.dtype) / expected**2
    return torch.linalg.solve(gram, (columns * weight) @ left).tolist()


def ice_line(tiles: Tiles) -> float:
    """Power on the strongest line of ice over that on either side of it, less 1; NaN beyond Nyquist.

    The sides are near enough that the hump of vitreous ice, ten times as wide, is nearly flat between them.
    """
    mean = tiles.power.mean((0, 1))
    width = max(LINE_WIDTH, 1.2 * float(tiles.k[0, 1]))
    found = []
    for line in ICE_LINES:
        if line + 3.5 * width > tiles.nyquist:
            continue
        away = (tiles.k - line).abs()
        sides = [mean[(side * (tiles.k - line) > 1.6 * width) & (away < 3.5 * width)].mean() for side in (-1, 1)]
        found.append(float(mean[away <= width].mean() / (0.5 * sum(sides)) - 1))
    return max(found, default=math.nan)


def bragg_spots(tiles: Tiles, chance: float = 1e-3) -> tuple[int, float]:
    """Number of tiles with a spot of crystalline ice, and the strongest spot over the limit; (0, NaN) beyond Nyquist.

    A periodogram over its mean is exponentially distributed, so of N values the largest exceeds ln(N / p) with probability p:
    that is the limit, between 4.0 and 3.4 Å and at 2.67 and 2.25 Å.
    """
    inside = torch.zeros_like(tiles.k, dtype=torch.bool)
    for low, high in ((1 / 4.0, 1 / 3.4), (1 / 2.75, 1 / 2.6), (1 / 2.3, 1 / 2.2)):
        if high < tiles.nyquist:
            inside |= tiles.band(low, high)
    if not inside.any():
        return 0, math.nan
    step = 3 * float(tiles.k[0, 1])
    smooth = shells(tiles.typical(), tiles.k, step)[(tiles.k / step).long()]
    scale = tiles.power[..., tiles.floor_band()].mean(-1) / smooth[tiles.floor_band()].mean()
    relative = tiles.power[..., inside] / (smooth[inside] * scale[..., None]).clamp_min(1e-12)
    limit = math.log(relative.numel() / chance)
    peaks = relative.amax(-1)
    return int((peaks > limit).sum()), float(peaks.max()) / limit
