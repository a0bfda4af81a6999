"""The learning room: the paths, what is done of them, the lessons, and the bibliography, as one web application.

It trusts whoever reaches it: a guard stands before it (:mod:`vitreous.web.guard`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from vitreous.learning import progress, syllabus
from vitreous.learning.bibliography import themes
from vitreous.learning.notebooks import Notebook
from vitreous.views.palette import variables

HERE = Path(__file__).parent
ENVIRONMENT = Environment(
    loader=PackageLoader("vitreous.learning"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
#: The room's own pages carry no script at all; only lessons do.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"


def ready(folder: Path, taught: syllabus.Lesson) -> bool:
    """Whether the notebook of a lesson is in ``folder``."""
    return (folder / f"{taught.module}.py").is_file()


def learning_room(folder: Path, *, project: str = "") -> Starlette:
    """Make the application.

    Parameters
    ----------
    folder
        Where the notebooks are.
    project
        Name of the project page one level up; "" if there is none.

    Returns
    -------
    Starlette
        To be mounted, or served, under a path of its own that ends in a slash.
    """
    there = [taught for taught in syllabus.lessons() if ready(folder, taught)]
    routes = [
        Route("/", _home), Route("/bibliography", _bibliography), Route("/palette.css", _palette),
        *(Route(f"/{name}", _static(name)) for name in ("room.css", "lesson.css", "lesson.js")),
        Route("/done/{lesson}", _done, methods=["POST"]),
        *(Mount(f"/{taught.id}", Notebook(folder / f"{taught.module}.py")) for taught in there),
    ]  # fmt: skip
    room = Starlette(routes=routes)
    room.state.ready = frozenset(taught.id for taught in there)
    room.state.project = project
    return room


def _page(request: Request, template: str, **told: Any) -> Response:
    text = ENVIRONMENT.get_template(template).render(project=request.app.state.project, **told)
    return HTMLResponse(text, headers={"content-security-policy": POLICY})


def _home(request: Request) -> Response:
    done = progress.done()
    paths = {stream: syllabus.path(stream) for stream in ("blur", "sharpen")}
    titles = {each.id: each.title for path in paths.values() for each in path}
    others = [meeting for meeting in syllabus.meetings() if not meeting.path]
    answered = [each for each in syllabus.questions() if each.answer is not None]
    state = request.app.state
    stops = {each.id for path in paths.values() for each in path if each.id in state.ready}
    return _page(request, "home.html", paths=paths, titles=titles, others=others, done=done, ready=state.ready, stops=stops,
                 answered=answered, asked=len(syllabus.questions()), solved=_solved(done))  # fmt: skip


def _solved(done: dict[str, str]) -> int:
    """How many of the syllabus' exercises are solved."""
    return sum(each.id in done for each in syllabus.questions() if each.answer is not None and each.answer.kind == "exercise")


def _bibliography(request: Request) -> Response:
    return _page(request, "bibliography.html", themes=themes())


async def _done(request: Request) -> Response:
    """Note a lesson as done, or as not done if it was; and back to where it stands."""
    id_ = request.path_params["lesson"]
    if id_ not in request.app.state.ready:
        return Response("There is no such lesson.\n", status_code=404, media_type="text/plain")
    progress.remember(id_, as_done=id_ not in progress.done())
    return RedirectResponse(f"../#{id_}", status_code=303)


def _palette(request: Request) -> Response:
    """Colours of figures as variables, for light and dark paper."""
    return Response(variables(":root"), media_type="text/css")


def _static(name: str) -> Any:
    def sent(request: Request) -> Response:
        return FileResponse(HERE / "static" / name)

    return sent
