"""The numbers of a run, as ``summary.json`` holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitreous.jobs.report.sections_validation import findings
from vitreous.jobs.report.words import number, some
from vitreous.pipeline.provenance import totals

if TYPE_CHECKING:
    from vitreous.jobs.report.comparison import Comparison
    from vitreous.jobs.report.run import Run
    from vitreous.jobs.report.sampling import Sampling

#: Evenness of the views below which a map is smeared along some directions, and the share a direction should have at least.
UNEVEN, LEAST = 0.7, 0.15
#: Words by which a refinement says that its map is the mirror image of where it began.
OTHER_HAND = "mirror image of the reference given"
#: Share of the picks in the final map below which something is amiss.
FEW = 0.3


def summarise(run: Run, compared: Comparison | None, views: Sampling | None) -> dict[str, Any]:
    """Collect what a person or a program asks of a finished run; ``None`` stands for what the data do not tell."""
    map_ = run.map
    summary = {
        "resolution_angstrom": run.figure("postprocess", "resolution_angstrom") if run.claims_resolution else None,
        "resolution_interval_angstrom": run.figure("postprocess", "resolution_interval_angstrom") if run.claims_resolution else None,
        "b_factor_angstrom2": run.figure("postprocess", "b_factor_angstrom2"),
        "particle_count": run.figure("refine", "particle_count"),
        "symmetry": run.symmetry,
        "pixel_size_angstrom": round(map_.voxel_size, 6) if map_ else None,
        "validation": {check["name"]: check["verdict"] for check in findings(run)} or None,
        "view_evenness": round(views.evenness, 3) if views else None,
        **totals(run.records.values()),
        "warnings": [*warnings(run), *final_warnings(run, views)],
        "quarantined": run.quarantine,
    }
    return summary | ({"truth": compared.figures()} if compared else {}) | {"verdict": verdict(summary, compared)}


def warnings(run: Run) -> list[str]:
    """What the jobs warned of, less that the map is the mirror image of a first map made here: that one had no hand to keep."""
    said = [each for each in run.warnings if run.first_map is None or OTHER_HAND not in each]
    # What the validation says of the half-maps, the postprocessing said before, in the same words.
    again = tuple(f"{check['name']}: " for check in findings(run) if check["name"] in ("halves", "mask", "resolution"))
    return [each for each in said if not (again and each.startswith(again))]


def verdict(summary: dict[str, Any], compared: Comparison | None) -> str:
    """How good it is, in one line: "9.8 Å (9.5 to 10.2), 392 particles, FSC with the truth 0.5 at 10.6 Å"."""
    resolution, interval = summary["resolution_angstrom"], summary["resolution_interval_angstrom"]
    between = f" ({number(interval[0])} to {number(interval[1])})" if interval else ""
    parts = [f"{number(resolution)} Å{between}" if resolution else "no resolution: the data do not support one"]
    parts.append(some(summary["particle_count"] or 0, "particle"))
    if compared and compared.map:
        found = compared.map.resolution
        parts.append(f"FSC with the truth 0.5 at {number(found)} Å" if found else "FSC with the truth never below 0.5")
    return ", ".join(parts)


def final_warnings(run: Run, views: Sampling | None) -> list[str]:
    """What no single job could see."""
    told = []
    if views and (views.evenness < UNEVEN or views.least < LEAST):
        told.append(f"The views are uneven (evenness {views.evenness:.2f}; the direction seen least has {views.least:.2f} of an even "
                    "share): the map is smeared along some directions. Try: a tilted stage, another grid, or more particles.")  # fmt: skip
    picked, used = run.figure("pick", "particle_count"), run.figure("refine", "particle_count")
    if picked and used and used < FEW * picked:
        told.append(f"Only {used} of {picked} picks are in the map. Look at the classes: the picks, or the diameter, may be wrong.")
    return told
