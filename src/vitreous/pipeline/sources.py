"""Where the files of a job come from when a person names them, or does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vitreous.errors import InputError
from vitreous.pipeline.graph import Earlier, Files, Source
from vitreous.pipeline.job import JobType, Registry
from vitreous.pipeline.store import Store


def sources(store: Store, registry: Registry, job: JobType, values: Mapping[str, Any]) -> dict[str, Source]:
    """Give the source of each input port of ``job``.

    Parameters
    ----------
    store, registry
        The project, and the kinds of job it knows.
    job
        The kind of job.
    values
        Paths or patterns by port. A required port that is absent gets the latest output of its kind in the project.

    Raises
    ------
    InputError
        If files do not exist, or a required port stays empty.
    """
    found: dict[str, Source] = {}
    for port in job.inputs:
        if values.get(port.name) is not None:
            found[port.name] = source_of(store, values[port.name], port.name)
        elif not port.optional:
            earlier = latest(store, registry, port.kind)
            if earlier is None:
                way_out = _way_out(registry, port.name, port.kind)
                raise InputError(f"{port.name} must be given: {store.folder} holds no {port.kind} yet. Try: {way_out}.")
            found[port.name] = earlier
    return found


def source_of(store: Store, value: str | Path | Iterable[str | Path], name: str) -> Source:
    """Give the source for paths: an earlier job's output if that is what they are, else files from outside."""
    files = Files.of(value, name)
    wanted = tuple(map(Path, files.paths))
    if all(path.is_relative_to(store.jobs) for path in wanted):
        for record in store.records():
            for port in record.outputs if record.status == "done" else ():
                if record.files(port) == wanted:
                    return Earlier(record.job, port)
    return files


def latest(store: Store, registry: Registry, kind: str) -> Earlier | None:
    """Give the latest output of a kind ("particles", "volume" …) in the project."""
    for record in reversed(store.records()):
        job = registry.jobs.get(record.type)
        for port in job.outputs if job and record.is_whole() else ():
            if port.kind == kind and port.name in record.outputs:
                return Earlier(record.job, port.name)
    return None


def _way_out(registry: Registry, name: str, kind: str) -> str:
    makers = [job.name for job in registry.jobs.values() if any(port.kind == kind for port in job.outputs)]
    return f"--{name} FILE" + (f", or vitreous {makers[0]} first" if makers else "")
