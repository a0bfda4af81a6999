"""From which sides the particles were seen: a sphere to turn, a map of it, and the spread of tilts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from vitreous.web.columns import Reading, cache_of
from vitreous.web.figures import kept_figure
from vitreous.web.pages import Tab
from vitreous.web.project_view import Outside, ProjectView
from vitreous.web.templating import page
from vitreous.web.view_directions import Views, kept_texture, lists_of_views, read_texture, tilts

router = APIRouter()
TAB = Tab("Directions", "/directions", 40)
#: Pictures of a job that say how even its directions are.
MORE = ("directions.svg", "sampling.svg", "occupancy.svg", "pictures/sampling.svg", "pictures/directions.svg")


@router.get("/directions")
def directions(request: Request, file: str = "") -> Response:
    """Show the directions of one list, the last one without ``file``."""
    project: ProjectView = request.app.state.project
    found = lists_of_views(project)
    one = _one(project, file) if file else found[0] if found else None
    return page(request, "directions.html", all=found, one=one, more=_more(project, one) if one else [])


def _more(project: ProjectView, one: Views) -> list[str]:
    folders = [f"jobs/{one.job}/outputs"]
    folders += [f"jobs/{each.job}/outputs" for each in project.records() if each.type == "directions" and each.status == "done"][-1:]
    return [f"{folder}/{name}" for folder in folders for name in MORE if (project.folder / folder / name).exists()]


@router.get("/api/directions/texture")
def texture(request: Request, file: str) -> Response:
    """Send the density of directions over even coverage: float32, rows of tilt 1°, 3° …, each of rot −179°, −177° …"""
    project: ProjectView = request.app.state.project
    kept = kept_texture(project, _one(project, file))
    if isinstance(kept, Reading):
        return JSONResponse({"reading": True}, status_code=202)
    return FileResponse(kept, media_type="application/octet-stream")


@router.get("/api/directions/views.svg")
def views(request: Request, file: str) -> Response:
    """Send the map of the sphere and the tilts."""
    project: ProjectView = request.app.state.project
    one = _one(project, file)
    path = project.inside(one.file)
    return FileResponse(kept_figure(project.cache, f"views {one.symmetry}", [path], lambda: _figure(project, one)))


def _figure(project: ProjectView, one: Views) -> Any:
    from vitreous.views.orientations import counted_figure

    columns, kept = cache_of(project.cache).ask(project.inside(one.file)), kept_texture(project, one)
    if isinstance(columns, Reading) or isinstance(kept, Reading):
        raise HTTPException(409, "The list is still being read.")
    return counted_figure(read_texture(kept), tilts(columns, one.symmetry), columns.count, symmetry=one.symmetry)


def _one(project: ProjectView, file: str) -> Views:
    found = next((each for each in lists_of_views(project) if each.file == file), None)
    if found is None:
        raise Outside(file)
    return found
