"""How good a defocus must be, and to which resolution two estimates agree.

References: Zhang & Zhou 2011, Curr. Opin. Struct. Biol. 21:305 (accuracy budget); Marabini et al. 2015, J. Struct. Biol.
190:348 (CTF challenge: agreement while the phases differ by less than 90°).
"""

from __future__ import annotations

import math

from vitreous.data.micrograph import Defocus
from vitreous.errors import require
from vitreous.physics.wavelength import wavelength


def defocus_tolerance(resolution: float, voltage: float = 300.0, phase_deg: float = 45.0) -> float:
    """Error of the defocus in Å that turns the phase by ``phase_deg`` at ``resolution``.

    δz = φ / (πλ k²), for 45° 1 / (4 λ k²).

    Parameters
    ----------
    resolution
        1/k in Å, positive.
    voltage
        kV.
    phase_deg
        Degrees, positive.

    >>> round(defocus_tolerance(3.0))
    114
    """
    require(resolution > 0, "resolution", resolution, "positive, in Å")
    require(phase_deg > 0, "phase_deg", phase_deg, "positive, in degrees")
    return math.radians(phase_deg) * resolution**2 / (math.pi * wavelength(voltage))


def agreement_resolution(first: Defocus, second: Defocus, voltage: float = 300.0, phase_deg: float = 90.0) -> float:
    """Resolution in Å down to which two estimates agree.

    Parameters
    ----------
    first, second
        Two defoci of one micrograph, fitted with the same Cs and amplitude contrast.
    voltage
        kV.
    phase_deg
        Degrees; they disagree where the difference of their phases, root mean square over all directions, exceeds it.

    Returns
    -------
    float
        0 where they agree for ever, infinity where not even at k = 0 (their phase shifts differ by too much).

    Notes
    -----
    With Δz(α) = Δ + c cos 2α + s sin 2α and a = πλ k², ⟨(a Δz + Δφ)²⟩ = a² (Δ² + ½c² + ½s²) + 2aΔ Δφ + Δφ² is a quadratic in
    a; its first crossing of the limit is the answer.
    """
    limit = math.radians(phase_deg)
    (m1, c1, s1), (m2, c2, s2) = waves(first), waves(second)
    offset = math.radians(first.phase_shift_deg - second.phase_shift_deg)
    if abs(offset) >= limit:
        return math.inf
    square = (m1 - m2) ** 2 + 0.5 * ((c1 - c2) ** 2 + (s1 - s2) ** 2)
    if square == 0:
        return 0.0
    half = (m1 - m2) * offset
    a = (-half + math.sqrt(half**2 + square * (limit**2 - offset**2))) / square
    return math.sqrt(math.pi * wavelength(voltage) / a)


def worst_agreement_resolution(first: Defocus, second: Defocus, voltage: float = 300.0, phase_deg: float = 90.0) -> float:
    """The same in the direction in which the two differ most; arguments and ends as for :func:`agreement_resolution`.

    Δz(α) runs from Δ − h to Δ + h, h = √(c² + s²): |a Δz + Δφ| first reaches the limit at one of the two.
    """
    limit = math.radians(phase_deg)
    (m1, c1, s1), (m2, c2, s2) = waves(first), waves(second)
    offset = math.radians(first.phase_shift_deg - second.phase_shift_deg)
    if abs(offset) >= limit:
        return math.inf
    half = math.hypot(c1 - c2, s1 - s2)
    ends = [m1 - m2 - half, m1 - m2 + half]
    crossings = [(limit - math.copysign(1, end) * offset) / abs(end) for end in ends if end]
    return math.sqrt(math.pi * wavelength(voltage) / min(crossings)) if crossings else 0.0


def waves(defocus: Defocus) -> tuple[float, float, float]:
    """(mean, c, s) in Å: the defocus at azimuth α is mean + c cos 2α + s sin 2α."""
    half, twice = 0.5 * defocus.astigmatism, math.radians(2 * defocus.angle_deg)
    return defocus.mean, half * math.cos(twice), half * math.sin(twice)
