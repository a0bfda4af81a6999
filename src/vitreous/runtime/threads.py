"""How many threads this process may use; told without loading any library that has threads."""

from __future__ import annotations

import os

#: What the libraries read when they are loaded: OpenMP (and torch), MKL, OpenBLAS, numba.
LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def threads() -> int:
    """CPU threads this process may use: the cores it may run on, or ``OMP_NUM_THREADS`` where that is less."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, max(1, int(limit))) if limit.isdigit() else cores


def limits(count: int) -> dict[str, str]:
    """The environment in which a process uses ``count`` threads; it must be set before the libraries are loaded."""
    return dict.fromkeys(LIMITS, str(count))
