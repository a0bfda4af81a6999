"""An executor by its name on the command line."""

from __future__ import annotations

from vitreous.errors import InputError
from vitreous.pipeline.executors import Executor
from vitreous.pipeline.executors.local import Local


def executor(name: str) -> Executor:
    """Give the executor called ``name``: "local" (this process) or "local:4" (four processes).

    Raises
    ------
    InputError
        If there is none of that name.
    """
    kind, _, count = name.partition(":")
    if kind == "local" and (not count or count.isdigit()):
        return Local(int(count or 1))
    raise InputError(f"executor must be local, or local:N for N processes; got {name!r}.")
