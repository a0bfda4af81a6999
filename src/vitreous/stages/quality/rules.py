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
        With ``{value}``, which is put in with its unit.
    unit
        "%" of a share, " Å", or nothing.
    """

    name: str
    descriptor: str
    doubtful: float
    bad: float
    sentence: str
    unit: str = ""

    def reason(self, descriptors: Mapping[str, float]) -> Reason | None:
        """The reason, if the descriptor is past a limit; what was not measured passes."""
        value = descriptors.get(self.descriptor, math.nan)
        if not value > self.doubtful:
            return None
        grade: Grade = "bad" if value > self.bad else "doubtful"
        limit = (self.bad if grade == "bad" else self.doubtful) * (100 if self.unit == "%" else 1)
        return Reason(self.name, f"{worded(self.sentence, value, self.unit)} (limit {limit:g}{self.unit})", grade)


def worded(sentence: str, value: float, unit: str = "") -> str:
    """``sentence`` with ``value`` in it to three digits, so that it can be told from a limit that it passes by a hundredth."""
    shown = 100 * value if unit == "%" else value
    digits = max(0, 2 - math.floor(math.log10(abs(shown)))) if shown and math.isfinite(shown) else 0
    return sentence.format(value=f"{shown:.{min(digits, 4)}f}{unit}")


RULES: tuple[Rule, ...] = (
    Rule("saturated or dark", "clipped", 0.02, 0.5, "{value} of the pixels share one extreme value", "%"),
    Rule("gain", "stripes", 0.25, 0.6, "lines repeat a pattern from half to half, correlation {value}"),
    Rule("gain", "seam", 15.0, 60.0, "a straight step across the camera, {value} times the scatter of its lines"),
    Rule("carbon", "carbon", 0.05, 0.5, "{value} of the field has the rings of carbon, beyond a straight edge", "%"),
    Rule("contamination", "contamination", 0.05, 0.4, "{value} of the field is much darker than the rest", "%"),
    Rule("crystalline ice", "bragg_share", 0.03, 0.2, "spots of ice crystals in {value} of the field", "%"),
    Rule("crystalline ice", "ice_line", 0.1, 0.4, "power on a line of ice is {value} above its surroundings", "%"),
    Rule("drift", "directional_loss", 2.7, 3.1, "detail of 80-12 Å is {value} times fainter along one direction"),
    Rule("double exposure", "twin", 0.4, 0.8, "all is there twice, {value} of what two equal exposures show", "%"),
    Rule("drift", "motion_step", 4.0, 10.0, "the specimen moved {value} within a frame after the start", " Å"),
    Rule("poor fit", "fit_resolution", 12.0, 25.0, "the rings can be followed to {value} only", " Å"),
)
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
