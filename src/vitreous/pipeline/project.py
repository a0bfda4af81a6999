"""A project as a person works with it: do a job, run a recipe, go on, ask what was done.

The command line, the web page and a script all work through this one class.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vitreous.errors import InputError
from vitreous.pipeline.executors.choice import executor
from vitreous.pipeline.final import replacing_folder
from vitreous.pipeline.graph import Graph, Step
from vitreous.pipeline.job import Registry, load
from vitreous.pipeline.jsonable import jsonable
from vitreous.pipeline.params import from_json, options, suggestion, to_json
from vitreous.pipeline.record import Record
from vitreous.pipeline.request import Request, Settings, read_request
from vitreous.pipeline.session import Planned, Session
from vitreous.pipeline.sources import sources
from vitreous.pipeline.store import Store
from vitreous.pipeline.watcher import Unwatched, Watcher
from vitreous.runtime.files import write_json

FIGURES = "summary.json"


@dataclass(frozen=True)
class Finished:
    """What a request led to: the job of each stage; for a whole recipe the folder of final results and its figures."""

    records: Mapping[str, Record]
    final: Path | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


class Project:
    """The project in ``folder``, which is made if it is not there.

    Parameters
    ----------
    folder
        Where it lies.
    registry
        The kinds of job and the recipes it knows.
    settings
        Seed, device, memory and executor for what is asked of it.
    watcher
        Is told how the work goes.
    cancel
        Set by another thread to stop the work.
    create
        Whether to make a project that is not there; else it is an error.
    """

    def __init__(
        self,
        folder: str | Path,
        registry: Registry,
        *,
        settings: Settings | None = None,
        watcher: Watcher | None = None,
        cancel: threading.Event | None = None,
        create: bool = True,
    ) -> None:
        self.store = Store(folder, create=create)
        self.registry = registry
        self.settings = (settings or Settings()).settled()
        self.watcher = watcher or Unwatched()
        self.cancel = cancel or threading.Event()

    def do(self, verb: str, *, seed: int | None = None, **values: Any) -> Record:
        """Do one job.

        Parameters
        ----------
        verb
            Its kind: "refine".
        seed
            Instead of the project's.
        **values
            Parameters, and files (paths or patterns) for the input ports. A required input that is not given is the latest
            output of its kind in the project.

        Returns
        -------
        Record
            The finished job: ``record["map"]`` is a path, ``record.figures`` holds the numbers.
        """
        settings = self.settings if seed is None else replace(self.settings, seed=seed)
        request = Request(graph=Graph(self.step(verb, values)), settings=settings)
        return self.go(request).records[verb]

    def run(self, recipe: str, *, until: str = "", start: str = "", **values: Any) -> Finished:
        """Do a recipe; ``until`` and ``start`` name the last and the first stage to do, ``values`` are its parameters."""
        return self.go(self.request(recipe, values, until=until, start=start))

    def resume(self) -> Finished:
        """Go on with what the project was last asked for, with the means recorded then."""
        return self.go(read_request(self.store.folder, self.registry))

    def step(self, verb: str, values: Mapping[str, Any]) -> Step:
        """Make the step that does ``verb`` with ``values``: parameters and files by name."""
        job = self.registry.job(verb)
        ports, known = {port.name for port in job.inputs}, {each.name for each in options(job.params)}
        for name in values:
            if name not in ports | known:
                raise InputError(f"{name!r} is no input or parameter of {verb}.{suggestion(name, ports | known)}")
        params = from_json(job.params, {name: value for name, value in values.items() if name in known})
        return Step(verb, job, params, sources(self.store, self.registry, job, values))

    def request(self, recipe: str, values: Mapping[str, Any], *, until: str = "", start: str = "") -> Request:
        """Make the graph of a recipe, cut to the stages wanted, without doing it."""
        chosen = self.registry.recipe(recipe)
        params = from_json(chosen.params, values)
        whole = chosen.graph(params)
        graph = whole.until(until) if until else whole
        if start:
            graph = graph.starting(start, self._finished)
        partial = len(graph.steps) < len(whole.steps)
        return Request(graph=graph, settings=self.settings, recipe=recipe, params=to_json(params), partial=partial)

    def plan(self, request: Request) -> list[Planned]:
        """Say what of ``request`` is done already, and what the rest will need."""
        return self._session(request.settings).foresee(request.graph)

    def go(self, request: Request) -> Finished:
        """Do ``request``, alone in the project."""
        session = self._session(request.settings)
        with self.store.lock(), closing(session.executor):
            request.save(self.store.folder)
            records = session.run(request.graph)
            return self._finish(request, records)

    def _session(self, settings: Settings) -> Session:
        return Session(
            store=self.store,
            seed=settings.seed,
            device=settings.device,
            memory=settings.memory,
            executor=executor(settings.executor, settings.memory),
            watcher=self.watcher,
            cancel=self.cancel,
        )

    def _finish(self, request: Request, records: Mapping[str, Record]) -> Finished:
        recipe = self.registry.recipes.get(request.recipe)
        if recipe is None or request.partial or not recipe.finish:
            return Finished(records)
        final = self.store.folder / "final"
        with replacing_folder(final) as aside:
            figures = jsonable(load(recipe.finish)(records, from_json(recipe.params, request.params), aside))
            if not (aside / FIGURES).exists():
                write_json(aside / FIGURES, figures)
        return Finished(records, final, figures)

    def _finished(self, step: Step) -> str:
        found = self.store.latest(step.job.name, step.stage)
        return found.job if found else ""
