"""What makes a micrograph's CTF doubtful: numbers, limits, and the verdict in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vitreous.data.micrograph import Defocus
from vitreous.stages.defocus.tilt import Tilt

FlagName = Literal["drift", "poor fit", "strong astigmatism", "ice ring", "methods disagree", "tilt", "empty"]


@dataclass(frozen=True)
class Flag:
    """One reason to distrust a micrograph: a name to sort by and a sentence with the numbers."""

    name: FlagName
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Numbers the verdict rests on.

    Parameters
    ----------
    significance
        Standard deviations by which the rings stand out of noise in the search; noise alone gives up to 5.
    score
        Correlation of the rings with the fit, −1 to 1.
    resolution
        Å to which they agree.
    power_ratio
        Specimen power (100 to 40 Å) in the strongest over that in the weakest direction, 1 or more.
    ring_ratio
        Depth of the rings at 10 Å in the strongest over that in the weakest direction, 1 or more.
    ring_ratio_sigma
        How many standard deviations its logarithm is above 0.
    drift_axis_deg
        Direction in which power, or else ring depth, is weakest, from +x towards +y, degrees.
    ice_excess
        Power of the ring of crystalline ice that stands out most above its surroundings, as a fraction; 0 where the image does
        not reach that far.
    ice_sigma
        How many standard deviations that is.
    specimen_power
        Power from 100 to 40 Å over that of the finest tenth of the spectrum; 1 for white noise.
    agreement
        Å to which a second method agrees with the fit.
    converged
        Whether the fit came to rest.
    at_edge
        Whether the defocus lies at an end of the range searched.
    """

    significance: float
    score: float
    resolution: float
    power_ratio: float
    ring_ratio: float
    ring_ratio_sigma: float
    drift_axis_deg: float
    ice_excess: float
    ice_sigma: float
    specimen_power: float
    agreement: float
    converged: bool
    at_edge: bool


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where the flags are raised; each is compared with the field of :class:`Measures` that its name begins with.

    ``opposite_most`` is compared with that of the tilt: chance alone gives odds of e⁵ = 150 to 1 no more than once in 150 times.
    ``agreement_most`` is in units of the resolution of the fit: two methods must agree as far as rings are seen.
    """

    significance_least: float = 7.0
    score_least: float = 0.4
    power_ratio_most: float = 2.7
    ring_ratio_most: float = 4.0
    ice_excess_most: float = 0.1
    specimen_power_least: float = 1.15
    astigmatism_most: float = 1500.0
    agreement_most: float = 1.0
    opposite_most: float = 5.0
    sigmas: float = 5.0


def flags(measures: Measures, defocus: Defocus, limits: Limits | None = None, tilt: Tilt | None = None) -> tuple[Flag, ...]:
    """The verdict: every limit that is passed, worst first; empty is good."""
    limit, m = limits or Limits(), measures
    no_rings = m.significance < limit.significance_least
    lost_rings = m.ring_ratio > limit.ring_ratio_most and m.ring_ratio_sigma > limit.sigmas and not no_rings
    rules: tuple[tuple[bool, FlagName, str], ...] = (
        (no_rings and m.specimen_power < limit.specimen_power_least, "empty",
         f"no rings, and power at 100-40 Å is only {m.specimen_power:.2f} times that of the noise"),
        (m.power_ratio > limit.power_ratio_most, "drift",
         f"power at 100-40 Å differs {m.power_ratio:.1f}-fold with direction, least along {m.drift_axis_deg:.0f}° "
         "(drift, or aligned filaments)"),
        (lost_rings, "drift", f"rings at 10 Å are {m.ring_ratio:.1f} times fainter along {m.drift_axis_deg:.0f}° than across"),
        (no_rings, "poor fit", f"the rings stand {m.significance:.1f} standard deviations out of noise; "
         f"below {limit.significance_least:g} they may be noise"),
        (not no_rings and m.score < limit.score_least, "poor fit", f"rings and fit correlate at {m.score:.2f} only"),
        (not no_rings and not m.converged, "poor fit", "the fit had not come to rest at its last iteration"),
        (not no_rings and m.at_edge, "poor fit", f"the defocus, {defocus.mean:.0f} Å, lies at an end of the range searched"),
        (not no_rings and defocus.astigmatism > limit.astigmatism_most, "strong astigmatism",
         f"u - v is {defocus.astigmatism:.0f} Å"),
        (not no_rings and m.agreement > limit.agreement_most * m.resolution, "methods disagree",
         f"cross-correlation finds another CTF: phases agree to {m.agreement:.1f} Å, rings are seen to {m.resolution:.1f} Å"),
        (m.ice_excess > limit.ice_excess_most and m.ice_sigma > limit.sigmas, "ice ring",
         f"power at a spacing of ice is {100 * m.ice_excess:.0f} % above its surroundings: crystalline ice"),
    )  # fmt: skip
    told = [Flag(name, reason) for passed, name, reason in rules if passed]
    return (*told, *_other_way(tilt)) if tilt and not no_rings and tilt.opposite > limit.opposite_most else tuple(told)


def _other_way(tilt: Tilt) -> tuple[Flag]:
    there = (tilt.axis_deg + 180) % 360
    return (Flag("tilt", f"the rings are explained better the other way up, log-likelihood higher by {tilt.opposite:.0f}. Try: "
                 f"--tilt-angle {tilt.angle_deg:.4g} --tilt-axis {there:.4g}, not {tilt.axis_deg:.4g}"),)  # fmt: skip
