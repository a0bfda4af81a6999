"""A micrograph among the others of its session: what stands out, and how thick the ice is compared with the brightest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vitreous.physics.solvent import inelastic_path
from vitreous.stages.quality.verdict import Reason

LEAST = 20
"""Micrographs: fewer do not show what is usual."""
LIMIT = 6.0
"""Robust standard deviations."""
LEAST_SPREAD = 0.08
"""Of the logarithm: sessions more uniform than 8 % are taken to be as wide as that."""
COUNTED = 1.0
"""Mean over standard deviation of a picture of counts, at least: one that was normalised has a mean near 0."""

THICK = 2000.0
"""Å of ice beyond that of the brightest micrograph: two electrons in five have lost energy, and particles lie at every height."""


@dataclass(frozen=True)
class Tail:
    """The side of a positive descriptor on which a micrograph is odd: 1 above, −1 below; and what it is called."""

    descriptor: str
    side: int
    words: str
    unit: str = ""


TAILS = (
    Tail("mean", -1, "brightness"), Tail("mean", 1, "brightness"), Tail("fit_resolution", 1, "reach of the rings", " Å"),
    Tail("astigmatism", 1, "astigmatism", " Å"), Tail("motion_total", 1, "motion", " Å"), Tail("motion_late", 1, "late motion", " Å"),
    Tail("coarse_power", 1, "power at 100-30 Å"), Tail("coarse_power", -1, "power at 100-30 Å"), Tail("ring_power", 1, "power at 12-4.5 Å"),
    Tail("level_spread", 1, "unevenness of the ice"), Tail("correlation_length", 1, "correlation length", " Å"),
    Tail("directional_loss", 1, "directional loss"),
)  # fmt: skip


def outliers(session: Sequence[Mapping[str, float]]) -> list[tuple[Reason, ...]]:
    """What makes each micrograph unlike the rest of its session; nothing where there are fewer than 20.

    Parameters
    ----------
    session
        The descriptors of each micrograph.

    Notes
    -----
    Grids differ, so the limit is the session's own: 6 robust standard deviations (1.4826 MAD) of the logarithm from the median.
    """
    found: list[list[Reason]] = [[] for _ in session]
    for tail in TAILS if len(session) >= LEAST else ():
        values = np.array([each.get(tail.descriptor, math.nan) for each in session], float)
        away = _deviations(values) * tail.side
        for i in np.flatnonzero(away > LIMIT):
            sentence = (f"{tail.words} is {values[i]:.4g}{tail.unit}, {away[i]:.2f} robust deviations from the session's median, "
                        f"{np.nanmedian(values):.4g}{tail.unit} (limit {LIMIT:g})")  # fmt: skip
            found[i].append(Reason("unlike the session", sentence))
    return [tuple(each[:1]) for each in found]


def _deviations(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signed robust deviations of log ``values`` from their median; 0 for those not positive or if fewer than 20 are."""
    usable = np.isfinite(values) & (values > 0)
    away = np.zeros(len(values))
    if usable.sum() < LEAST:
        return away
    log = np.log(values[usable])
    middle = np.median(log)
    away[usable] = (log - middle) / max(1.4826 * float(np.median(np.abs(log - middle))), LEAST_SPREAD)
    return away


def ice_thickness(mean: ArrayLike, deviation: ArrayLike, voltage: ArrayLike = 300.0) -> NDArray[np.float64]:
    """Å of ice beyond that of the session's brightest micrograph: t = Λ ln(I₀ / I); NaN unless pictures are counts.

    Parameters
    ----------
    mean, deviation
        Of each picture, ``(n,)``.
    voltage
        Of each picture, ``(n,)``, or of all, kV; gives Λ, the inelastic mean free path. An energy filter removes what is lost;
        without one an aperture does, in part, and the thickness is a lower bound.

    References
    ----------
    Rice et al. 2018, J. Struct. Biol. 204:38.
    """
    mean, deviation = np.asarray(mean, float), np.asarray(deviation, float)
    if not len(mean) or not (mean > COUNTED * deviation).all():
        return np.full(len(mean), math.nan)
    path = np.vectorize(inelastic_path, otypes=[float])(voltage)
    return path * np.log(mean.max() / mean)


def thick(thickness: float) -> tuple[Reason, ...]:
    """The reason for doubt where :func:`ice_thickness` (Å) is beyond 2000 Å; NaN gives none.

    One micrograph alone cannot tell: camera and dose shape its spectrum as much as thickness does.
    """
    if not thickness > THICK:
        return ()
    sentence = f"{thickness:.0f} Å more than in the session's brightest micrograph, if the beam was steady (limit {THICK:.0f} Å)"
    return (Reason("thick ice", sentence),)
