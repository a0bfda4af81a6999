"""Fourier shell correlations with their bands, job by job."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from vitreous.web.curves import READ, Curves, curves_of, figure_of, resolution_at
from vitreous.web.figures import kept_figure
from vitreous.web.pages import Tab
from vitreous.web.project_view import Outside, ProjectView
from vitreous.web.templating import page

router = APIRouter()
TAB = Tab("Resolution", "/resolution", 50)
THRESHOLDS = (1 / 7, 0.5)
#: Pictures of a job beside its curves that say more of its resolution.
MORE = ("guinier.svg", "directions.svg", "pictures/guinier.svg", "pictures/directions.svg", "pictures/local_resolution.svg")


@router.get("/resolution")
def resolution(request: Request, job: str = "") -> Response:
    """Show the curves of one job, the one with most of them without ``job``."""
    project: ProjectView = request.app.state.project
    found = curves_of(project)
    one = _one(found, job) if job else max(found, key=lambda each: len(each.curves), default=None)
    files = [one.path.parent / name for name in MORE if (one.path.parent / name).exists()] if one else []
    return page(request, "resolution.html", all=found, one=one, table=_table(one) if one else [],
                more=[str(path.relative_to(project.folder)) for path in files])  # fmt: skip


def _table(one: Curves) -> list[tuple[str, list[str]]]:
    """Each curve and the Å at which it falls below each threshold."""
    rows = [(words, one.curves[name]) for name, words in READ.items() if name in one.curves]
    return [(words, [_words(resolution_at(one.k, curve, each)) for each in THRESHOLDS]) for words, curve in rows]


def _words(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} Å"


@router.get("/api/resolution")
def curves(request: Request, job: str) -> Response:
    """Send the curves of a job."""
    one = _one(curves_of(request.app.state.project), job)
    told: dict[str, Any] = {name: _numbers(one.curves[name]) for name in (*READ, "low", "high") if name in one.curves}
    return JSONResponse({"k": _numbers(one.k), "words": READ, "curves": told})


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


@router.get("/api/resolution/fsc.svg")
def fsc(request: Request, job: str) -> Response:
    """Send the figure of a job's curves."""
    project: ProjectView = request.app.state.project
    one = _one(curves_of(project), job)
    return FileResponse(kept_figure(project.cache, f"fsc {one.record.job}", [one.path], lambda: figure_of(one)))


@router.get("/api/resolution/compared.svg")
def compared(request: Request) -> Response:
    """Send the figure of all jobs' curves."""
    from vitreous.views.fsc_compared import compared_fsc_figure

    project: ProjectView = request.app.state.project
    found = curves_of(project)[::-1]
    if not found:
        raise Outside("compared.svg")
    shown = [(each.record.job, each.k, each.curves["corrected"]) for each in found]
    return FileResponse(kept_figure(project.cache, "compared", [each.path for each in found], lambda: compared_fsc_figure(shown)))


def _one(found: list[Curves], job: str) -> Curves:
    one = next((each for each in found if each.record.job == job), None)
    if one is None:
        raise Outside(job)
    return one
