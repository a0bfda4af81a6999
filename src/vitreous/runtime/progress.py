"""Progress is a value given to a reporter; only the surface draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Progress:
    """One event of long work.

    Parameters
    ----------
    step
        What is being done, a word or two.
    done, total
        Units finished and to do in this step.
    figures
        Numbers that tell how it goes, e.g. ``{"resolution_angstrom": 4.2}``.
    message
        A sentence for the log, if there is one.
    """

    step: str
    done: int
    total: int
    figures: Mapping[str, float] = field(default_factory=dict)
    message: str = ""


class Reporter(Protocol):
    """Anything that takes progress events: a bar, a log, a list's ``append``."""

    def __call__(self, event: Progress) -> None: ...


def silent(event: Progress) -> None:
    """Take an event and do nothing with it."""
