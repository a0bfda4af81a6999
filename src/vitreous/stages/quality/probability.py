"""The probability that a micrograph is usable, from all descriptors together."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from vitreous.stages.quality.verdict import Reason

WEIGHTS = Path(__file__).with_name("weights.json")
DOUBTFUL = 0.5
"""Probability below which a micrograph that breaks no rule is doubtful."""


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
    most = sorted(contributions(descriptors).items(), key=lambda pair: -pair[1])[:3]
    told = ", ".join(f"{name.replace('_', ' ')} {descriptors[name]:.3g}" for name, _ in most)
    return (Reason("unusual", f"usable with probability {score:.2f} (limit {DOUBTFUL:g}), because of {told}"),)
