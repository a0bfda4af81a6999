"""What a run used: versions, machine, time, memory; and whom to thank."""

from __future__ import annotations

import os
import platform
import resource
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from vitreous import __version__
from vitreous.pipeline.job import Registry
from vitreous.pipeline.record import Record

PACKAGES = ("torch", "numpy", "scipy", "numba", "mrcfile", "tifffile", "imagecodecs", "gemmi")
OURSELVES = "Vitreous: cryo-EM image processing you can see through (version {version})."


class Meter:
    """Measures time and memory from its making on."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.time(), _cpu_seconds()
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # starts the kernel's record of peak memory anew

    def read(self) -> dict[str, Any]:
        """Give seconds of wall and CPU time, and the most bytes in memory, this process or its largest worker."""
        return {
            "started": round(self._wall, 3),
            "wall_seconds": round(time.time() - self._wall, 3),
            "cpu_seconds": round(_cpu_seconds() - self._cpu, 3),
            "peak_memory_bytes": _peak_bytes(),
        }


def _cpu_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        own = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
        return max(own, worker)
    return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, worker)


def surroundings(device: str) -> dict[str, Any]:
    """Name the machine and the versions of everything that did arithmetic."""
    versions = {"vitreous": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {"host": socket.gethostname(), "platform": platform.platform(), "device": device, "versions": versions}


def totals(records: Iterable[Record]) -> dict[str, Any]:
    """Add up what jobs used: seconds of wall and CPU time, and the largest peak of memory."""
    used = [record.used for record in records]
    return {
        "wall_seconds": round(sum(each.get("wall_seconds", 0.0) for each in used), 3),
        "cpu_seconds": round(sum(each.get("cpu_seconds", 0.0) for each in used), 3),
        "peak_memory_bytes": max((each.get("peak_memory_bytes", 0) for each in used), default=0),
    }


def citations(records: Iterable[Record], registry: Registry) -> dict[str, list[str]]:
    """List what to cite, each with the jobs that used it; Vitreous itself comes first."""
    used: dict[str, list[str]] = {OURSELVES.format(version=__version__): []}
    for record in records:
        papers = registry.jobs[record.type].papers if record.type in registry.jobs else ()
        for paper in papers if record.status == "done" else ():
            used.setdefault(paper, []).append(record.job)
    return used
