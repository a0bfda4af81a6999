"""Files of the project, as they are; and the colours of the page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from vitreous.views.palette import COLOURS
from vitreous.web.guard import PAPER
from vitreous.web.project_view import Outside

router = APIRouter()


@router.get("/files/{path:path}")
def file(request: Request, path: str) -> Response:
    """Send a file that lies inside the project; whatever is written in it does not run in the browser."""
    found = request.app.state.project.inside(path)
    if not found.is_file():
        raise Outside(path)
    return FileResponse(found, headers={"content-security-policy": PAPER})


@router.get("/palette.css")
def palette() -> Response:
    """The colours of :mod:`vitreous.views.palette` as variables, for light and dark paper."""
    themed = {role: pair for role, pair in COLOURS.items() if pair[0] != pair[1]}
    light, dark = ("".join(f"--{role}:{pair[index]};" for role, pair in themed.items()) for index in (0, 1))
    text = f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
    return Response(text, media_type="text/css")
