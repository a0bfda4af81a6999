"""The page of a project as one ASGI application."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from vitreous.errors import VitreousError
from vitreous.pipeline.job import Registry
from vitreous.web.guard import App, Guard
from vitreous.web.learning import room
from vitreous.web.pages import PAGES, Tab
from vitreous.web.project_view import Outside, ProjectView
from vitreous.web.state import standing
from vitreous.web.stream import Shared, told
from vitreous.web.templating import HERE, page
from vitreous.web.work import Work

#: What a reader is told when a page cannot be shown.
WORDS = {
    404: ("There is no such page", "The address may be mistyped, or the job was removed."),
    405: ("This cannot be done here", "The address is right, but not for what was asked of it."),
}


def create_app(
    folder: str | Path,
    registry: Registry,
    *,
    token: str,
    prefix: str = "",
    hosts: Iterable[str] = (),
    learn: bool = True,
) -> App:
    """Make the application that shows the project in ``folder``.

    Parameters
    ----------
    folder
        The project.
    registry
        The kinds of job and the recipes that can be started.
    token
        The secret that a browser must show; see :class:`~vitreous.web.guard.Guard`.
    prefix
        Path under which a proxy shows the page: "/node/7"; without a slash at its end.
    hosts
        Names besides the loopback's by which browsers may reach the page.
    learn
        Whether the lessons are shown under ``/learn``.

    Raises
    ------
    InputError
        If ``folder`` is no project.
    """
    project = ProjectView(folder, registry)
    app = FastAPI(title="Vitreous", docs_url=None, redoc_url=None, openapi_url=None)
    modules = [importlib.import_module(f"vitreous.web.pages.{name}") for name in PAGES]
    app.state.project = project
    app.state.lessons = frozenset()
    work = app.state.work = Work(project.folder, project.cache)
    app.state.look = Shared(lambda: told(standing(project), work.starting(), work.problem()))
    tabs = [module.TAB for module in modules if hasattr(module, "TAB")] + ([Tab("Learn", "/learn/", 100)] if learn else [])
    app.state.tabs = sorted(tabs, key=lambda tab: tab.order)
    for module in modules:
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    if learn:
        lessons = room(project.folder.name)
        app.mount("/learn", lessons)
        app.state.lessons = lessons.state.ready
    app.add_exception_handler(Outside, _missing)
    app.add_exception_handler(HTTPException, _missing)
    app.add_exception_handler(VitreousError, _refused)
    return Guard(app, token=token, name=str(project.root), prefix=prefix, hosts=hosts)


async def _missing(request: Request, problem: Exception) -> Response:
    status = getattr(problem, "status_code", 404)
    title, words = WORDS.get(status, ("This did not work", ""))
    detail = getattr(problem, "detail", "")
    return page(request, "problem.html", status=status, title=title, words=words if detail in ("", "Not Found") else detail)


async def _refused(request: Request, problem: Exception) -> Response:
    return page(request, "problem.html", status=409, title="This cannot be done", words=str(problem))
