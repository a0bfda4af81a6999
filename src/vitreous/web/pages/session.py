"""The session in its order, live while it goes on."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from vitreous.web.columns import Reading
from vitreous.web.pages import Tab
from vitreous.web.project_view import ProjectView
from vitreous.web.session import session_of
from vitreous.web.templating import page

router = APIRouter()
TAB = Tab("Session", "/session", 5)
AVERAGES = "live/averages.png"


@router.get("/session")
def session(request: Request) -> Response:
    """Show the session; its numbers are asked for by the page."""
    project: ProjectView = request.app.state.project
    return page(request, "session.html", averages=AVERAGES if (project.root / AVERAGES).exists() else "")


@router.get("/api/session")
def numbers(request: Request) -> Response:
    """Send what was measured of each micrograph, and how a live session stands."""
    found = session_of(request.app.state.project)
    if isinstance(found, Reading):
        return JSONResponse({"reading": True}, status_code=202)
    return JSONResponse({"reading": False, **(found.told() if found else {"names": []})})
