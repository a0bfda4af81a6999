"""A memory budget, not a batch size: one function decides how much is done at a time."""

from __future__ import annotations

import re

import psutil

from vitreous.errors import InputError

SIZES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


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
