"""What a run used: versions and machine, and the sum over its jobs; and whom to thank."""

from __future__ import annotations

import platform
import socket
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from typing import Any

from vitreous import __version__
from vitreous.pipeline.job import Registry
from vitreous.pipeline.record import Record

PACKAGES = ("torch", "numpy", "scipy", "numba", "mrcfile", "tifffile", "imagecodecs", "gemmi")
OURSELVES = "Vitreous: cryo-EM image processing you can see through (version {version})."


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
