"""The first page: the jobs of the project, how they feed each other, and what is going on."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from vitreous.jobs.report.words import clock
from vitreous.pipeline.provenance import citations, totals
from vitreous.pipeline.script import as_script
from vitreous.runtime.files import read_json
from vitreous.web.graph import drawing, parents_in_words
from vitreous.web.pages import Tab
from vitreous.web.project_view import ProjectView
from vitreous.web.state import WORDS, JobState, standing
from vitreous.web.stream import events, progress
from vitreous.web.templating import page
from vitreous.web.words import Shown, job_title, row_figures, shown, size

router = APIRouter()
TAB = Tab("Project", "/", 0)

#: Files of the final folder that are offered, and what they are called.
FINAL = {
    "report.html": "Report", "validation.html": "Validation", "map_sharpened.mrc": "Sharpened map", "map.mrc": "Map",
    "half1.mrc": "Half-map 1", "half2.mrc": "Half-map 2", "mask.mrc": "Mask", "local_resolution.mrc": "Local resolution",
    "particles.star": "Particles", "fsc.csv": "FSC",
}  # fmt: skip
#: Figures of the whole that stand in large print.
HEADLINES = ("resolution_angstrom", "particle_count", "b_factor_angstrom2", "movie_count", "micrograph_count")


@router.get("/")
def graph(request: Request) -> Response:
    """Show the jobs."""
    project = request.app.state.project
    now = standing(project)
    papers = citations(project.records(), project.registry)
    told = {
        "now": now, "rows": [_row(project, job) for job in now.jobs], "drawing": drawing(now.jobs), "final": _final(project),
        "live": request.app.state.look(), "figures": _figures(project), "took": _took(project), "papers": papers,
        "to_come": sum(job.state == "waiting" for job in now.jobs),
    }  # fmt: skip
    return page(request, "graph.html", **told)


def _row(project: ProjectView, job: JobState) -> dict[str, Any]:
    """A job as a row of the graph."""
    number, kind = job_title(job.job or job.type)
    known = project.registry.jobs.get(job.type)
    done = job.state == "done"
    return {
        "job": job, "number": number, "kind": kind, "summary": known.summary if known else "", "word": WORDS[job.state],
        "stage": job.stage if job.stage != job.type else "", "figures": row_figures(job.figures), "parents": parents_in_words(job),
        "time": clock(job.seconds) if done else f"about {clock(job.seconds)}" if job.seconds else "", "progress": progress(job.pace),
    }  # fmt: skip


def _figures(project: ProjectView) -> list[Shown]:
    """Large print: what came of the whole."""
    path = project.folder / "final" / "summary.json"
    summary: Any = read_json(path) if path.exists() else {}
    return [shown(name, summary[name]) for name in HEADLINES if summary.get(name) is not None]


def _took(project: ProjectView) -> list[tuple[str, str]]:
    """What all jobs together took."""
    used = totals(project.records())
    return [("Time", clock(used["wall_seconds"])), ("Processor time", clock(used["cpu_seconds"])),
            ("Memory, at most", size(used["peak_memory_bytes"]))]  # fmt: skip


def _final(project: ProjectView) -> list[tuple[str, str, str]]:
    """Files of the final folder: path, name, size."""
    folder = project.folder / "final"
    return [(f"final/{file}", words, size((folder / file).stat().st_size)) for file, words in FINAL.items() if (folder / file).is_file()]


@router.get("/script.py")
def script(request: Request) -> Response:
    """Send the script that repeats every finished job."""
    return PlainTextResponse(as_script(request.app.state.project.store), headers=_attached("repeat.py"))


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}


@router.get("/api/events")
async def stream(request: Request) -> Response:
    """Tell what is going on, as long as the browser listens."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events(request.app.state.look), media_type="text/event-stream", headers=headers)


@router.get("/api/project")
def project(request: Request) -> dict[str, Any]:
    """Tell what is going on, once."""
    return request.app.state.look()
