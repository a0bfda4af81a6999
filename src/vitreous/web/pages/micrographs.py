"""The browser of micrographs: what each looks like, what is known of it, and what a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from vitreous.web.columns import Columns, Reading, cache_of
from vitreous.web.decisions import FILE, decide, read_decisions
from vitreous.web.figures import kept_figure
from vitreous.web.micrograph_picture import FILTERS, picture_of
from vitreous.web.micrographs import GRADES, NAME, SHOWN, Micrographs, described, image_of, micrographs_of, order_of, row_of, size_of
from vitreous.web.pages import Tab
from vitreous.web.picks import edit, edits_file, pick_lists, picks_of, read_edits, write_edited
from vitreous.web.project_view import Outside, ProjectView
from vitreous.web.templating import page

router = APIRouter()
TAB = Tab("Micrographs", "/micrographs", 10)
#: Rows sent at a time.
AT_ONCE = 100


@router.get("/micrographs")
def micrographs(request: Request) -> Response:
    """Show the browser; the list itself is asked for by the page."""
    project: ProjectView = request.app.state.project
    judged = next((each.job for each in reversed(project.records()) if each.type == "assess" and each.status == "done"), "")
    return page(request, "micrographs.html", lists=pick_lists(project), filters=FILTERS, columns=SHOWN, grades=GRADES, judged=judged,
                decisions=str(project.folder / FILE))  # fmt: skip


@router.get("/api/micrographs")
def rows(request: Request, first: int = 0, sort: str = "", grade: str = "", down: bool = False) -> Response:
    """Send a hundred rows of the list."""
    project: ProjectView = request.app.state.project
    listed = micrographs_of(project)
    if listed is None or isinstance(listed, Reading):
        return JSONResponse({"reading": listed is not None, "total": 0, "rows": []}, status_code=200 if listed is None else 202)
    decided = read_decisions(project.root)
    order = order_of(listed, sort, grade, decided, down=down)
    shown = [row_of(listed, int(row), decided) for row in order[max(first, 0) : max(first, 0) + AT_ONCE]]
    return JSONResponse({"reading": False, "total": len(order), "first": first, "decided": len(decided), "job": listed.job, "rows": shown})


@router.get("/api/micrographs/{row}")
def micrograph(request: Request, row: int) -> Response:
    """Send all that is known of one micrograph."""
    project, listed = _listed(request, row)
    return JSONResponse(described(project, listed, row, read_decisions(project.root)))


@router.get("/api/micrographs/{row}/image.png")
def image(request: Request, row: int, resolution: int = 20) -> Response:
    """Send its picture, grey, y upwards; the small one that ``assess`` made, where the image itself is not in the project."""
    project, listed = _listed(request, row)
    path = image_of(project, listed, row)
    shown = picture_of(path, resolution, project.cache) if path else listed.picture(row, "thumbnails")
    if shown is None:
        raise Outside(listed.names[row])
    return FileResponse(shown, media_type="image/png")


@router.get("/api/micrographs/{row}/spectrum.png")
def spectrum(request: Request, row: int) -> Response:
    """Send its rings, measured on the left and fitted on the right."""
    _, listed = _listed(request, row)
    shown = listed.picture(row, "fits", "_spectrum.png")
    if shown is None:
        raise Outside(listed.names[row])
    return FileResponse(shown, media_type="image/png")


@router.get("/api/micrographs/{row}/motion.svg")
def motion(request: Request, row: int) -> Response:
    """Send the figure of its motion."""
    project, listed = _listed(request, row)
    told = listed.told(row, "tracks")
    if told is None:
        raise Outside(listed.names[row])
    source = listed.folders["tracks"] / f"{listed.names[row]}.json"
    return FileResponse(kept_figure(project.cache, "motion", [source], lambda: _motion(told, listed.names[row])))


def _motion(told: dict[str, Any], name: str) -> Any:
    import numpy as np

    from vitreous.views.motion import motion_figure

    way, (width, height) = np.asarray(told["global_angstrom"], float), told["size_pixels"]
    return motion_figure(way - way[:1], pixel_size=told["pixel_size_angstrom"], shape=(height, width),
                         dose_per_frame=told["dose_per_frame"] or 0.0, name=name)  # fmt: skip


@router.get("/api/micrographs/{row}/rings.svg")
def rings(request: Request, row: int) -> Response:
    """Send the figure of its rings and the CTF fitted to them."""
    project, listed = _listed(request, row)
    told = listed.told(row, "fits")
    if told is None:
        raise Outside(listed.names[row])
    source = listed.folders["fits"] / f"{listed.names[row]}.json"
    return FileResponse(kept_figure(project.cache, "rings", [source], lambda: _rings(told, listed.names[row])))


def _rings(told: dict[str, Any], name: str) -> Any:
    from vitreous.views.rings import rings_figure

    curves = told["curves"]
    return rings_figure(curves["k"], curves["rings"], curves["rings_fit"], curves["correlation"],
                        resolution=told["resolution_angstrom"], name=name)  # fmt: skip


@router.post("/api/micrographs/{row}/decision")
def decision(request: Request, row: int, verdict: Annotated[str, Body()], reason: Annotated[str, Body()] = "") -> Response:
    """Keep what a person decides: "accept", "reject", or nothing any more."""
    project, listed = _listed(request, row)
    decide(project.root, listed.names[row], verdict, reason[:500])
    decided = read_decisions(project.root)
    return JSONResponse(row_of(listed, row, decided) | {"count": len(decided)})


@router.get("/api/micrographs/{row}/picks")
def picks(request: Request, row: int, file: str) -> Response:
    """Send the picks of a list, and what was changed by hand."""
    project, listed = _listed(request, row)
    columns, job = _picked(project, file)
    if isinstance(columns, Reading):
        return JSONResponse({"reading": True}, status_code=202)
    name = listed.columns.text(NAME, row)
    edits = read_edits(project.root, job)
    changed = edits.get(name)
    told = {key: getattr(changed, key).tolist() if changed else [] for key in ("added", "removed")}
    return JSONResponse({"reading": False, **picks_of(columns, name), **told, "edited": len(edits)})


@router.post("/api/micrographs/{row}/picks")
def change(request: Request, row: int, file: str, added: Annotated[list[Any], Body()], removed: Annotated[list[Any], Body()]) -> Response:
    """Keep what was changed by hand."""
    project, listed = _listed(request, row)
    _, job = _picked(project, file)
    size, _ = size_of(image_of(project, listed, row), listed.told(row, "tracks"))
    edit(project.root, job, listed.columns.text(NAME, row), {"added": added, "removed": removed}, size)
    return JSONResponse({"edited": len(read_edits(project.root, job))})


@router.post("/api/picks")
def finish(request: Request, file: str) -> Response:
    """Write the list with its edits made, for other jobs to take."""
    project: ProjectView = request.app.state.project
    columns, job = _picked(project, file)
    if isinstance(columns, Reading):
        raise HTTPException(409, "The list is still being read.")
    path = project.root / "decisions" / f"coordinates_{job}.star"
    count = write_edited(columns, read_edits(project.root, job), path)
    return JSONResponse({"file": str(path), "count": count, "edits": str(edits_file(project.root, job))})


def _listed(request: Request, row: int) -> tuple[ProjectView, Micrographs]:
    project: ProjectView = request.app.state.project
    listed = micrographs_of(project)
    if isinstance(listed, Reading):
        raise HTTPException(409, "The list is still being read.")
    if listed is None or not 0 <= row < listed.columns.count:
        raise Outside(str(row))
    return project, listed


def _picked(project: ProjectView, file: str) -> tuple[Columns | Reading, str]:
    known = next((each for each in pick_lists(project) if each.file == file), None)
    if known is None:
        raise Outside(file)
    path: Path = project.inside(file)
    return cache_of(project.cache).ask(path), known.job
