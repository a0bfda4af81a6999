"""A memory budget, not a batch size: one function decides how much is done at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import psutil

from vitreous.errors import InputError, VitreousError

Result = TypeVar("Result")

SIZES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}

#: How libraries say that memory ran out when they do not raise ``MemoryError``: torch on a processor, on a device, and its back ends.
OUT_OF_MEMORY = re.compile(r"out of memory|(can.t|cannot|could not|failed to|unable to) allocate|alloc_failed", re.IGNORECASE)
#: A budget below this is not worth trying.
LEAST_BUDGET = 1_000_000


class OutOfMemory(VitreousError, MemoryError):
    """The work does not fit into the memory there is, even in small pieces."""


def parse_bytes(text: str | int) -> int:
    """Read "4GB", "900 MiB" or a count of bytes.

    >>> parse_bytes("1.5GB")
    1500000000

    Raises
    ------
    InputError
        If the text is none of these.
    """
    match = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt]?i?)b?\s*", str(text).lower())
    if not match or match[1].count(".") > 1 or match[1] == ".":
        raise InputError(f"memory must be a size such as 4GB or 900MiB; got {text!r}.")
    return int(float(match[1]) * SIZES[match[2]])


def default_budget() -> int:
    """Bytes Vitreous allows itself when nobody says: 60 % of what is free now."""
    return int(0.6 * psutil.virtual_memory().available)


def batch_size(budget: int, bytes_each: int, *, most: int) -> int:
    """Items of ``bytes_each`` that fit into ``budget``, at least one and at most ``most``."""
    return max(1, min(most, int(budget // max(1, bytes_each))))


def memory_ran_out(problem: BaseException) -> bool:
    """Whether an error means that memory could not be had, whichever library says so."""
    return isinstance(problem, MemoryError) or (isinstance(problem, RuntimeError) and bool(OUT_OF_MEMORY.search(str(problem))))


def with_less(function: Callable[[int], Result], budget: int, *, tries: int = 6) -> Result:
    """Call ``function(budget)``; where memory runs out, again with half the budget, and so on.

    Parameters
    ----------
    function
        Does the work within so many bytes. It must give the same at any budget, and leave nothing behind when it fails.
    budget
        Bytes to begin with.
    tries
        Calls at most: 6 go down to a thirty-second.

    Raises
    ------
    OutOfMemory
        If it never fits; says the smallest budget tried.
    """
    for _ in range(tries):
        # Leaving the handler drops the error, and with it the frames that hold the arrays of the failed attempt.
        try:
            return function(budget)
        except (MemoryError, RuntimeError) as problem:
            if not memory_ran_out(problem):
                raise
            said, tried = str(problem) or "no more memory", budget
        budget //= 2
        if budget < LEAST_BUDGET:
            break
    free = psutil.virtual_memory().available
    raise OutOfMemory(
        f"memory ran out even in pieces of {tried / 1e6:.0f} MB, with {free / 1e6:.0f} MB free now ({said}). "
        "Try: close other programs, a smaller box (larger pixels), or fewer particles."
    )
