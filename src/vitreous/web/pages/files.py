"""Files of the project, as they are; and the colours of the page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from vitreous.views.palette import variables
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
    return Response(variables(":root"), media_type="text/css")
