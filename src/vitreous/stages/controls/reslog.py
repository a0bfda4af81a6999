r"""How resolution grows with the number of particles: the B-factor plot, ResLog, and what more particles would give.

N particles whose images fall off as e^{−B k² / 4} fill shell k of the map with N / k images a voxel, so that the halves' signal-to-noise
ratio there is proportional to (N / k) e^{−B k² / 2}. The resolution d is where it has a set value:

    N = C (1 / d) e^{B / 2d²},   ln N = B u / 2 + ½ ln u + c,   u = 1 / d²

(Rosenthal & Henderson 2003, J. Mol. Biol. 333:721). Without the factor 1 / d this is the straight line of slope 2 / B that is
drawn (Stagg et al. 2014, J. Struct. Biol. 185:418, ln N against 1 / d): it takes B too large, by
1 / u, which is 25 Å² at 5 Å. u(N) has the closed form W(B e^{2 (ln N − c)}) / B, W Lambert's function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import curve_fit
from scipy.special import lambertw
from scipy.stats import t as student

from vitreous.data.check import Check
from vitreous.errors import require
from vitreous.stages.controls.nested import Subset, shell_reached

Law = Literal["density", "straight"]
#: First shell that counts: below it the transfer function and the particle's own shape rule, not the fall-off.
FIRST_SHELL = 3.0
#: Share of Nyquist up to which a resolution counts: beyond it there is too little room above the crossing, and growth looks slower.
LAST_SHARE = 0.9
#: Sizes that a line needs.
FEWEST_SIZES = 3
#: The largest set counts as behind what the others promise from so many standard errors.
BEHIND = 3.0


@dataclass(frozen=True, eq=False)
class Growth:
    """Resolution by number of particles: one entry a size.

    Parameters
    ----------
    count
        Particles in both halves, float64 ``(m,)``, rising.
    u
        Mean of 1 / d², Å⁻², over the repeats that have a resolution; NaN where one is within the first shells, or
        nearer than a tenth to Nyquist.
    error
        Standard error of that mean, from the spread of repeats pooled over all sizes; Å⁻².
    repeats
        Subsets of that size, ``(m,)``.
    freedom
        Degrees of freedom of the spread.
    nyquist
        Å: the finest detail the images hold.
    """

    count: np.ndarray
    u: np.ndarray
    error: np.ndarray
    repeats: np.ndarray
    freedom: int
    nyquist: float

    @property
    def usable(self) -> np.ndarray:
        """Sizes with a resolution, bool ``(m,)``."""
        return np.isfinite(self.u)


def growth(subsets: Sequence[Subset], length: float) -> Growth:
    """Gather nested subsets by size; ``length`` is the box in Å.

    Raises
    ------
    InputError
        If no size has two repeats: nothing then says how sure a resolution is.
    """
    sizes = np.array([round(math.log2(max(s.count for s in subsets) / s.count)) for s in subsets])
    reached = np.array([_squared_frequency(s, length) for s in subsets])
    counts = np.array([s.count for s in subsets], float)
    levels = [np.flatnonzero(sizes == level) for level in sorted(set(sizes), reverse=True)]
    inside = [reached[rows] for rows in levels]
    deviations = [each - each.mean() for each in inside if np.isfinite(each).all() and len(each) > 1]
    freedom = sum(len(each) - 1 for each in deviations)
    require(freedom > 0, "subsets", len(subsets), "of one size at least twice, with a resolution", instead="more particles, or finer "
                                                                                                           "pixels")
    spread = math.sqrt(sum(float((each**2).sum()) for each in deviations) / freedom)
    repeats = np.array([len(rows) for rows in levels])
    nyquist = length / (len(subsets[0].fsc) - 1)
    return Growth(
        np.array([counts[rows].mean() for rows in levels]), np.array([each.mean() for each in inside]), spread / np.sqrt(repeats), repeats,
        freedom, nyquist,
    )  # fmt: skip


def _squared_frequency(subset: Subset, length: float) -> float:
    """1 / d² of a subset, Å⁻²; NaN where the curve does not cross between the first shells and nine tenths of Nyquist."""
    shell = shell_reached(subset.fsc)
    inside = shell is not None and FIRST_SHELL <= shell <= LAST_SHARE * (len(subset.fsc) - 1)
    return (shell / length) ** 2 if inside else float("nan")


@dataclass(frozen=True, eq=False)
class ResLog:
    """A fitted law of growth.

    Parameters
    ----------
    b_factor
        B, Å²: amplitudes fall as e^{−B k² / 4}.
    intercept
        c.
    covariance
        Of both, ``(2, 2)``.
    law
        "density": ln N = B u / 2 + ½ ln u + c; "straight": ln N = B u / 2 + c.
    quantile
        Of Student's t: standard errors in a 95 % interval.
    behind
        Standard errors by which the largest set with a resolution is behind what the smaller ones promise; None if too few sizes.
    """

    b_factor: float
    intercept: float
    covariance: np.ndarray
    law: Law
    quantile: float
    behind: float | None

    @property
    def b_interval(self) -> tuple[float, float]:
        """95 % interval of B, Å²."""
        reach = self.quantile * math.sqrt(self.covariance[0, 0])
        return self.b_factor - reach, self.b_factor + reach

    @property
    def saturates(self) -> bool:
        """Whether resolution has stopped to follow the law."""
        return self.behind is not None and self.behind > BEHIND

    def u(self, count: np.ndarray | float) -> np.ndarray:
        """1 / d² of so many particles, Å⁻²."""
        return _law(self.law)(np.log(np.asarray(count, float)), self.b_factor, self.intercept)


@dataclass(frozen=True)
class Forecast:
    """Particles needed for a resolution of ``target`` Å, with their 95 % interval; ``times`` what is there."""

    target: float
    count: float
    low: float
    high: float
    times: float


def _density(logarithm: np.ndarray, b_factor: float, intercept: float) -> np.ndarray:
    """u of ln N: W(B e^{2 (ln N − c)}) / B."""
    argument = b_factor * np.exp(2 * (logarithm - intercept))
    return lambertw(argument).real / b_factor


def _straight(logarithm: np.ndarray, b_factor: float, intercept: float) -> np.ndarray:
    return 2 * (logarithm - intercept) / b_factor


def _law(name: Law):
    return _density if name == "density" else _straight


def fit_growth(data: Growth, law: Law = "density") -> ResLog | None:
    """Fit B and the intercept to the sizes that have a resolution, weighted by their errors.

    Parameters
    ----------
    data
        Of :func:`growth`.
    law
        "density" (default), or "straight" as it is mostly printed.

    Returns
    -------
    ResLog or None
        None where fewer than three sizes have a resolution, or it does not grow.
    """
    rows = np.flatnonzero(data.usable)
    if len(rows) < FEWEST_SIZES or data.u[rows[-1]] <= data.u[rows[0]]:
        return None
    values, covariance = _fitted(data, rows, law)
    behind = None
    if len(rows) > FEWEST_SIZES:
        last, before = rows[-1], rows[:-1]
        promised, error = _promised(data, before, law, data.count[last])
        behind = float((promised - data.u[last]) / math.hypot(error, data.error[last]))
    quantile = float(student.ppf(0.975, max(1, data.freedom)))
    return ResLog(float(values[0]), float(values[1]), covariance, law, quantile, behind)


def _fitted(data: Growth, rows: np.ndarray, law: Law) -> tuple[np.ndarray, np.ndarray]:
    """B and c with their covariance, started from the straight line through the first and the last size."""
    logarithm, u = np.log(data.count[rows]), data.u[rows]
    slope = (u[-1] - u[0]) / (logarithm[-1] - logarithm[0])
    start = (2 / slope, logarithm[-1] - u[-1] / slope)
    if law == "density":
        b = max(0.3 * start[0], start[0] - 1 / u.mean())
        start = (b, logarithm[-1] - b * u[-1] / 2 - 0.5 * math.log(u[-1]))
    bounds = ((1e-3, -np.inf), (np.inf, np.inf))
    return curve_fit(_law(law), logarithm, u, p0=start, sigma=data.error[rows], absolute_sigma=True, bounds=bounds, x_scale=(100.0, 1.0))


def _promised(data: Growth, rows: np.ndarray, law: Law, count: float) -> tuple[float, float]:
    """1 / d² that the sizes ``rows`` promise ``count`` particles, and its standard error."""
    values, covariance = _fitted(data, rows, law)
    function, at = _law(law), math.log(count)
    seen = float(function(at, *values))
    steps = np.sqrt(np.diag(covariance))
    gradient = [(float(function(at, values[0] + s, values[1] + t)) - seen) for s, t in ((1e-3 * steps[0], 0.0), (0.0, 1e-3 * steps[1]))]
    gradient = np.array(gradient) / (1e-3 * steps)
    return seen, float(math.sqrt(gradient @ covariance @ gradient))


def forecast(fitted: ResLog, target: float, data: Growth) -> Forecast:
    """Particles needed for ``target`` Å if the law goes on as it has.

    ln N = B u / 2 (+ ½ ln u) + c at u = 1 / target²; the interval is that of the fit, and knows nothing of what may end the law.

    Raises
    ------
    InputError
        If the target is not coarser than Nyquist: no number of particles shows what the pixels do not hold.
    """
    require(target > data.nyquist, "target", target, f"coarser than Nyquist, {data.nyquist:.2f} Å", instead="images of finer pixels")
    u = 1 / target**2
    logarithm = fitted.b_factor * u / 2 + fitted.intercept + (0.5 * math.log(u) if fitted.law == "density" else 0.0)
    gradient = np.array([u / 2, 1.0])
    reach = fitted.quantile * math.sqrt(gradient @ fitted.covariance @ gradient)
    count, low, high = (math.exp(min(logarithm + side * reach, 700.0)) for side in (0, -1, 1))
    return Forecast(target, count, low, high, count / float(data.count.max()))


def _rounded(count: float) -> str:
    """Two digits, the rest noughts."""
    return f"{float(f'{count:.2g}'):,.0f}"


def judge_particles_needed(data: Growth, fitted: ResLog | None, *, target: float | None = None) -> Check:
    """Whether more particles would help, and how many.

    Parameters
    ----------
    data
        Resolution by number of particles.
    fitted
        Of :func:`fit_growth`.
    target
        Å wanted; without it, a tenth finer than the whole set reaches, as far as the pixels allow.
    """
    usable = np.flatnonzero(data.usable)
    if fitted is None and len(usable) and not data.usable[-1] and data.u[usable[-1]] > 0.5 / data.nyquist**2:
        return Check("particles-needed", "pass", f"the halves agree nearly to Nyquist ({data.nyquist:.1f} Å): finer pixels, not more "
                     "particles, show more.", {"nyquist_angstrom": data.nyquist})  # fmt: skip
    if fitted is None:
        return Check("particles-needed", "not done", f"resolution could be told of {len(usable)} sizes of subsets; {FEWEST_SIZES} are "
                     "needed, growing. Try: more particles.", {"sizes": len(usable)})  # fmt: skip
    reached = 1 / math.sqrt(data.u[usable[-1]])
    wanted = max(0.9 * reached, 1.02 * data.nyquist) if target is None else target
    needed = forecast(fitted, wanted, data)
    low, high = fitted.b_interval
    figures = {
        "b_factor_angstrom2": round(fitted.b_factor, 1), "b_factor_interval_angstrom2": [round(low, 1), round(high, 1)],
        "resolution_angstrom": round(reached, 3), "particle_count": int(data.count[-1]), "target_angstrom": round(wanted, 3),
        "particles_needed": round(needed.count), "particles_needed_interval": [round(needed.low), round(needed.high)],
        "standard_errors_behind": None if fitted.behind is None else round(fitted.behind, 2),
    }  # fmt: skip
    told = f"B is {fitted.b_factor:.0f} Å² ({low:.0f} to {high:.0f}); {wanted:.1f} Å would take {_rounded(needed.count)} particles " \
           f"({_rounded(needed.low)} to {_rounded(needed.high)}), if nothing else limits them"  # fmt: skip
    if fitted.saturates:
        return Check("particles-needed", "warn", f"the whole set is {fitted.behind:.1f} standard errors behind what its parts promise "
                     f"({BEHIND:g} is the limit): more particles will not help as the law says. Try: look for what is unlike among them, "
                     "or their optics.",
                     figures)  # fmt: skip
    return Check("particles-needed", "pass", f"{told}.", figures)
