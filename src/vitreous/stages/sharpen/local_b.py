r"""A B-factor for each place, and sharpening with it: the core of a particle falls off less than its floppy ends.

At each place a line ln A = a − B k² / 4 is drawn through the amplitudes of the bands (:mod:`vitreous.stages.sharpen.bands`), each with
its own variance. Few numbers lie in a window, so B is drawn towards the map's mean as far as it is uncertain: with s² its variance
and τ² what the places scatter besides,

    B = (B̂ / s² + B̄ / τ²) / (1 / s² + 1 / τ²)

(empirical Bayes, Efron & Morris 1973, J. Am. Stat. Assoc. 68:117). Each band is then raised by exp(B k² / 4) and weighted by the figure
of merit √(2r / (1 + r)), both those of the place, so what is noise there is not raised.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.errors import require
from vitreous.inference.fall_off import Expected
from vitreous.numerics.fourier import frequency_squared, irfftn, rfftn
from vitreous.numerics.resample import fourier_resize
from vitreous.stages.sharpen.bands import LocalAmplitudes, bands, local_amplitudes

#: Å: coarser, a window holds too few numbers; the particle's shape, which a whole map shows from 10 Å, lies outside it.
COARSEST = 20.0
#: Least bands with signal that make a line.
LEAST_BANDS = 3
#: Å²: amplitudes that fall faster were filtered; raising them further raises noise alone.
LARGEST = 1000.0


@dataclass(frozen=True, eq=False)
class LocalB:
    """B-factors by place.

    Parameters
    ----------
    values
        Å², float32 ``(n, n, n)``; NaN outside ``mask``.
    error
        Standard error of each, Å².
    mask
        Bool.
    mean, scatter
        Å²: of the whole, and by how much the places truly differ (τ).
    amplitudes
        What it was measured from.
    """

    values: Tensor
    error: Tensor
    mask: Tensor
    mean: float
    scatter: float
    amplitudes: LocalAmplitudes


def local_b(first: Volume, second: Volume, mask: Tensor, resolution: float, *, expected: Expected = "molecular") -> LocalB:
    """Measure the B-factor at each place.

    Parameters
    ----------
    first, second
        Unfiltered half-maps: cubes of one size and scale.
    mask
        In [0, 1]; B is measured where it is above 0.5.
    resolution
        Å of the finest detail looked at.
    expected
        Amplitudes without any fall: "molecular", or "level".

    Raises
    ------
    InputError
        If the mask is empty, the map is no cube, or nowhere inside three bands from 20 Å to the resolution hold signal.
    """
    inside = mask.cpu() > 0.5
    require(bool(inside.any()), "mask", "nothing above 0.5", "1 where the particle is")
    found = local_amplitudes(first, second, resolution, expected=expected)
    held = fourier_resize(inside.float(), found.correlation.shape[1:]) > 0.5
    b, variance = _lines(found, COARSEST)
    known = held & torch.isfinite(variance)
    require(bool(known.any()), "half-maps", f"too little signal between {COARSEST:g} and {resolution:.3g} Å",
            f"maps of which {LEAST_BANDS} bands hold signal", instead="--method global")  # fmt: skip
    mean, true = mean_and_scatter(b[known], variance[known])
    drawn = torch.where(known, (b / variance + mean / true) / (1 / variance + 1 / true), mean).clamp(0.0, LARGEST)
    error = torch.where(known, (1 / (1 / variance + 1 / true)).sqrt(), true**0.5)
    values, errors = (fourier_resize(each.float(), first.shape).masked_fill(~inside, torch.nan) for each in (drawn, error))
    return LocalB(values, errors, inside, float(mean), float(true**0.5), found)


def mean_and_scatter(b: Tensor, variance: Tensor) -> tuple[float, float]:
    """Mean of numbers of known variances, and the variance that they have besides, at least 1 (DerSimonian & Laird 1986)."""
    true = 0.0
    for _ in range(3):
        weight = 1 / (variance + true)
        mean = (weight * b).sum() / weight.sum()
        excess = (weight * (b - mean) ** 2).sum() - (weight * variance).sum()
        true = max(1.0, float(excess / weight.sum()))
    return float(mean), true


def _lines(found: LocalAmplitudes, coarsest: float) -> tuple[Tensor, Tensor]:
    """B and its variance at each place; infinite variance where fewer than three bands hold signal."""
    rows = found.k_squared >= 0.9 / coarsest**2
    x = (found.k_squared[rows] / 4).reshape(-1, 1, 1, 1).double()
    weight = torch.where(found.correlation[rows] > 0, 1 / found.variance[rows].double(), 0.0)
    y = torch.where(weight > 0, found.log_amplitude[rows].double(), 0.0)
    total = weight.sum(0).clamp_min(1e-12)
    x_mean, y_mean = (weight * x).sum(0) / total, (weight * y).sum(0) / total
    lever = (weight * (x - x_mean) ** 2).sum(0)
    enough = ((weight > 0).sum(0) >= LEAST_BANDS) & (lever > 0)
    slope = (weight * (x - x_mean) * (y - y_mean)).sum(0) / lever.clamp_min(1e-12)
    return torch.where(enough, -slope, 0.0), torch.where(enough, 1 / lever.clamp_min(1e-12), torch.inf)


def sharpened_locally(first: Volume, second: Volume, local: LocalB, resolution: float) -> Volume:
    """The mean of the halves, each place and band raised by its own B and weighted by its own merit.

    Arguments as for :func:`local_b`; outside the mask the mean B holds.
    """
    grid = local.amplitudes.merit.shape[1:]
    departure = fourier_resize(torch.where(local.mask, local.values - local.mean, 0.0), grid)
    total = rfftn(0.5 * (first.values + second.values).float())
    # The mean B is undone exactly; only a place's departure from it is taken as one number for a band.
    total *= torch.exp(local.mean / 4 * frequency_squared(first.shape, first.voxel_size).clamp_max((1.2 / resolution) ** 2))
    out = torch.zeros_like(total)
    for band, squared, merit in zip(bands(first, resolution), local.amplitudes.k_squared, local.amplitudes.merit):
        # Multiplied before they are brought to the band's grid: large gains where there is no merit would ring into places that have some.
        gain = fourier_resize(torch.exp(departure * squared / 4) * merit, (band.grid,) * 3).clamp_min(0)
        band.paste(out, band.cut(total) * gain)
    return Volume(irfftn(out, first.shape), first.voxel_size, first.corner)
