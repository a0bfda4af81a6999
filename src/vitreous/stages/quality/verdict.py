"""What is said of a micrograph: good, doubtful or bad, how probably usable, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Grade = Literal["good", "doubtful", "bad"]
GRADES: tuple[Grade, ...] = ("good", "doubtful", "bad")


@dataclass(frozen=True)
class Reason:
    """One thing that speaks against a micrograph.

    Parameters
    ----------
    name
        A word or two to sort by: "drift", "contamination".
    sentence
        What was measured, with its number, and the limit.
    grade
        How grave it is: "doubtful" or "bad".
    """

    name: str
    sentence: str
    grade: Grade = "doubtful"

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"


@dataclass(frozen=True)
class Regions:
    """Where a micrograph is spoiled, on a small copy.

    Parameters
    ----------
    contamination, carbon
        bool ``(y, x)``.
    pixel
        Å of the copy.
    """

    contamination: NDArray[np.bool_]
    carbon: NDArray[np.bool_]
    pixel: float

    @property
    def spoiled(self) -> NDArray[np.bool_]:
        """Either."""
        return self.contamination | self.carbon

    @property
    def fraction(self) -> float:
        """Share of the field that is spoiled, 0 to 1."""
        return float(self.spoiled.mean())


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict on a micrograph.

    Parameters
    ----------
    verdict
        "good", "doubtful" (look at it) or "bad" (leave it out).
    score
        Probability that it is usable, 0 to 1, from all descriptors together.
    reasons
        What speaks against it, worst first; empty is good.
    descriptors
        All that was measured, by name; NaN where it could not be.
    regions
        Where it is spoiled.
    """

    verdict: Grade
    score: float
    reasons: tuple[Reason, ...] = ()
    descriptors: Mapping[str, float] = field(default_factory=dict)
    regions: Regions | None = None


def worst(reasons: tuple[Reason, ...]) -> Grade:
    """The gravest grade of ``reasons``; "good" without any."""
    return max((reason.grade for reason in reasons), key=GRADES.index, default="good")
