"""The lessons behind the same guard as the page of a project: beside a project, or alone."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from vitreous.learning.room import learning_room
from vitreous.lessons import FOLDER
from vitreous.web.guard import App, Guard


def room(project: str = "") -> Starlette:
    """The learning room with the lessons of Vitreous, to be mounted at ``/learn``."""
    return learning_room(FOLDER, project=project)


def create_learning_app(*, token: str, prefix: str = "", hosts: Iterable[str] = ()) -> App:
    """Make the application that shows the lessons without a project.

    Parameters
    ----------
    token, prefix, hosts
        As for :func:`vitreous.web.app.create_app`.
    """
    app = Starlette(routes=[Route("/", _home), Mount("/learn", room())])
    return Guard(app, token=token, name="the learning room", prefix=prefix, hosts=hosts)


def _home(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/learn/", status_code=303)
