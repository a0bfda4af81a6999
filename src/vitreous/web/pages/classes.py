"""The gallery of class averages, and which of them are kept."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from vitreous.web.classes import Classification, classifications, described, sheet
from vitreous.web.pages import Tab
from vitreous.web.project_view import Outside
from vitreous.web.templating import page

router = APIRouter()
TAB = Tab("Classes", "/classes", 20)


@router.get("/classes")
def classes(request: Request, job: str = "") -> Response:
    """Show the classes of one classification, the last one without ``job``."""
    found = classifications(request.app.state.project)
    chosen = _one(request, job) if job else found[0] if found else None
    return page(request, "classes.html", all=found, chosen=chosen)


@router.get("/api/classes")
def about(request: Request, job: str) -> Response:
    """Send what is said of each class."""
    return JSONResponse(described(_one(request, job)))


@router.get("/api/classes/sheet.png")
def picture(request: Request, job: str) -> Response:
    """Send the averages in one picture."""
    return FileResponse(sheet(_one(request, job), request.app.state.project.cache), media_type="image/png")


def _one(request: Request, job: str) -> Classification:
    found = next((each for each in classifications(request.app.state.project) if each.job == job), None)
    if found is None:
        raise Outside(job)
    return found
