"""Starting, stopping and going on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from vitreous.errors import InputError
from vitreous.pipeline.job import JobType, Recipe
from vitreous.web.asked import fields_of_request
from vitreous.web.forms import (
    Fields,
    fields_of,
    fields_of_record,
    means_of,
    ports_of,
    read_files,
    read_means,
    read_values,
    untouched,
)
from vitreous.web.project_view import Outside, ProjectView
from vitreous.web.state import asked_for
from vitreous.web.templating import page, url
from vitreous.web.why import own_numbers
from vitreous.web.work import words_of

router = APIRouter()
Sent = Annotated[Any, Depends(fields_of_request)]


@dataclass(frozen=True)
class Read:
    """What a form says: the words of the command, and what is wrong by field."""

    words: list[str]
    errors: dict[str, str]


@router.get("/new")
def choose(request: Request) -> Response:
    """List what can be started, by purpose."""
    registry = request.app.state.project.registry
    groups: dict[str, list[JobType | Recipe]] = {}
    for each in (*registry.recipes.values(), *registry.jobs.values()):
        groups.setdefault(each.group, []).append(each)
    return page(request, "new.html", groups=groups)


@router.get("/new/{verb}")
def form(request: Request, verb: str, like: str = "") -> Response:
    """Show the form of a job or recipe; filled in as the job ``like`` was, and with what else the address says of its fields."""
    project = request.app.state.project
    declared = _declared(project, verb)
    asked = {name: request.query_params.getlist(name) for name in request.query_params if name != "like"}
    if not like:
        return _form(request, declared, untouched(declared) | asked if asked else None, {})
    record = project.record(like)
    if record is None or record.type != verb:
        raise Outside(like)
    return _form(request, declared, fields_of_record(record, declared) | asked, {}, like=like)


@router.post("/new/{verb}")
def start(request: Request, verb: str, sent: Sent) -> Response:
    """Start it, or show what is wrong beside each field."""
    project = request.app.state.project
    declared = _declared(project, verb)
    read = _read(project, declared, sent)
    if not read.errors:
        try:
            request.app.state.work.start(read.words)
        except InputError as problem:
            read.errors[""] = str(problem)
    if read.errors:
        return _form(request, declared, sent, read.errors, status=422)
    return _to(request, "/")


def _declared(project: ProjectView, verb: str) -> JobType | Recipe:
    found = project.registry.jobs.get(verb) or project.registry.recipes.get(verb)
    if found is None:
        raise Outside(verb)
    return found


def _read(project: ProjectView, declared: JobType | Recipe, fields: Fields) -> Read:
    values, errors = read_values(declared.params, fields)
    files, wrong = read_files(project, declared, fields) if isinstance(declared, JobType) else ({}, {})
    means, bad = read_means(fields)
    return Read(words_of(declared.name, values, files, means, project.folder), errors | wrong | bad)


def _form(
    request: Request, declared: JobType | Recipe, fields: Fields | None, errors: dict[str, str], *, like: str = "", status: int = 200
) -> Response:
    project = request.app.state.project
    given: Fields = fields or {}
    inputs = fields_of(declared, fields, errors)
    told = {
        "verb": declared, "like": like, "errors": errors, "busy": request.app.state.work.busy(), "means": means_of(given, errors),
        "ports": ports_of(project, declared, given, errors) if isinstance(declared, JobType) else [],
        "usual": [each for each in inputs if not each.advanced], "fine": [each for each in inputs if each.advanced],
        "numbers": own_numbers(project.records(), _numbers(fields)),
    }  # fmt: skip
    return page(request, "form.html", status=status, **told)


def _numbers(fields: Fields | None) -> dict[str, float]:
    """What of a form are numbers."""
    told = {}
    for name, texts in (fields or {}).items():
        try:
            told[name] = float(texts[0])
        except (ValueError, IndexError):
            continue
    return told


@router.post("/stop")
def stop(request: Request) -> Response:
    """Stop what is being done."""
    request.app.state.work.stop()
    return _to(request, "/")


@router.post("/resume")
def resume(request: Request) -> Response:
    """Go on with what was last asked for."""
    state = request.app.state
    state.work.start(["resume", f"--project={state.project.folder}"])
    return _to(request, "/")


@router.post("/jobs/{job}/resume")
def resume_job(request: Request, job: str) -> Response:
    """Go on with a job that did not end: with all that was asked for, if it belongs to that, else with it alone."""
    project, work = request.app.state.project, request.app.state.work
    record = project.record(job)
    if record is None or record.status == "done":
        raise Outside(job)
    if asked_for(project, record):
        return resume(request)
    declared = project.registry.job(record.type)
    read = _read(project, declared, fields_of_record(record, declared))
    if read.errors:
        raise InputError(f"{job} cannot be gone on with: {'; '.join(read.errors.values())} Try: clone it and change what is wrong.")
    work.start(read.words)
    return _to(request, "/")


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(url(request.scope.get("root_path", ""), path), status_code=303)
