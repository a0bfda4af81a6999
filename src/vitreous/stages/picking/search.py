"""One search of a white picture: discs first, then what the best of them look like on average."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vitreous.numerics.filters import radius, raised_cosine
from vitreous.stages.picking.correlation import LocalCorrelation
from vitreous.stages.picking.noise import whiten_template
from vitreous.stages.picking.params import PickParams
from vitreous.stages.picking.peaks import find_peaks
from vitreous.stages.picking.working import ACROSS

DISCS = (0.5, 0.7, 0.9)
"""Diameters of the discs tried, of the given one: an elongated particle is narrower than its length most of the time."""
BEST = 24
"""Peaks averaged for a template: its profile is then known to a few per cent even at one tenth of the noise."""
ROUNDS = 2
SIZE = 2 * int(0.75 * ACROSS) + 1
DISC_WINDOW, PROFILE_WINDOW = 0.7, 0.6
"""Radius of the pixels compared, in diameters: a disc needs a rim of background; an average brings its own halo."""


class Search(Protocol):
    """Finds peaks in a whitened picture, given the pixels that count and the whitening gain of a picture's shape."""

    def __call__(self, white: Tensor, good: Tensor, curve: Tensor, curve_shape: tuple[int, int]) -> Found: ...


@dataclass(frozen=True)
class Found:
    """Peaks (x, y) in working pixels, their scores, falling, and the template or templates that gave them."""

    points: np.ndarray
    score: np.ndarray
    template: Tensor


def disc_search(params: PickParams) -> Search:
    """The search for discs of about the given diameter."""
    return partial(search_discs, spacing=params.spacing * ACROSS)


def window(radius_diameters: float) -> Tensor:
    """Round window of a template, soft over one pixel."""
    return raised_cosine(radius((SIZE, SIZE)), radius_diameters * ACROSS, 1.0)


def search_discs(white: Tensor, good: Tensor, curve: Tensor, curve_shape: tuple[int, int], *, spacing: float) -> Found:
    """Find what looks like a round particle of about the given diameter, without a template.

    Parameters
    ----------
    white
        float32 ``(y, x)``, whitened, particles bright.
    good
        1 where a pixel may be used.
    curve
        The whitening gain, one number a shell of a picture of ``curve_shape``.
    spacing
        Least distance of two peaks, working pixels.
    """
    matcher = LocalCorrelation(white, good, window(DISC_WINDOW))
    tries = []
    for share in DISCS:
        disc = raised_cosine(radius((SIZE, SIZE)), 0.5 * share * ACROSS, 0.15 * ACROSS)
        template = whiten_template(disc, curve, curve_shape)
        tries.append(_peaks(matcher, template, spacing))
    found = max(tries, key=_contrast)[0]
    matcher = LocalCorrelation(white, good, window(PROFILE_WINDOW))
    for _ in range(ROUNDS):
        patches = cut(white, found.points, SIZE)[:BEST]
        if len(patches) < 3:
            break
        found = _peaks(matcher, round_average(patches), spacing)[0]
    return found


def _peaks(matcher: LocalCorrelation, template: Tensor, spacing: float) -> tuple[Found, float]:
    score = matcher(template)
    return Found(*find_peaks(score, spacing), template), float(score[score > -1].std())


def _contrast(found_and_spread: tuple[Found, float]) -> float:
    """How far the best peaks stand above the map they are in."""
    found, spread = found_and_spread
    return float(found.score[:BEST].mean()) / max(spread, 1e-12) if len(found.score) else 0.0


def cut(image: Tensor, points: np.ndarray, size: int) -> Tensor:
    """Patches of ``size`` (odd) pixels about points, bilinear, in order; those not wholly inside are left out."""
    reach = size // 2
    y, x = image.shape
    corner = np.floor(points).astype(np.int64)
    inside = (corner >= reach).all(1) & (corner[:, 0] + reach + 1 < x) & (corner[:, 1] + reach + 1 < y)
    corner = torch.as_tensor(corner[inside])
    part = torch.as_tensor(points[inside], dtype=image.dtype) - corner
    steps = torch.arange(-reach, reach + 2)
    patches = image[(corner[:, 1, None] + steps)[:, :, None], (corner[:, 0, None] + steps)[:, None, :]]
    px, py = part[:, 0, None, None], part[:, 1, None, None]
    rows = (1 - py) * patches[:, :-1] + py * patches[:, 1:]
    return (1 - px) * rows[:, :, :-1] + px * rows[:, :, 1:]


def round_average(patches: Tensor) -> Tensor:
    """Rotational average of the mean of patches, each brought to mean 0 and standard deviation 1 first."""
    flat = patches - patches.mean((1, 2), keepdim=True)
    mean = (flat / flat.std((1, 2), keepdim=True).clamp_min(1e-12)).mean(0)
    at = radius(mean.shape)
    below = at.floor().long()
    part = at - below
    bins = int(below.max()) + 2
    total, weight = torch.zeros(bins), torch.zeros(bins)
    for index, share in ((below, 1 - part), (below + 1, part)):
        total.index_add_(0, index.flatten(), (share * mean).flatten())
        weight.index_add_(0, index.flatten(), share.flatten())
    profile = total / weight.clamp_min(1e-6)
    return (1 - part) * profile[below] + part * profile[below + 1]
