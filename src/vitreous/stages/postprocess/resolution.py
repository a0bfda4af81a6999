"""Where a curve crosses a threshold, and between which resolutions it may have."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.volume import Volume
from vitreous.numerics.correlation_statistics import pooled_deviation
from vitreous.numerics.fourier import rfftn
from vitreous.numerics.shells import shell_correlation, shell_count
from vitreous.stages.postprocess.fsc import FscCurves

#: Standard deviations by which the halves must agree, without any mask, before a resolution is stated.
SIGNIFICANT = 5.0
#: Steps from shell to shell in which the ends of the band are followed.
FINE = 16


@dataclass(frozen=True)
class Resolution:
    """A resolution with its 95 % interval.

    Parameters
    ----------
    value
        Å.
    finer, coarser
        Å; ``finer ≤ value ≤ coarser``.
    at_limit
        The curve never falls below the threshold: ``value`` is the finest that the sampling can show.
    """

    value: float
    finer: float
    coarser: float
    at_limit: bool = False


def resolution(curves: FscCurves, level: float | Tensor) -> Resolution | None:
    """Resolution at which the corrected curve first falls below ``level``.

    Parameters
    ----------
    curves
        Of two half-maps.
    level
        Threshold in (0, 1), or one for each shell: see :mod:`~vitreous.stages.postprocess.thresholds`.

    Returns
    -------
    Resolution or None
        None where the halves hold nothing in common: their unmasked correlation up to the crossing is within five standard
        deviations of that of noise. Each end of the interval is where that end of the curve's 95 % band crosses the level,
        sought outwards from the crossing.
    """
    crossing = first_crossing(curves.corrected, level)
    reach = int(crossing) if crossing is not None else len(curves.k) - 1
    if not _agree(curves.unmasked, curves.unmasked_samples, reach):
        return None
    last = len(curves.k) - 1
    position = last if crossing is None else crossing
    low, high = (_between(curves, end) - _steps(torch.as_tensor(level, dtype=torch.float64).expand(last + 1)) for end in
                 (curves.low, curves.high))  # fmt: skip
    upper, start = first_crossing(high, 0.0, start=max(1, reach * FINE)), min(round(position * FINE), last * FINE)
    finer = last if upper is None else max(upper / FINE, position)
    return Resolution(
        *(1 / (shell * curves.spacing) for shell in (position, finer, max(0.5, min(position, _last_above(low, 0.0, start) / FINE)))),
        at_limit=crossing is None,
    )


def _steps(curve: Tensor) -> Tensor:
    """The curve at every sixteenth of a shell, straight from shell to shell."""
    part = torch.arange(FINE, dtype=torch.float64) / FINE
    return torch.cat([(curve[:-1, None] * (1 - part) + curve[1:, None] * part).flatten(), curve[-1:]])


def _between(curves: FscCurves, end: Tensor) -> Tensor:
    """One end of the band of the curve at every sixteenth of a shell.

    Midway between two shells a straight line is the mean of both: it varies less than either, unless they vary together.
    """
    reach = end - curves.corrected
    part = torch.arange(FINE, dtype=torch.float64) / FINE
    one, two = reach[:-1, None] * (1 - part), reach[1:, None] * part
    size = (one**2 + two**2 + 2 * curves.neighbours * one * two).sqrt().flatten()
    return _steps(curves.corrected) + torch.sign(_steps(reach)) * torch.cat([size, reach[-1:].abs()])


def plain_resolution(unmasked: Tensor, samples: Tensor, spacing: float, level: float) -> float | None:
    """Å at which an unmasked correlation first falls below ``level``, None where that is no better than noise.

    Parameters
    ----------
    unmasked, samples
        Correlation and independent numbers of each shell.
    spacing
        Å⁻¹ from shell to shell.
    level
        Threshold in (0, 1).
    """
    crossing = first_crossing(unmasked, level)
    reach = len(unmasked) - 1 if crossing is None else crossing
    return 1 / (reach * spacing) if _agree(unmasked, samples, int(reach)) else None


def agreement(first: Volume, second: Volume, level: float, symmetry_order: int = 1) -> float | None:
    """Å to which two half-maps agree as they are, without a mask; see :func:`plain_resolution`."""
    curve = shell_correlation(rfftn(first.values.float()), rfftn(second.values.float()), first.shape).cpu()
    return plain_resolution(curve, shell_count(first.shape) / symmetry_order, 1 / (first.shape[0] * first.voxel_size), level)


def first_crossing(curve: Tensor, level: float | Tensor, start: int = 1) -> float | None:
    """Shell, linear between shells, at which ``curve`` first falls below ``level`` from shell ``start`` on; None if never.

    It is ``start`` itself, less up to one shell, where the curve is below from the beginning.
    """
    excess = curve - level
    below = torch.nonzero(excess[start:] < 0).flatten()
    if not len(below):
        return None
    shell = start + int(below[0])
    high, low = float(excess[shell - 1]), float(excess[shell])
    return shell - 1 + (high / (high - low) if high > 0 else 0.0)


def _last_above(curve: Tensor, level: float | Tensor, start: int) -> float:
    """Going down from shell ``start``, where ``curve`` is first at ``level`` again; half a shell if nowhere."""
    excess = (curve - level).tolist()
    for shell in range(start, 0, -1):
        if excess[shell] >= 0:
            after = excess[shell + 1] if shell + 1 < len(excess) else 0.0
            return shell + (excess[shell] / (excess[shell] - after) if after < 0 else 0.0)
    return 0.5


def _agree(unmasked: Tensor, samples: Tensor, reach: int) -> bool:
    """Whether shells 1 to ``reach`` correlate more than noise does."""
    return reach >= 1 and pooled_deviation(unmasked[1 : reach + 1], samples[1 : reach + 1]) >= SIGNIFICANT
