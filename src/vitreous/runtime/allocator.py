"""Freed memory is kept for the next array.

The C library asks the system for every array above 32 MB anew and gives it back when it is freed, so that a chain of steps on maps
touches each page for the first time again and again: of validating two maps of 256³ voxels a third of the processor's time went to
that. Kept at hand, up to a bound, the same pages serve again; peaks grow by a third at most (256³: 1.4 GB for 1.05 GB).
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

#: Free bytes at the end of the heap above which they are given back.
KEPT = 512 * 2**20
#: Of ``mallopt`` in glibc's ``malloc.h``.
TRIM_THRESHOLD, MMAP_MAX = -1, -4
#: Variables by which a user says it otherwise.
SAID = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD")


def give_back() -> None:
    """Give all free memory back to the system, where the C library can: between one piece of work and the next."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_freed_memory() -> bool:
    """Tell glibc to keep up to ``KEPT`` bytes; whether it was told: not on other systems, nor where the user has said anything."""
    if not sys.platform.startswith("linux") or any(name in os.environ for name in SAID):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(TRIM_THRESHOLD, KEPT) and mallopt(MMAP_MAX, 0))
