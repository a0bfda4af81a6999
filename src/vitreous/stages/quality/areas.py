"""Contamination and carbon: where they lie."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.numerics.areas import block_mean, blurred, opened, robust_distance, tilted_plane
from vitreous.stages.quality.tiles import RINGS, Tiles

LUMP = 200.0
"""Å: contamination is what a disc of this diameter fits into; particles are smaller or fainter."""
DARK = 5.0
"""Robust standard deviations below the median."""
ROUNDS, CLIPPED = 6, 1.5
"""How often the level of the ice is made, and how many robust deviations below it a pixel no longer counts."""
CARBON_STEP = 0.25
"""Step in the logarithm of the ring power at which tiles are of two kinds."""
LEAST_SHARE = 1 / 36
"""Of the tiles: fewer make no area of carbon."""


def contamination(small: Tensor, pixel: float, lump: float = LUMP) -> NDArray[np.bool_]:
    """Mark areas much darker than the rest, wider than ``lump`` Å, of a small copy ``(y, x)`` whose pixels are ``pixel`` Å.

    Discs of nearly that diameter must fit into what is 5 robust deviations below the median after a blur, as it is, or with the
    surroundings taken away where ice is uneven. A lump's border is where it is a third as dark as the darkest place within its width.
    """
    across = max(4.0, lump / pixel)
    dark = blurred(small - tilted_plane(small), across / 8)
    return (_dark_areas(robust_distance(dark), across) | _dark_areas(_below_ice(dark, across), across)).numpy()


def _below_ice(picture: Tensor, across: float) -> Tensor:
    """Distance from the level of the ice in its robust deviations, dark is negative.

    The level is a blur, over two lumps, of the pixels that are not far below the blur of the others, and so on; on a coarse copy.
    """
    block = max(1, int(across / 5))
    coarse = block_mean(picture, block)
    kept = torch.ones_like(coarse)
    for _ in range(ROUNDS):
        sigma = min(2 * across / block, min(coarse.shape) / 4)
        level = blurred(coarse * kept, sigma) / blurred(kept, sigma).clamp_min(1e-3)
        kept = (robust_distance(coarse - level) > -CLIPPED).to(picture.dtype)
    fine = torch.nn.functional.interpolate(torch.stack([level, kept])[None], size=tuple(picture.shape), mode="bilinear")[0]
    away = picture - fine[0]
    ice = away[fine[1] > 0.5]
    return (away - ice.median()) / (1.4826 * (ice - ice.median()).abs().median()).clamp_min(1e-12)


def _dark_areas(dark: Tensor, across: float) -> Tensor:
    from scipy.ndimage import minimum_filter

    deepest = torch.from_numpy(minimum_filter(dark.numpy(), size=round(across)))
    inside = dark < (deepest / 3).clamp_max(-DARK)
    return inside & opened(inside, 0.4 * across)


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


def apart(dark: NDArray[np.bool_], film: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Contamination and carbon without overlap: a dark area that lies on carbon for the most part is carbon, all of it."""
    from scipy.ndimage import label, mean

    numbers, count = label(dark)
    if not count or not film.any():
        return dark, film
    shares = np.concatenate([[0.0], mean(film, numbers, range(1, count + 1))])
    joined = film | (shares > 0.5)[numbers]
    return dark & ~joined, joined
