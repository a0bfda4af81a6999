"""Contamination and carbon: where they lie."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.areas import distance_to, opened
from vitreous.stages.quality.level import darkness
from vitreous.stages.quality.tiles import RINGS, Tiles

LUMP = 200.0
"""Å: contamination is what a disc of this diameter fits into; particles are smaller or fainter."""
DARK = 5.0
"""Robust standard deviations below the median."""
CARBON_STEP = 0.25
"""Step in the logarithm of the ring power at which tiles are of two kinds."""
LEAST_SHARE = 1 / 36
"""Of the tiles: fewer make no area of carbon."""


def contamination(small: Tensor, pixel: float, lump: float = LUMP) -> NDArray[np.bool_]:
    """Mark areas much darker than the rest, wider than ``lump`` Å, of a small copy ``(y, x)`` whose pixels are ``pixel`` Å.

    Dark pixels are those 5 robust deviations below the median after a blur; to have the rim of a lump, its fainter surroundings
    down to 2.5 deviations within a quarter of a lump count too.
    """
    across = max(4.0, lump / pixel)
    dark = darkness(small, across / 8)
    core = opened(dark < -DARK, 0.4 * across)
    rim = (dark < -DARK / 2) & (distance_to(core) < 0.25 * across)
    return (core | rim).numpy()


def carbon(tiles: Tiles) -> tuple[Tensor, float]:
    """Which tiles lie on carbon, bool ``(rows, columns)``, and by how much the logarithm of their ring power is higher.

    Otsu's threshold (1979, IEEE Trans. Syst. Man Cybern. 9:62) splits the tiles into two kinds; they are two kinds where the
    means lie :data:`CARBON_STEP` and three standard deviations of either kind apart, and a line separates most of them.
    """
    ratio = tiles.ratio(*RINGS)
    none = torch.zeros(ratio.shape, dtype=torch.bool)
    if not torch.isfinite(ratio).all():
        return none, math.nan
    values = ratio.clamp_min(1e-3).log()
    high, step, spread = _two_kinds(values)
    is_carbon = step > CARBON_STEP and step > 3 * spread and float(high.float().mean()) >= LEAST_SHARE and split_by_line(high) > 0.9
    return (high if is_carbon else none), step / max(spread, 1e-3)


def _two_kinds(values: Tensor) -> tuple[Tensor, float, float]:
    """Otsu: the upper kind, the distance of the two means, and the standard deviation within the kinds."""
    order = values.flatten().sort().values
    count = torch.arange(1, len(order), dtype=values.dtype)
    total = order.cumsum(0)
    low, high = total[:-1] / count, (total[-1] - total[:-1]) / (len(order) - count)
    best = int((count * (len(order) - count) * (high - low) ** 2).argmax())
    upper = values > order[best]
    within = torch.cat([values[upper] - high[best], values[~upper] - low[best]])
    return upper, float(high[best] - low[best]), float(within.square().mean().sqrt())


def split_by_line(marked: Tensor) -> float:
    """Share of the marked tiles' agreement with the best straight edge: 1 where a line has all marked ones on one side.

    Intersection over union of the marked tiles and a half plane, the best of 24 directions and all offsets.
    """
    rows, columns = (torch.arange(size, dtype=torch.float32) - (size - 1) / 2 for size in marked.shape)
    inside = int(marked.sum())
    best = 0.0
    for angle in torch.arange(24) * (2 * math.pi / 24):
        order = (rows[:, None] * torch.sin(angle) + columns * torch.cos(angle)).flatten().argsort(descending=True)
        hits = marked.flatten()[order].cumsum(0)
        union = torch.arange(1, len(order) + 1) + inside - hits
        best = max(best, float((hits / union).max()))
    return best


def spread_out(marked: Tensor, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Tiles as an area of a picture of ``shape`` (y, x)."""
    large = torch.nn.functional.interpolate(marked[None, None].float(), size=shape, mode="nearest")
    return (large[0, 0] > 0.5).numpy()
