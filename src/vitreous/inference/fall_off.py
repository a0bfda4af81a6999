r"""How fast amplitudes fall: B of exp(−B k² / 4), with its error, from the logarithm of shells.

Two lines are drawn. One takes the amplitudes without the fall as level, from 10 Å on (Rosenthal & Henderson 2003, J. Mol. Biol.
333:721): what everybody quotes as the B-factor of a map. A protein's are level on average only, and the shorter the range, the more its
folds tilt the line: by −15 to −45 Å² for a map at 4 Å. The other takes them as a molecule's
(:mod:`vitreous.physics.molecular_amplitudes`), from 20 Å on, so it needs no fine shells and is less than half as uncertain.

What either can be off by is a departure in ln amplitude over the whole range, so the error of B is that number over the range of k² / 4:
large for coarse maps in Å², yet at their own limit the amplitude is known to a tenth or two all the same. That is what counts for
sharpening, and a fall-off is declined only where *it* is not known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vitreous.physics.molecular_amplitudes import FINEST, molecular_log_amplitude

Expected = Literal["level", "molecular"]
#: Å: where each line begins. Coarser, the particle's own shape makes the amplitudes.
COARSEST: dict[str, float] = {"level": 10.0, "molecular": 20.0}
#: Departure of a structure's ln amplitude from each line over its range, standard deviation: rms slope times range, of ten structures
#: (25 kDa to 1.9 MDa) down to 6.7, 5, 4, 3.3 and 2.5 Å. Of the molecular line each structure was left out of the mean.
DEPARTURE: dict[str, float] = {"level": 0.30, "molecular": 0.17}
#: Fewer shells make no line.
LEAST_SHELLS: dict[str, int] = {"level": 6, "molecular": 4}
#: The amplitude at the resolution must be known to a factor e^0.5 = 1.6 for a sharpened map to be better than one that is not.
LARGEST_ERROR_AT_LIMIT = 0.5


@dataclass(frozen=True)
class FallOff:
    """The fall of amplitudes.

    Parameters
    ----------
    b_factor, b_error
        Å², and its standard error: scatter about the line and the molecule's own departure from it. Positive where amplitudes fall.
    intercept
        ln amplitude of the line at k = 0, above the expected amplitudes.
    fit_range
        (coarsest, finest) Å.
    expected
        What amplitudes without the fall are taken to be.
    """

    b_factor: float
    b_error: float
    intercept: float
    fit_range: tuple[float, float]
    expected: Expected

    @property
    def error_at_limit(self) -> float:
        """Standard error of ln amplitude at the finest shell that the error of B makes: B_error / (4 d²)."""
        return self.b_error / (4 * self.fit_range[1] ** 2)

    @property
    def useful(self) -> bool:
        """Whether that leaves the amplitude known to a factor of 1.6."""
        return self.error_at_limit <= LARGEST_ERROR_AT_LIMIT

    def interval(self) -> tuple[float, float]:
        """95 %: B ∓ 1.96 standard errors."""
        return self.b_factor - 1.96 * self.b_error, self.b_factor + 1.96 * self.b_error


def fall_off(k: Tensor, log_amplitude: Tensor, sampling: Tensor, resolution: float, expected: Expected) -> FallOff | None:
    """Draw one of the two lines.

    Parameters
    ----------
    k
        Å⁻¹ by shell, ``(s,)``.
    log_amplitude
        ln of the signal's mean amplitude, ``(s,)``; shells where it is not finite are left out.
    sampling
        Sampling variance of each, ``(s,)``.
    resolution
        Å: the last shell.
    expected
        "level" from 10 Å, "molecular" from 20 Å.

    Returns
    -------
    FallOff or None
        None with fewer than 6 ("level") or 4 ("molecular") shells.

    Notes
    -----
    Each shell's weight is 1 / (s² + t²), s² its sampling variance and t² what scatters about the line besides.
    """
    finest = max(resolution, FINEST) if expected == "molecular" else resolution
    rows = (k >= 0.999999 / COARSEST[expected]) & (k <= 1.000001 / finest) & torch.isfinite(log_amplitude)
    if int(rows.sum()) < LEAST_SHELLS[expected]:
        return None
    x = k[rows].double() ** 2 / 4
    level = molecular_log_amplitude(k[rows]) if expected == "molecular" else 0.0
    slope, intercept, scatter = fit_line(x, log_amplitude[rows].double() - level, sampling[rows].double())
    error = math.hypot(scatter, DEPARTURE[expected] / float(x[-1] - x[0]))
    return FallOff(-slope, error, intercept, (1 / float(k[rows][0]), 1 / float(k[rows][-1])), expected)


def fit_line(x: Tensor, y: Tensor, sampling: Tensor) -> tuple[float, float, float]:
    """Weighted straight line whose scatter may exceed the sampling variance: (slope, intercept, standard error of the slope).

    The excess, equal for all points, is found by Paule & Mandel's condition χ² = points − 2 (1982, J. Res. NBS 87:377).
    """
    low, high = 0.0, float(y.var()) + 1e-12
    if _line(x, y, sampling)[3] > len(x) - 2:
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if _line(x, y, sampling + middle)[3] > len(x) - 2 else (low, middle)
    else:
        high = 0.0
    slope, intercept, error, _ = _line(x, y, sampling + high)
    return slope, intercept, error


def _line(x: Tensor, y: Tensor, spread: Tensor) -> tuple[float, float, float, float]:
    weight = 1 / spread
    total = weight.sum()
    x_mean, y_mean = (weight * x).sum() / total, (weight * y).sum() / total
    lever = (weight * (x - x_mean) ** 2).sum()
    slope = (weight * (x - x_mean) * (y - y_mean)).sum() / lever
    intercept = y_mean - slope * x_mean
    misfit = (weight * (y - intercept - slope * x) ** 2).sum()
    return float(slope), float(intercept), float(lever.rsqrt()), float(misfit)
