"""The rules by which a number becomes a reason: each has its limits and a sentence that says both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vitreous.stages.quality.verdict import GRADES, Grade, Reason


@dataclass(frozen=True)
class Rule:
    """A limit on one descriptor.

    Parameters
    ----------
    name
        Of the reason.
    descriptor
        What is compared.
    doubtful, bad
        Where it becomes doubtful and bad.
    sentence
        With ``{value}`` and ``{limit}``.
    """

    name: str
    descriptor: str
    doubtful: float
    bad: float
    sentence: str

    def reason(self, descriptors: Mapping[str, float]) -> Reason | None:
        """The reason, if the descriptor is past a limit; what was not measured passes."""
        value = descriptors.get(self.descriptor, math.nan)
        if not value > self.doubtful:
            return None
        grade: Grade = "bad" if value > self.bad else "doubtful"
        return Reason(self.name, self.sentence.format(value=value, limit=self.bad if grade == "bad" else self.doubtful), grade)


RULES: tuple[Rule, ...] = (
    Rule("saturated or dark", "clipped", 0.02, 0.5, "{value:.0%} of the pixels share one extreme value (limit {limit:.0%})"),
    Rule("gain", "stripes", 0.25, 0.6, "lines repeat a pattern from half to half, correlation {value:.2f} (limit {limit:.2f})"),
    Rule("gain", "seam", 15.0, 60.0, "a straight step across the camera, {value:.0f} times the scatter of its lines (limit {limit:.0f})"),
    Rule("carbon", "carbon", 0.05, 0.5, "{value:.0%} of the field has the rings of carbon, beyond a straight edge (limit {limit:.0%})"),
    Rule("contamination", "contamination", 0.05, 0.4, "{value:.0%} of the field is much darker than the rest (limit {limit:.0%})"),
    Rule("crystalline ice", "bragg_share", 0.03, 0.2, "spots of ice crystals in {value:.0%} of the field (limit {limit:.0%})"),
    Rule("crystalline ice", "ice_line", 0.1, 0.4, "power on a line of ice is {value:.0%} above its surroundings (limit {limit:.0%})"),
    Rule("drift", "directional_loss", 2.7, 3.1, "detail of 80-12 Å is {value:.1f} times fainter along one direction (limit {limit:.1f})"),
    Rule("double exposure", "twin", 0.4, 0.8, "all is there twice, {value:.0%} of what two equal exposures show (limit {limit:.0%})"),
    Rule("drift", "motion_step", 4.0, 10.0, "the specimen moved {value:.1f} Å within a frame after the start (limit {limit:.0f} Å)"),
    Rule("poor fit", "fit_resolution", 12.0, 25.0, "the rings can be followed to {value:.1f} Å only (limit {limit:.0f} Å)"),
)  # fmt: skip
"""Limits are of physics where there are any: half the amplitude at r is lost by a smear of 0.6 r (sinc), so a step of 4 Å within a
frame costs what is finer than 7 Å; contamination and carbon cost their share of particles."""

GRAVE = ("drift", "empty", "poor fit")
"""Flags of a fit of the CTF that make a micrograph bad; others make it doubtful."""
NOTHING = ((2.0, 1.02), (1.6, 1.1))
"""Pairs of powers over that of shot noise, coarse detail in the strongest sixth of the field and Thon rings, both below one pair:
nothing is there. Chance alone gives the strongest of 36 small tiles 1.3 to 1.8."""
SEEN = 7.0
"""Standard deviations by which a fit finds rings where there are some, whatever their power."""


def judge(descriptors: Mapping[str, float], flags: Sequence[str] = ()) -> tuple[Reason, ...]:
    """Every reason, gravest first, one of each name.

    Parameters
    ----------
    descriptors
        By name.
    flags
        What a fit of the CTF says against the micrograph: "name: sentence".
    """
    found = [reason for rule in RULES if (reason := rule.reason(descriptors))]
    found += [_of_flag(flag) for flag in flags]
    found += [empty] if (empty := _empty(descriptors)) else []
    found.sort(key=lambda reason: -GRADES.index(reason.grade))
    return tuple({reason.name: reason for reason in reversed(found)}[name] for name in dict.fromkeys(r.name for r in found))


def _of_flag(flag: str) -> Reason:
    name, _, sentence = flag.partition(": ")
    return Reason(name, sentence or "flagged by the fit of the CTF", "bad" if name in GRAVE else "doubtful")


def _empty(descriptors: Mapping[str, float]) -> Reason | None:
    coarse, rings = (descriptors.get(name, math.nan) for name in ("coarse_peak", "ring_power"))
    pair = next((pair for pair in NOTHING if coarse < pair[0] and rings < pair[1]), None)
    if pair is None or descriptors.get("significance", 0.0) > SEEN:
        return None
    return Reason("empty", f"power at 100-30 Å is {coarse:.2f} times that of shot noise where it is strongest (limit {pair[0]:g}), "
                  f"that of Thon rings {rings:.2f} (limit {pair[1]:g})", "bad")  # fmt: skip
