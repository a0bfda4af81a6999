"""Maps in space: their surface at a threshold, sections through them, half-maps and models over them."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from vitreous.errors import FormatError, InputError
from vitreous.web.map_files import DENSITY, LOCAL, first_map, halves_of, map_files, model_files, models_outside
from vitreous.web.pages import Tab
from vitreous.web.project_view import Outside, ProjectView
from vitreous.web.templating import page

router = APIRouter()
TAB = Tab("Maps", "/maps", 60)


@router.get("/maps")
def maps(request: Request, file: str = "") -> Response:
    """Show one map; ``file`` is its path from the project's folder."""
    project: ProjectView = request.app.state.project
    found = map_files(project)
    shown = next((each for each in found if each.file == file), None) if file else first_map(found)
    if file and shown is None:
        raise Outside(file)
    density = [each for each in found if each.kind in DENSITY]
    return page(
        request, "maps.html", shown=shown, jobs={each.job: [one for one in density if one.job == each.job] for each in density},
        local=[each for each in found if each.kind == LOCAL], halves=halves_of(found, shown) if shown else None,
        models=model_files(project), outside=models_outside(project),
    )  # fmt: skip


@router.get("/api/maps/volume")
def volume(request: Request, file: str, sparse: bool = False) -> Response:
    """Send a map as gzipped little-endian uint16, x fastest; what the numbers mean is in the header ``x-volume``.

    ``sparse`` says that zeros stand for nothing known.
    """
    from vitreous.web.volumes import header_of, shown_volume

    project: ProjectView = request.app.state.project
    path = _wanted(project, file, ".mrc")
    try:
        meaning, codes = shown_volume(path, project.cache, sparse=sparse)
    except (FormatError, InputError) as problem:
        raise HTTPException(422, str(problem)) from problem
    return FileResponse(codes, media_type="application/octet-stream", headers=header_of(meaning))


@router.get("/api/maps/model")
def model(request: Request, file: str) -> Response:
    """Send the backbones of an atomic model: ``[{"chain", "places": [x, y, z, x, …]}, …]``, in Å."""
    from vitreous.web.traces import read_trace

    path = _wanted(request.app.state.project, file, ".pdb", ".cif", ".gz")
    try:
        strands = read_trace(path)
    except FormatError as problem:
        raise HTTPException(422, str(problem)) from problem
    return JSONResponse([{"chain": each.chain, "places": each.places.round(2).ravel().tolist()} for each in strands])


def _wanted(project: ProjectView, file: str, *endings: str) -> Path:
    path = project.inside(file)
    if not path.is_file() or not path.name.endswith(endings):
        raise Outside(file)
    return path
