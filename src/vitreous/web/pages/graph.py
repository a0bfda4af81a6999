"""The first page: the jobs of the project and how they feed each other."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from vitreous.web.pages import Tab
from vitreous.web.templating import page

router = APIRouter()
TAB = Tab("Project", "/", 0)


@router.get("/")
def graph(request: Request) -> Response:
    """Show the jobs."""
    return page(request, "graph.html", records=request.app.state.project.records())
