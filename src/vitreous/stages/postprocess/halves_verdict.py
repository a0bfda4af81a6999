"""Whether two half-maps are what a resolution needs: independent, of one kind, unmasked, unfiltered.

Bounds are physical ones or lie five standard errors from what independent noise does: a good project is blamed less than once in a
thousand times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool3d

from vitreous.data.check import Check
from vitreous.data.volume import Volume
from vitreous.numerics.filters import soft_disc
from vitreous.numerics.fourier import irfftn, rfftn
from vitreous.numerics.shells import redundancy, shell_average, shell_count, spread

#: Standard errors beyond which chance is no explanation.
CERTAIN = 5.0
#: Correlation of solvent noise: a tenth means that about a tenth of what is in each half is in both.
SHARED, MUCH_SHARED = 0.03, 0.1
#: Noise power of one half over that of the other: halves hold as many particles within some per cent, a full map has half the noise.
UNEQUAL = 1.3
#: Fall of the noise's power within four shells that only a filter makes.
FILTERED, WITHIN = 30.0, 4
#: Share of the solvent's voxels, within the ball that the box holds, with the value of the box's corner: more, and it was masked away.
#: A reconstruction leaves none there; a tenth allows for a cut a little inside the box.
BLANK = 0.1
#: Least share of the box that solvent must be for its noise to be measured.
LEAST_SOLVENT = 0.02
#: Shells of the noise looked at: the finest third.
FINEST = 2 / 3
#: Blocks along a side whose median is taken, and the standard error of a median over that of a mean: √(π/2).
BLOCKS, MEDIAN_ERROR = 12, 1.2533


@dataclass(frozen=True)
class _Solvent:
    """Noise of two half-maps outside the mask: share of the box, correlation, its deviation, ratio of powers, where it ends."""

    fraction: float
    blank: float
    correlation: float
    deviation: float
    ratio: float
    ends_at: float | None


def judge_halves(first: Volume, second: Volume, mask: Tensor, *, symmetry_order: int = 1) -> Check:
    """Whether two half-maps are independent, of one kind, unmasked and unfiltered.

    Parameters
    ----------
    first, second
        Half-maps that :func:`~vitreous.stages.postprocess.check.check_halves` lets pass.
    mask
        Around the particle, in [0, 1]; noise is compared outside it.
    symmetry_order
        Of the point group imposed on the maps.

    Returns
    -------
    Check
        "halves": fail where solvent noise correlates by more than 0.1, warn above 0.03 (both beyond five standard errors), where one
        half has more than 1.3 times the noise of the other, where the solvent was masked away, or where noise ends at a filter.
    """
    seen = _solvent(first, second, mask, symmetry_order)
    if seen.fraction < LEAST_SOLVENT:
        return Check("halves", "not done", f"only {100 * seen.fraction:.1f} % of the box lies outside the mask: its noise cannot be "
                     "compared. Try: a tighter mask or a larger box.", {"solvent_fraction": round(seen.fraction, 4)})  # fmt: skip
    numbers = {"solvent_fraction": round(seen.fraction, 4), "solvent_correlation": round(seen.correlation, 4),
               "solvent_correlation_sigmas": round(seen.deviation, 1), "noise_power_ratio": round(seen.ratio, 3),
               "blank_fraction": round(seen.blank, 3), "filter_edge_angstrom": seen.ends_at and round(seen.ends_at, 2)}  # fmt: skip
    if seen.blank > BLANK:
        return Check("halves", "warn", f"{100 * seen.blank:.0f} % of the solvent is blank: the half-maps were masked, so whether their "
                     "noise is independent cannot be seen and what their mask added cannot be taken away. Try: half-maps as they "
                     "came from the reconstruction.", numbers)  # fmt: skip
    if seen.deviation > CERTAIN and seen.correlation > SHARED:
        kind = "one of them seems to hold all particles" if seen.ratio > UNEQUAL else "both seem to hold some of the same particles"
        return Check("halves", "fail" if seen.correlation > MUCH_SHARED else "warn", f"noise outside the mask correlates by "
                     f"{seen.correlation:.2f}, where independent halves stay below {SHARED:g}: {kind}. The resolution is too good by "
                     "what they share. Try: half-sets that were never mixed, and remove duplicates before splitting.", numbers)  # fmt: skip
    if seen.ratio > UNEQUAL:
        return Check("halves", "warn", f"one half has {seen.ratio:.2f} times the noise power of the other, more than {UNEQUAL:g}: they are "
                     "not of one kind. Try: the two half-maps of one run, neither filtered.", numbers)  # fmt: skip
    if seen.ends_at is not None:
        return Check("halves", "warn", f"their noise ends sharply at {seen.ends_at:.3g} Å: the half-maps were filtered. Shell "
                     "correlations hold up to there, amplitudes and the B-factor do not. Try: unfiltered half-maps.", numbers)  # fmt: skip
    return Check("halves", "pass", f"noise outside the mask correlates by {seen.correlation:.3f}, {seen.deviation:.1f} standard errors "
                 f"from 0 (a finding above {SHARED:g} and {CERTAIN:g}), and is of one strength in both halves (ratio {seen.ratio:.2f}, "
                 f"below {UNEQUAL:g}).", numbers)  # fmt: skip


def _solvent(first: Volume, second: Volume, mask: Tensor, symmetry_order: int) -> _Solvent:
    size = first.shape[0]
    # The fourth power: what a soft edge lets through of the particle is no noise.
    outside = (1 - mask.float().clamp(0, 1)) ** 4 * soft_disc(first.shape, 0.48 * size - 3, 3.0).to(mask.device)
    far = outside > 0.5
    fraction = float(far.float().mean())
    if fraction < LEAST_SOLVENT:
        return _Solvent(fraction, 0.0, math.nan, math.nan, math.nan, None)
    blank = float(torch.stack([(h.values == h.values[0, 0, 0])[far].float().mean() for h in (first, second)]).max())
    power = shell_average(rfftn((first.values - second.values).float()).abs() ** 2, first.shape).cpu()
    edge = _filter_edge(power)
    last = edge or len(power) - 1
    band = torch.zeros(len(power))
    band[round(FINEST * last) : last + 1] = 1.0
    # The particle goes before the filter, which would smear it over the solvent, and what is left of the edge after it.
    a, b = (_banded((half.values - half.values[far].mean()).float() * outside, band) * outside for half in (first, second))
    correlation, ratio = _typical(a, b, outside, size)
    held = shell_count(first.shape) * power * band
    samples = float(held.sum() ** 2 / (held * power).sum().clamp_min(1e-300)) * redundancy(outside) / symmetry_order
    deviation = math.atanh(max(min(correlation, 0.999), -0.999)) * math.sqrt(samples) / MEDIAN_ERROR
    return _Solvent(fraction, blank, correlation, deviation, ratio, edge and size * first.voxel_size / edge)


def _typical(a: Tensor, b: Tensor, outside: Tensor, size: int) -> tuple[float, float]:
    """Correlation and ratio of powers of two noises, the medians over blocks: what leaks from a particle fills few of them."""
    side = max(4, size // BLOCKS)
    cross, one, two, held = (avg_pool3d(each[None], side)[0] for each in (a * b, a * a, b * b, (outside > 0.5).float()))
    kept = held > 0.5
    if not kept.any():
        kept = held >= held.max()
    cross, one, two = cross[kept], one[kept].clamp_min(1e-30), two[kept].clamp_min(1e-30)
    ratio = float((one / two).median())
    return float((cross / (one * two).sqrt()).median()), max(ratio, 1 / ratio)


def _banded(values: Tensor, band: Tensor) -> Tensor:
    band = torch.cat([band, torch.zeros(1)]).to(values.device)
    # The last number holds for all beyond Nyquist as well, so what is there is set to 0 with one more shell.
    gain = spread(band, values.shape)
    return irfftn(rfftn(values) * gain, values.shape)


def _filter_edge(power: Tensor) -> int | None:
    """Middle of the first four shells over which the noise's power falls more than thirtyfold; None if nowhere."""
    fall = power[1:-WITHIN] / power[1 + WITHIN :].clamp_min(1e-30)
    steep = torch.nonzero(fall > FILTERED).flatten()
    return int(steep[0]) + 1 + WITHIN // 2 if len(steep) else None
