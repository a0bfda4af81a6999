"""A second exposure onto the same picture, seen in its spectrum."""

from __future__ import annotations

import math

import torch

from vitreous.numerics.fourier import irfft2
from vitreous.stages.quality.tiles import Tiles, shells

DETAIL = 1 / 60, 1 / 8
"""Å⁻¹: where a specimen has power and a particle is more than one speckle."""
NEAREST = 22.0
"""Å: nearer than this every particle is like itself."""
FARTHEST = 0.45
"""Of a tile's side."""
CLEAR = 5.5
"""Standard deviations of a peak: among some 5 000 places the highest of chance has 4, of a few particles 5."""


def twin(tiles: Tiles) -> tuple[float, float]:
    """Share of the specimen's power that comes back at one displacement, and that displacement in Å; (0, NaN) without a clear one.

    Two exposures that lie t apart have E(k) = g(|k|) (1 + cos 2π k·t), E the power over that of the finest detail less 1. What is
    left of E without the mean g of each ring, weighed by its signal g / (1 + g)², is transformed: the autocorrelation without its
    middle. A peak at t is as high as Σ g² / (1 + g)² says if all was exposed twice, half each time; that is 1.
    """
    inside = tiles.band(*DETAIL)
    mean = tiles.power.mean((0, 1)).double()
    excess = mean / mean[tiles.floor_band()].mean().clamp_min(1e-12) - 1
    step = 2 * float(tiles.k[0, 1])
    ring = shells(excess, tiles.k, step)[(tiles.k / step).long()].clamp_min(0)
    weight = ring / (1 + ring) ** 2 * inside
    side = tiles.power.shape[-2]
    product = irfft2(((excess - ring) * weight).to(torch.complex64), (side, side))
    lag = (torch.arange(side) + side // 2) % side - side // 2
    away = torch.hypot(lag[:, None].double(), lag.double()) * tiles.pixel
    seen = (away > NEAREST) & (away < FARTHEST * side * tiles.pixel)
    if not inside.any() or not seen.any():
        return 0.0, math.nan
    values = product[seen]
    whole, highest = float((ring * weight).sum()) / side**2, int(values.argmax())
    if whole <= 0 or float(values[highest]) < CLEAR * float(values.std()):
        return 0.0, math.nan
    return min(float(values[highest]) / whole, 1.0), float(away[seen][highest])
