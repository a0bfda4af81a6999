"""Nothing good comes of bad input: the next step waits until this one is sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vitreous.data.check import Check
from vitreous.errors import require


@dataclass(frozen=True)
class Gate:
    """Whether the next step may begin.

    Parameters
    ----------
    is_open
        Whether it may.
    closed_by
        Names of the checks that closed it.
    log
        What is to be kept of the decision: one line, with every check that was overruled and by what reason.
    """

    is_open: bool
    closed_by: tuple[str, ...]
    log: str


def gate(checks: Sequence[Check], *, needed: Sequence[str] = (), override: str = "") -> Gate:
    """Open the way if every check passed or warned and all that are needed were done.

    Parameters
    ----------
    checks
        Findings on this step.
    needed
        Names of checks without which nobody is sure: "not done" closes the gate for these.
    override
        A person's reason to go on all the same; it opens the gate and is kept.

    Raises
    ------
    InputError
        If a needed check is not among the findings, or an override has fewer than three letters: a reason is asked for.
    """
    names = [check.name for check in checks]
    for name in needed:
        require(name in names, "needed check", name, f"one of the findings, {', '.join(names) or 'none'}")
    require(not override or len(override.strip()) >= 3, "override", override, "a reason in words", instead="why this may go on")
    closed = tuple(c.name for c in checks if c.verdict == "fail" or (c.verdict == "not done" and c.name in needed))
    if not closed:
        return Gate(True, (), "open: nothing failed")
    if override:
        return Gate(True, closed, f"opened by hand over {', '.join(closed)}: {override.strip()}")
    return Gate(False, closed, f"closed by {', '.join(closed)}")
