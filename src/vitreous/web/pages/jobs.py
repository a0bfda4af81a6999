"""The page of one job: how it goes or went, what it was given, what it made, and how to do it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from vitreous.jobs.report.words import clock
from vitreous.pipeline.events import read_events
from vitreous.pipeline.forms import default_text
from vitreous.pipeline.job import JobType
from vitreous.pipeline.params import Option, options, plain
from vitreous.pipeline.record import Record
from vitreous.pipeline.script import as_script
from vitreous.web.forms import command_of, text_of
from vitreous.web.pictures import pictures_of
from vitreous.web.project_view import Outside, ProjectView
from vitreous.web.state import WORDS, standing
from vitreous.web.stream import progress
from vitreous.web.templating import page
from vitreous.web.why import own_numbers, why
from vitreous.web.words import job_title, shown, size, spelled

router = APIRouter()

#: Lines of the log, files of a port and items set aside that a page shows.
LINES, FILES, ASIDE = 60, 5, 100
#: Bytes of the log that are looked at for them.
TAIL = 65_536
#: Letters of a script or command that are shown; longer ones can be downloaded.
TEXT = 20_000


@router.get("/jobs/{job}")
def job(request: Request, job: str) -> Response:
    """Show a job."""
    project = request.app.state.project
    now = standing(project)
    state = next((each for each in now.jobs if each.job == job), None)
    record = project.record(job)
    if state is None or record is None:
        raise Outside(job)
    number, kind = job_title(job)
    known = project.registry.jobs.get(record.type)
    texts = {"script": as_script(project.store, job) if state.state == "done" else "", "command": command_of(project, record)}
    short = {name: text if len(text) <= TEXT else "" for name, text in texts.items()}
    told = {
        "state": state, "record": record, "number": number, "kind": kind, "word": WORDS[state.state], "known": known,
        "progress": progress(state.pace), "now": now, "took": _took(record),
        "figures": [shown(name, value) for name, value in record.figures.items()],
        "pictures": [(_relative(project, each.path), each) for each in pictures_of(record)],
        "inputs": _inputs(project, record), "outputs": _outputs(project, record, known), "parameters": _parameters(record, known),
        "log": _log(record), "log_path": _relative(project, record.folder / "log.jsonl"), "used": _used(record),
        **short, "long": short != texts,
        "papers": known.papers if known else (), "numbers": own_numbers(project.records(), {**record.params, **record.figures}),
        "aside": record.quarantine[:ASIDE], "users": _users(now.jobs, job), "live": request.app.state.look(),
    }  # fmt: skip
    return page(request, "job.html", **told)


def _relative(project: ProjectView, path: Path) -> str:
    return path.relative_to(project.folder).as_posix()


def _users(jobs: Any, job: str) -> list[str]:
    """Jobs that use what this one made."""
    return [each.job for each in jobs if each.job and any(parent == job for parent, _, _ in each.parents)]


def _inputs(project: ProjectView, record: Record) -> list[dict[str, Any]]:
    """What the job was given: an earlier job's output, or files from outside."""
    return [
        {"port": spelled(port), "job": told.get("job", ""), "output": spelled(told.get("port", "")),
         "paths": told.get("paths", [])[:FILES], "more": max(0, len(told.get("paths", ())) - FILES)}
        for port, told in record.inputs.items()
    ]  # fmt: skip


def _outputs(project: ProjectView, record: Record, known: JobType | None) -> list[dict[str, Any]]:
    """What the job made, with the sizes of files."""
    helps = {port.name: port.help or port.kind for port in known.outputs} if known else {}
    rows = []
    for port, names in record.outputs.items():
        paths = [record.folder / name for name in names[:FILES]]
        files = [(_relative(project, path), path.name, _size(path)) for path in paths]
        rows.append({"port": spelled(port), "help": helps.get(port, ""), "files": files, "more": max(0, len(names) - FILES)})
    return rows


def _size(path: Path) -> str:
    return size(path.stat().st_size) if path.is_file() else "missing"


def _parameters(record: Record, known: JobType | None) -> list[dict[str, Any]]:
    """What the job was told, in its units, with what is not the default marked."""
    declared = {each.name: each for each in options(known.params)} if known else {}
    return [_parameter(record, name, value, declared.get(name)) for name, value in record.params.items()]


def _parameter(record: Record, name: str, value: Any, declared: Option | None) -> dict[str, Any]:
    """One of them; a name that the job does not know any more is shown as it is."""
    row = {"name": spelled(name), "value": str(value), "unit": "", "help": "", "changed": True, "why": why(record.type, name)}
    if declared is None:
        return row
    text = default_text(declared) if value == plain(declared.default) else text_of(declared, value).replace("\n", ", ")
    if declared.kind == "switch":
        text = "yes" if value else "no"
    unit = declared.unit if text and text[0].isdigit() else ""
    return row | {"value": text or "none", "unit": unit, "help": declared.help, "changed": value != plain(declared.default)}


def _log(record: Record) -> list[dict[str, str]]:
    """The last lines of the log, the latest last."""
    return [_line(each) for each in read_events(record.folder / "log.jsonl", last=TAIL)[-LINES:]]


def _line(event: Mapping[str, Any]) -> dict[str, str]:
    at = datetime.fromtimestamp(event["time"]).astimezone().strftime("%H:%M:%S")
    words = [event["message"]] if event.get("message") else []
    words += [_said(name, value) for name, value in event.get("figures", {}).items()]
    return {"time": at, "step": event["step"], "count": f"{event['done']} of {event['total']}", "words": "; ".join(words)}


def _said(name: str, value: Any) -> str:
    words, text, unit, _ = shown(name, value)
    return f"{words} {text} {unit}".strip()


def _took(record: Record) -> str:
    """Time and memory in a few words; empty before it is done."""
    return f"{clock(record.used['wall_seconds'])}, {size(record.used['peak_memory_bytes'])} of memory" if record.used else ""


def _used(record: Record) -> list[tuple[str, str]]:
    """Time, memory, machine and versions."""
    used = record.used
    if not used:
        return []
    began = datetime.fromtimestamp(used["started"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    rows = [("began", began), ("time", clock(used["wall_seconds"])), ("processor time", clock(used["cpu_seconds"])),
            ("memory, at most", size(used["peak_memory_bytes"])), ("machine", used.get("host", "")), ("device", used.get("device", "")),
            ("seed", str(record.seed))]  # fmt: skip
    return rows + [(name, str(version)) for name, version in used.get("versions", {}).items()]


@router.get("/jobs/{job}/script.py")
def script(request: Request, job: str) -> Response:
    """Send the script that repeats a job and all it came from."""
    project = request.app.state.project
    if project.record(job) is None:
        raise Outside(job)
    headers = {"content-disposition": f'attachment; filename="repeat_{job}.py"'}
    return PlainTextResponse(as_script(project.store, job), headers=headers)
