"""The probability that a micrograph is usable, from all descriptors together."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from vitreous.stages.quality.rules import RULES, worded
from vitreous.stages.quality.verdict import Reason

WEIGHTS = Path(__file__).with_name("weights.json")
DOUBTFUL = 0.5
"""Probability below which a micrograph that breaks no rule is doubtful."""
FELT = 0.1
"""Of the logarithm of the odds: what adds less is not named among the causes."""
WORDS = {rule.descriptor: (rule.sentence, rule.unit) for rule in RULES} | {
    "carbon_step": ("detail of 12-4.5 Å has two strengths, as on a carbon edge, {value} of its deviations apart", ""),
    "dark_tail": ("{value} of the field is far darker than is usual in it", "%"),
    "level_spread": ("brightness differs from place to place, by {value} of what it differs within each (uneven ice)", ""),
    "rough_spread": ("contrast differs from place to place, by {value} of its natural logarithm", ""),
    "correlation_length": ("grey values hang together over {value} (lumps, or blur)", " Å"),
    "coarse_peak": ("detail of 100-30 Å, which particles have, is only {value} times as strong as shot noise", ""),
    "ring_power": ("detail of 12-4.5 Å, where Thon rings are, is only {value} times as strong as shot noise", ""),
}  # fmt: skip
"""What each descriptor says where it lowers the probability, and its unit."""


@cache
def weights() -> dict:
    """The classifier: ``bias`` and, for each descriptor, how it is transformed, standardised and weighed."""
    return json.loads(WEIGHTS.read_text(encoding="utf-8"))


def transformed(value: float, kind: str) -> float:
    """``value`` as it is ("plain"), its logarithm ("log"), or that of how far it exceeds 1 ("excess"); NaN stays NaN."""
    if kind == "plain" or math.isnan(value):
        return value
    return math.log(1e-3 + max(value, 0.0)) if kind == "log" else math.log(0.02 + max(value - 1.0, 0.0))


def contributions(descriptors: Mapping[str, float]) -> dict[str, float]:
    """What each descriptor adds to the logarithm of the odds that the micrograph is bad, 0 or more.

    Those not measured, or better than those of the median good micrograph, add nothing: no virtue makes up for a fault.
    """
    added = {}
    for name, each in weights()["descriptors"].items():
        value = transformed(descriptors.get(name, math.nan), each["kind"])
        standard = (value - each["mean"]) / each["deviation"]
        added[name] = 0.0 if math.isnan(standard) else max(0.0, each["weight"] * min(max(standard, -CLIP), CLIP))
    return added


CLIP = 4.0
"""Standard deviations: no descriptor counts for more, so that none decides alone what was never seen in training."""


def probability(descriptors: Mapping[str, float]) -> float:
    """Logistic regression on standardised descriptors, 0 to 1."""
    return 1 / (1 + math.exp(min(weights()["bias"] + sum(contributions(descriptors).values()), 700.0)))


def unusual(descriptors: Mapping[str, float], score: float) -> tuple[Reason, ...]:
    """The reason for doubt where no rule is broken and yet the probability is low: the descriptors that lower it most."""
    if score >= DOUBTFUL:
        return ()
    added = {name: much for name, much in contributions(descriptors).items() if much > FELT}
    most = sorted(added, key=lambda name: -added[name])[:3]
    told = "; ".join(worded(WORDS[name][0], descriptors[name], WORDS[name][1]) for name in most)
    return (Reason("unusual", f"usable with probability {score:.2f} (limit {DOUBTFUL:g}): {told}"),)
