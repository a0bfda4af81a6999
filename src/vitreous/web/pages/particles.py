"""Particles as dots over any two columns of their list, and an outline around some of them that becomes a parameter of ``select``."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Body, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from vitreous.web.columns import Columns, Reading, cache_of
from vitreous.web.pages import Tab
from vitreous.web.particle_lists import MOST, columns_of, first_pair, members, number
from vitreous.web.picks import pick_lists
from vitreous.web.project_view import Outside, ProjectView
from vitreous.web.templating import page

router = APIRouter()
TAB = Tab("Particles", "/particles", 30)


@router.get("/particles")
def particles(request: Request, file: str = "") -> Response:
    """Show the particles of one list; ``file`` is its path from the project's folder."""
    project: ProjectView = request.app.state.project
    lists = sorted(pick_lists(project), key=lambda each: each.kind == "coordinates")
    if file and file not in [each.file for each in lists]:
        raise Outside(file)
    return page(request, "particles.html", lists=lists, chosen=file or (lists[0].file if lists else ""), most=MOST)


@router.get("/api/particles")
def about(request: Request, file: str) -> Response:
    """Send what columns a list has."""
    project: ProjectView = request.app.state.project
    columns = _columns(project, file)
    if isinstance(columns, Reading):
        return JSONResponse({"reading": True}, status_code=202)
    found = columns_of(columns)
    return JSONResponse({"reading": False, "count": columns.count, "columns": [vars(each) for each in found],
                         "first": first_pair(found) if found else [], "path": str(project.folder / file)})  # fmt: skip


@router.get("/api/particles/column")
def column(request: Request, file: str, label: str) -> Response:
    """Send a column as little-endian float32."""
    values = number(_ready(request, file), label)
    return Response(values.astype("<f4").tobytes(), media_type="application/octet-stream")


@router.post("/api/particles/lasso")
def lasso(
    request: Request, file: str, x: Annotated[str, Body()], y: Annotated[str, Body()], corners: Annotated[list[Any], Body()]
) -> Response:
    """Say which particles an outline holds: a bit each, the first in the highest bit; how many is in the header ``x-count``."""
    inside = members(_ready(request, file), x, y, corners)
    return Response(np.packbits(inside).tobytes(), media_type="application/octet-stream", headers={"x-count": str(int(inside.sum()))})


def _ready(request: Request, file: str) -> Columns:
    columns = _columns(request.app.state.project, file)
    if isinstance(columns, Reading):
        raise HTTPException(409, "The list is still being read.")
    return columns


def _columns(project: ProjectView, file: str) -> Columns | Reading:
    if file not in [each.file for each in pick_lists(project)]:
        raise Outside(file)
    return cache_of(project.cache).ask(project.inside(file))
