"""The end of a run: its final folder, with files, numbers and a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.pipeline.record import Record

if TYPE_CHECKING:
    from vitreous.jobs.report.run import Run
    from vitreous.jobs.report.sampling import Sampling


def finish(records: Mapping[str, Record], params: Any, folder: Path) -> dict[str, Any]:
    """Fill ``folder``, the final folder of a project, from its finished jobs.

    Parameters
    ----------
    records
        The finished job of each stage.
    params
        Of the recipe.
    folder
        Empty, inside the project's folder.

    Returns
    -------
    dict
        What ``summary.json`` holds; its times are those of all jobs and of this.
    """
    from vitreous.jobs.report.comparison import compare
    from vitreous.jobs.report.page import make_report
    from vitreous.jobs.report.products import place
    from vitreous.jobs.report.run import Run
    from vitreous.jobs.report.summary import summarise
    from vitreous.pipeline.jsonable import jsonable
    from vitreous.pipeline.meter import Meter
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.runtime.files import write_json
    from vitreous.views.report_html import write_report

    run = Run(dict(records), folder.parent)
    place(run, folder)
    with Meter() as meter, one_torch_thread():
        compared, views = compare(run), _views(run)
        summary: dict[str, Any] = jsonable(summarise(run, compared, views))
        write_report(folder / "report.html", make_report(run, summary, compared, views))
        used = meter.read()
    for name in ("wall_seconds", "cpu_seconds"):
        summary[name] = round(summary[name] + used[name], 3)
    summary["peak_memory_bytes"] = max(summary["peak_memory_bytes"], used["peak_memory_bytes"])
    write_json(folder / "summary.json", summary)
    return summary


def _views(run: Run) -> Sampling | None:
    from vitreous.jobs.report.sampling import sampling
    from vitreous.views.orientations import viewing_directions

    particles = run.particles
    if particles is None or particles.rotation is None:
        return None
    return sampling(viewing_directions(particles.rotation, run.symmetry))
