"""A recipe as data: steps, and which output feeds which input.

>>> aligned = step(ALIGN, AlignMovies(dose=1.2), movies=Files.of(["raw/*.tiff"]))      # doctest: +SKIP
>>> defocus = step(CTF, EstimateCtf(), micrographs=aligned["micrographs"])             # doctest: +SKIP
>>> Graph(aligned, defocus)                                                            # doctest: +SKIP
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vitreous.errors import InputError
from vitreous.pipeline.job import Estimate, JobType, Registry
from vitreous.pipeline.params import from_json, suggestion, to_json


@dataclass(frozen=True)
class Link:
    """The files that another step of the same graph leaves at ``port``."""

    stage: str
    port: str


@dataclass(frozen=True)
class Earlier:
    """The files that a finished job of the project, named by its folder, left at ``port``."""

    job: str
    port: str


@dataclass(frozen=True)
class Files:
    """Files from outside the project, by absolute path."""

    paths: tuple[str, ...]

    @classmethod
    def of(cls, patterns: str | Path | Iterable[str | Path], name: str = "files") -> Files:
        """Expand patterns such as ``raw/*.tiff`` now, so that files which arrive later do not change the work.

        Raises
        ------
        InputError
            If a pattern matches nothing, a path does not exist or is a folder; ``name`` says what the files are for.
        """
        found: list[str] = []
        for pattern in [patterns] if isinstance(patterns, (str, Path)) else patterns:
            text = os.path.abspath(os.path.expanduser(pattern))
            matches = [text] if os.path.exists(text) else sorted(glob.glob(text, recursive=True))
            if folder := next(filter(os.path.isdir, matches), ""):
                raise InputError(f"{name} must name files; got {folder!r}, which is a folder. Try: '{folder}/*'.")
            if not matches:
                raise InputError(f"{name} must name files that exist; got {str(pattern)!r}, which matches nothing.")
            found += [match for match in matches if match not in found]
        return cls(tuple(found))


Source = Link | Earlier | Files


@dataclass(frozen=True)
class Step:
    """One job of a graph.

    Parameters
    ----------
    stage
        Its name within the graph, as in ``--until refine``.
    job
        Its kind.
    params
        An object of ``job.params``.
    inputs
        Where the files of each input port come from.
    taken
        Folder of a finished job to take as it is instead of doing the step; empty otherwise.
    estimate
        What it is expected to need, if whoever made the graph knows.
    """

    stage: str
    job: JobType
    params: Any
    inputs: Mapping[str, Source] = field(default_factory=dict)
    taken: str = ""
    estimate: Estimate | None = None

    def __getitem__(self, port: str) -> Link:
        return Link(self.stage, self.job.output(port).name)

    def needs(self) -> set[str]:
        """Stages whose outputs this one reads."""
        return {source.stage for source in self.inputs.values() if isinstance(source, Link)}


def step(
    job: JobType, params: Any, *, stage: str = "", estimate: Estimate | None = None, **inputs: Source | None
) -> Step:
    """Make a step; ``stage`` is the job's name unless given, and inputs that are ``None`` are left out."""
    given = {name: source for name, source in inputs.items() if source is not None}
    return Step(stage or job.name, job, params, given, estimate=estimate)


class Graph:
    """Steps in an order in which each finds its inputs made.

    Raises
    ------
    InputError
        If two steps share a name, a link leads nowhere or in a circle, or a port gets the wrong kind or nothing.
    """

    def __init__(self, *steps: Step) -> None:
        self.steps = _ordered(steps)
        for each in self.steps:
            self._check(each)

    def __getitem__(self, stage: str) -> Step:
        known = {each.stage: each for each in self.steps}
        if stage not in known:
            raise InputError(f"stage must be one of {', '.join(known)}; got {stage!r}.{suggestion(stage, known)}")
        return known[stage]

    def until(self, stage: str) -> Graph:
        """Keep ``stage`` and what it needs."""
        kept = _closure({self[stage].stage}, lambda name: self[name].needs())
        return Graph(*(each for each in self.steps if each.stage in kept))

    def starting(self, stage: str, finished: Callable[[Step], str]) -> Graph:
        """Do ``stage`` and all that depends on it; take the other steps from the project as they are.

        Parameters
        ----------
        stage
            The first step to do.
        finished
            Gives the folder of the latest finished job for a step, or "".
        """
        readers = {each.stage: {other.stage for other in self.steps if each.stage in other.needs()} for each in self.steps}
        redone = _closure({self[stage].stage}, lambda name: readers[name])
        return Graph(*(each if each.stage in redone else self._taken(each, stage, finished) for each in self.steps))

    def _taken(self, each: Step, stage: str, finished: Callable[[Step], str]) -> Step:
        job = finished(each)
        if not job:
            raise InputError(f"the project must hold a finished {each.stage!r} to start from {stage!r}; it has none.")
        return replace(each, taken=job)

    def _check(self, each: Step) -> None:
        for name, source in each.inputs.items():
            port = each.job.input(name)
            if isinstance(source, Link):
                made = self[source.stage].job.output(source.port)
                if made.kind != port.kind:
                    raise InputError(
                        f"{each.stage}.{name} must be of kind {port.kind}; got {source.stage}.{source.port} of kind {made.kind}."
                    )
        for port in each.job.inputs:
            if not port.optional and port.name not in each.inputs:
                raise InputError(f"{each.stage} must be given {port.name} ({port.kind}). Try: --{port.name} FILE.")


def _ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    waiting, done = list(steps), []
    names = [each.stage for each in waiting]
    for each in waiting:
        if names.count(each.stage) > 1:
            raise InputError(f"stage names must be unique; {each.stage!r} is there {names.count(each.stage)} times.")
        if lost := each.needs() - set(names):
            raise InputError(f"{each.stage} reads from {', '.join(sorted(lost))}, which is not in the graph.")
    while waiting:
        ready = [each for each in waiting if each.needs() <= {other.stage for other in done}]
        if not ready:
            raise InputError(f"steps must not feed each other in a circle; got {', '.join(each.stage for each in waiting)}.")
        done.append(ready[0])
        waiting.remove(ready[0])
    return tuple(done)


def _closure(start: set[str], neighbours: Callable[[str], set[str]]) -> set[str]:
    seen, front = set(), start
    while front:
        seen |= front
        front = set().union(*(neighbours(name) for name in front)) - seen
    return seen


def graph_to_json(graph: Graph) -> list[dict[str, Any]]:
    """Describe a graph as JSON can hold it."""
    return [
        {
            "stage": each.stage,
            "job": each.job.name,
            "params": to_json(each.params),
            "inputs": {name: source_to_json(source) for name, source in each.inputs.items()},
            "taken": each.taken,
            "estimate": vars(each.estimate) if each.estimate else None,
        }
        for each in graph.steps
    ]


def graph_from_json(steps: Iterable[Mapping[str, Any]], registry: Registry) -> Graph:
    """Make a graph from its description."""
    return Graph(*(_step_from_json(each, registry.job(each["job"])) for each in steps))


def _step_from_json(told: Mapping[str, Any], job: JobType) -> Step:
    inputs = {name: source_from_json(source) for name, source in told["inputs"].items()}
    estimate = Estimate(**told["estimate"]) if told["estimate"] else None
    return Step(told["stage"], job, from_json(job.params, told["params"]), inputs, told["taken"], estimate)


def source_to_json(source: Source) -> dict[str, Any]:
    """Describe where files come from."""
    return {"paths": list(source.paths)} if isinstance(source, Files) else dict(vars(source))


def source_from_json(told: Mapping[str, Any]) -> Source:
    """Make a source from its description."""
    if "paths" in told:
        return Files(tuple(told["paths"]))
    return Link(**told) if "stage" in told else Earlier(**told)
