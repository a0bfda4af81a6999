"""One finding of a validation: what was looked at, how it stands, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from vitreous.errors import require

Verdict = Literal["pass", "warn", "fail", "not done"]
#: From good to bad; "not done" stands outside.
SEVERITY = {"not done": -1, "pass": 0, "warn": 1, "fail": 2}


@dataclass(frozen=True)
class Check:
    """A finding.

    Parameters
    ----------
    name
        What was looked at: a short noun, "mask".
    verdict
        "pass"; "warn", look at it; "fail", do not trust the map before this is mended; "not done", the reason says what was missing.
    reason
        A sentence or two: the value, the bound it was held against and, unless it passed, the way out.
    figures
        The numbers behind it, plain JSON, units in their names.

    Raises
    ------
    InputError
        If the verdict is none of the four or the reason is empty.
    """

    name: str
    verdict: Verdict
    reason: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(self.verdict in get_args(Verdict), f"verdict of {self.name}", self.verdict, f"one of {', '.join(get_args(Verdict))}")
        require(bool(self.reason), f"reason of {self.name}", self.reason, "a sentence")


def worst(checks: list[Check]) -> Verdict:
    """The gravest verdict of all that were done; "not done" if none was."""
    return max((check.verdict for check in checks), key=SEVERITY.__getitem__, default="not done")
