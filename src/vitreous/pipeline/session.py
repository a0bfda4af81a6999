"""Doing a graph of jobs in a project: what is there is taken, what was begun goes on, the rest is done."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from vitreous.errors import Cancelled, InputError
from vitreous.pipeline.attempt import attempt
from vitreous.pipeline.checkpoint import State
from vitreous.pipeline.context import Context
from vitreous.pipeline.digests import file_digest, job_key
from vitreous.pipeline.events import EventLog, fan_out
from vitreous.pipeline.executors import Executor
from vitreous.pipeline.executors.local import Local
from vitreous.pipeline.graph import Files, Graph, Link, Source, Step
from vitreous.pipeline.job import Estimate, load
from vitreous.pipeline.params import to_json
from vitreous.pipeline.ports import Inputs
from vitreous.pipeline.record import Record
from vitreous.pipeline.store import Store
from vitreous.pipeline.watcher import Unwatched, Watcher
from vitreous.runtime.progress import Progress


@dataclass(frozen=True)
class Planned:
    """A step as foreseen: the job that did it already (or "") and what it is expected to need (or ``None``)."""

    step: Step
    done: str
    estimate: Estimate | None


@dataclass(frozen=True, kw_only=True)
class Session:
    """The means by which jobs are done in one project.

    Parameters
    ----------
    store
        The project.
    seed
        Seed of all chance.
    device
        "auto", "cpu", "cuda:0" …
    memory
        Bytes a job may use.
    executor
        Does the items of a job's ``map`` and ``map_reduce``.
    watcher
        Is told how it goes.
    cancel
        Set by another thread to stop the work at the next event.
    """

    store: Store
    seed: int
    memory: int
    device: str = "auto"
    executor: Executor = field(default_factory=Local)
    watcher: Watcher = field(default_factory=Unwatched)
    cancel: threading.Event = field(default_factory=threading.Event)

    def run(self, graph: Graph) -> dict[str, Record]:
        """Do every step of ``graph`` that is not done yet; the project must be locked.

        Returns
        -------
        dict[str, Record]
            The finished job of each stage.

        Raises
        ------
        InputError, JobError, Cancelled
            As :func:`vitreous.pipeline.attempt.attempt` does; what was finished is kept.
        """
        self.store.recover()
        done: dict[str, Record] = {}
        for step in graph.steps:
            done[step.stage] = self._do(step, done)
        return done

    def _do(self, step: Step, done: Mapping[str, Record]) -> Record:
        inputs, asked = self._ask(step, done)
        record = self._found(step, asked)
        if not record:
            begun = self.store.begin(asked)
            self.watcher.started(begun)
            record = attempt(self.store, step, begun, inputs, self._context(begun))
        self.watcher.ended(record)
        return record

    def foresee(self, graph: Graph) -> list[Planned]:
        """Say of each step whether it is done already, and what it will need where that is known."""
        done: dict[str, Record] = {}
        plan = []
        for step in graph.steps:
            estimate = step.estimate
            if step.needs() <= set(done):
                inputs, asked = self._ask(step, done)
                found = self._found(step, asked)
                if found:
                    done[step.stage] = found
                elif step.job.estimate and estimate is None:
                    estimate = load(step.job.estimate)(inputs, step.params)
            plan.append(Planned(step, done[step.stage].job if step.stage in done else "", estimate))
        return plan

    def _found(self, step: Step, asked: Record) -> Record | None:
        if step.taken:
            return self.store.job(step.taken)
        return None if step.job.lasting else self.store.find(asked.key)

    def _ask(self, step: Step, done: Mapping[str, Record]) -> tuple[Inputs, Record]:
        """Gather a step's files, and the record that says which work it is."""
        files, identity = {}, {}
        for port, source in step.inputs.items():
            files[port], identity[port] = self._files(source, done)
            if len(files[port]) > 1 and not step.job.input(port).many:
                raise InputError(f"{port} must be one file; got {len(files[port])}: {files[port][0]}, {files[port][1]} …")
        params = to_json(step.params)
        key = job_key(step.job.name, step.job.code, params, identity, self.seed)
        kind, code = step.job.name, step.job.code
        record = Record(job="", type=kind, stage=step.stage, code=code, key=key, seed=self.seed, params=params, inputs=identity)
        return Inputs(files), record

    def _files(self, source: Source, done: Mapping[str, Record]) -> tuple[tuple[Path, ...], dict[str, Any]]:
        if isinstance(source, Files):
            paths = list(source.paths)
            return tuple(map(Path, paths)), {"paths": paths, "digests": [_digest(path) for path in paths]}
        record = done[source.stage] if isinstance(source, Link) else self.store.job(source.job)
        # A job's key stands for all its bytes: it covers everything they came from.
        return record.files(source.port), {"job": record.job, "port": source.port, "digests": [record.key]}

    def _context(self, record: Record) -> Context:
        def stop_if_asked(event: Progress) -> None:
            if self.cancel.is_set():
                raise Cancelled("stopped by the user.")

        return Context(
            project=self.store.folder,
            folder=record.folder,
            final=self.store.jobs / record.job,
            state=State(record.folder / "state"),
            report=fan_out(stop_if_asked, EventLog(record.folder / "log.jsonl"), partial(self.watcher.progress, record)),
            seed=self.seed,
            device=self.device,
            memory=self.memory,
            executor=self.executor,
            cancel=self.cancel,
        )


def _digest(path: str) -> str:
    try:
        return file_digest(path)
    except OSError as problem:
        raise InputError(f"{path} must be a file that can be read; {problem.strerror}.") from problem
