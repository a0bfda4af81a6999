"""Verbs about a project: resume, status, plan, script, cite."""

from __future__ import annotations

import json
from typing import Any

from vitreous.cli import answer
from vitreous.cli.arguments import Parser, add_manners
from vitreous.cli.verbs import finish, stoppable
from vitreous.cli.watch import watcher
from vitreous.pipeline.events import pace, read_events
from vitreous.pipeline.job import Registry
from vitreous.pipeline.lock import holder
from vitreous.pipeline.project import Project
from vitreous.pipeline.provenance import citations
from vitreous.pipeline.record import Record
from vitreous.pipeline.request import read_request
from vitreous.pipeline.script import as_script
from vitreous.pipeline.store import Store
from vitreous.runtime.files import read_json


def _given(verb: str, summary: str, words: list[str], *extra: tuple[str, str, str]) -> dict[str, Any]:
    parser = Parser(verb, summary)
    group = parser.add_argument_group("the project")
    group.add_argument("folder", metavar="PROJECT", nargs="?", help="its folder (this folder)")
    group.add_argument("--project", metavar="P", help="the same, as for other verbs")
    for name, metavar, text in extra:
        group.add_argument(name, metavar=metavar, default="", help=text)
    add_manners(parser)
    given = vars(parser.parse_args(words))
    return given | {"project": given.get("folder") or given.get("project") or "."}


def resume(words: list[str], registry: Registry) -> int:
    """Go on with what the project was last asked for."""
    given = _given("resume", "Go on with what was stopped or killed; the result is the same as if it had not been.", words)
    with watcher(quiet=given["quiet"]) as watch, stoppable():
        project = Project(given["project"], registry, watcher=watch, create=False)
        return finish(project, read_request(project.store.folder, registry), given)


def plan(words: list[str], registry: Registry) -> int:
    """Print the steps last asked for."""
    given = _given("plan", "Print the steps last asked for: what is done, and what the rest will need.", words)
    project = Project(given["project"], registry, create=False)
    answer.plan(project.plan(read_request(project.store.folder, registry)), as_json=given["json"])
    return 0


def script(words: list[str], registry: Registry) -> int:
    """Print the script that repeats a result."""
    job = ("--job", "JOB", "folder name or number of the job whose result is wanted (all jobs)")
    given = _given("script", "Print the Python script that repeats a result.", words, job)
    print(as_script(Store(given["project"]), given["job"]), end="")
    return 0


def cite(words: list[str], registry: Registry) -> int:
    """Print what to cite."""
    given = _given("cite", "Print the papers whose methods made the results of a project.", words)
    used = citations(Store(given["project"]).records(), registry)
    if given["json"]:
        print(json.dumps({"citations": used}, ensure_ascii=False))
    else:
        print("\n".join(paper + (f"  [{', '.join(jobs)}]" if jobs else "") for paper, jobs in used.items()))
    return 0


def status(words: list[str], registry: Registry) -> int:
    """Print the jobs of a project."""
    given = _given("status", "Show what is done, what is going on and how long it will take.", words)
    store = Store(given["project"])
    working = holder(store.folder)
    jobs = [_state(record, working=bool(working)) for record in store.records()]
    session = _session(store, working=bool(working))
    if given["json"]:
        told = {"project": str(store.folder), "holder": working, "jobs": jobs} | ({"session": session} if session else {})
        print(json.dumps(told, ensure_ascii=False))
        return 0
    print(f"{store.folder}: {f'in use by {working}' if working else 'nobody is working here'}")
    for each in jobs:
        print(f"  {each['job']:<28}{each['status']:<14}{each['note']}")
    if session:
        print("\n".join(answer.session(session)))
    return 0


def _session(store: Store, *, working: bool) -> dict[str, Any] | None:
    """What a live session of the project says of itself, without its movies; ``None`` if there is none.

    One that has not ended is interrupted where nobody is working: it was killed.
    """
    path = store.folder / "live" / "live.json"
    told: Any = read_json(path) if path.exists() else None
    if told and not working and told["state"] != "ended":
        told |= {"state": "interrupted", "message": ""}
    return told and {name: value for name, value in told.items() if name != "movies"}


def _state(record: Record, *, working: bool) -> dict[str, Any]:
    state = "interrupted" if record.status == "running" and not working else record.status
    notes = {"done": _done_note(record), "failed": record.cause, "running": _running_note(record)}
    return {"job": record.job, "status": state, "note": notes.get(state, ""), "figures": dict(record.figures)}


def _done_note(record: Record) -> str:
    parts = [answer.duration(record.used.get("wall_seconds", 0.0)), answer.size(record.used.get("peak_memory_bytes", 0))]
    parts += [f"{name} {answer.number(value)}" for name, value in record.figures.items() if isinstance(value, (int, float))]
    return ", ".join(parts + ([f"{len(record.quarantine)} set aside"] if record.quarantine else []))


def _running_note(record: Record) -> str:
    now = pace(read_events(record.folder / "log.jsonl"))
    if now is None:
        return ""
    known = now.seconds_left is not None and now.done < now.total
    left = f", about {answer.duration(now.seconds_left)} left in this step" if known else ""
    return f"{now.step} {now.done} of {now.total}{left}"
