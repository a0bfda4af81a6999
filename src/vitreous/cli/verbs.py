"""The verbs that work: one for each job, one for each recipe."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vitreous.cli import answer
from vitreous.cli.arguments import Parser, add_inputs, add_means, add_parameters, read_parameters, read_settings
from vitreous.cli.watch import watcher
from vitreous.pipeline.job import JobType, Recipe, Registry
from vitreous.pipeline.params import options
from vitreous.pipeline.project import Finished, Project
from vitreous.pipeline.record import Record
from vitreous.pipeline.request import Request


def job_parser(job: JobType) -> Parser:
    """Make the parser of a job's verb."""
    gives = "\n".join(f"  {port.file:<24}{port.help or port.kind}" for port in job.outputs)
    cites = "\n".join(f"  {paper}" for paper in job.papers)
    placed = [each.name for each in (*job.inputs, *options(job.params)) if each.positional]
    places = "".join(f" {name.upper()}" for name in placed)
    parser = Parser(job.name, job.summary, f"gives:\n{gives}" + (f"\n\ncite:\n{cites}" if cites else ""), places)
    add_inputs(parser, job.inputs)
    add_parameters(parser, job.params)
    add_means(parser, out=True)
    return parser


def recipe_parser(recipe: Recipe) -> Parser:
    """Make the parser of a recipe's verb."""
    parser = Parser(recipe.name, recipe.summary)
    add_parameters(parser, recipe.params)
    group = parser.add_argument_group("stages")
    group.add_argument("--until", metavar="STAGE", default="", help="the last stage to do; --plan names them (all)")
    group.add_argument("--from", metavar="STAGE", default="", help="the first stage to do; others stay as they are (all)")
    group.add_argument("--plan", action="store_true", default=False, help="print the plan and stop")
    add_means(parser)
    return parser


def job_verb(job: JobType, words: list[str], registry: Registry) -> int:
    """Do one job."""
    given = vars(job_parser(job).parse_args(words))
    values = read_parameters(job.params, given)
    files = {port.name: given[port.name] for port in job.inputs if given.get(port.name)}
    settings = read_settings(given)
    with watcher(quiet=given["quiet"]) as watch, stoppable():
        folder = given.get("project") or given.get("out") or "."
        record = Project(folder, registry, settings=settings, watcher=watch).do(job.name, **values, **files)
    paths = {port: record.files(port) for port in record.outputs}
    if "out" in given:
        paths = _put(record, Path(given["out"]))
    answer.job(record, paths, as_json=given["json"])
    return 0


def recipe_verb(recipe: Recipe, words: list[str], registry: Registry) -> int:
    """Print the plan of a recipe and do it."""
    given = vars(recipe_parser(recipe).parse_args(words))
    values = read_parameters(recipe.params, given)
    settings = read_settings(given)
    with watcher(quiet=given["quiet"]) as watch, stoppable():
        project = Project(given.get("project", "."), registry, settings=settings, watcher=watch)
        request = project.request(recipe.name, values, until=given["until"], start=given["from"])
        if given["plan"] or not given["quiet"]:
            answer.plan(project.plan(request), as_json=given["plan"] and given["json"], aside=not given["plan"])
        if given["plan"]:
            return 0
        return finish(project, request, given)


def finish(project: Project, request: Request, given: dict[str, Any]) -> int:
    """Do a request and say what came of it."""
    finished: Finished = project.go(request)
    answer.finished(project.store.folder, finished, as_json=given["json"])
    return 0


def _put(record: Record, folder: Path) -> dict[str, tuple[Path, ...]]:
    """Put the results also into ``folder``: as links where the disk allows, so that they take no room."""
    placed: dict[str, tuple[Path, ...]] = {}
    for port in record.outputs:
        places = [folder / path.relative_to(record.folder / "outputs") for path in record.files(port)]
        for path, place in zip(record.files(port), places):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            try:
                os.link(path, place)
            except OSError:
                shutil.copy2(path, place)
        placed[port] = tuple(places)
    return placed


@contextmanager
def stoppable() -> Iterator[None]:
    """Treat a polite end from outside (a queue's time limit) like Ctrl-C."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
