"""The report of a run, put together from its sections."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.jobs.report.sections_map import first_map_section, map_section, refinement_section, resolution_section
from vitreous.jobs.report.sections_movies import defocus_section, motion_section
from vitreous.jobs.report.sections_particles import classes_section, picks_section
from vitreous.jobs.report.sections_quality import quality_section
from vitreous.jobs.report.sections_truth import truth_sections
from vitreous.jobs.report.sections_validation import validation_section
from vitreous.jobs.report.words import clock, minutes, number, some, thousands
from vitreous.pipeline.provenance import citations
from vitreous.runtime.files import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vitreous.jobs.report.comparison import Comparison
    from vitreous.jobs.report.run import Run
    from vitreous.jobs.report.sampling import Sampling
    from vitreous.views.figure import Figure
    from vitreous.views.report import Headline, Provenance, Report, Section


def make_report(run: Run, summary: Mapping[str, Any], compared: Comparison | None, views: Sampling | None) -> Report:
    """Everything a reader asks, in the order of asking: what came out, what to beware of, how, and how to do it again."""
    from vitreous.jobs.registry import registry
    from vitreous.views.report import Report

    sections = (
        motion_section(run, compared), defocus_section(run), quality_section(run), picks_section(run, compared), classes_section(run),
        first_map_section(run), refinement_section(run, views), map_section(run, compared), resolution_section(run, compared),
        validation_section(run), time_section(run),
    )  # fmt: skip
    return Report(
        title=title(run, compared), subtitle=subtitle(run, summary), headline=headline(run, summary, compared),
        warnings=summary["warnings"], hero=_hero(run, compared), sections=[each for each in sections if each is not None],
        truth=truth_sections(compared) if compared else (),
        quarantine=[(f"{each['item']} ({each['stage']})", each["reason"]) for each in summary["quarantined"]],
        provenance=provenance(run), papers=list(citations(run.records.values(), registry())),
    )  # fmt: skip


def title(run: Run, compared: Comparison | None) -> str:
    """The specimen where it is known, else the project's name."""
    if compared:
        return f"{compared.truth.told['specimen']['name'].capitalize()}, simulated"
    return run.project.resolve().name


def subtitle(run: Run, summary: Mapping[str, Any]) -> str:
    """From what, by how many particles, in how long."""
    count = len(run.tracks) or len(run.micrographs)
    source = some(count, "movie" if run.tracks else "micrograph") if count else "extracted particles"
    used = f"{some(summary['particle_count'], 'particle')}" if summary["particle_count"] else "no particles"
    return f"From {source} to a map of {used} in {clock(summary['wall_seconds'])}."


def headline(run: Run, summary: Mapping[str, Any], compared: Comparison | None) -> list[Headline]:
    """The numbers asked for first."""
    from vitreous.views.report import Headline

    interval, b, found = summary["resolution_interval_angstrom"], summary["b_factor_angstrom2"], summary["resolution_angstrom"]
    between = f"; 95 %: {number(interval[0])} to {number(interval[1])} Å" if interval else ""
    picked = sum(len(each.place) for each in run.picks.values())
    tiles = [
        Headline("Resolution", number(found), "Å" if found else "", f"FSC 0.143, masked, corrected{between}"),
        Headline("Particles", thousands(summary["particle_count"] or 0), "",
                 f"of {thousands(picked)} picked on {some(len(run.picks), 'micrograph')}" if picked else ""),
        Headline("Symmetry", summary["symmetry"]),
        Headline("B-factor", number(b) if b is not None else "none", "Å²" if b is not None else "",
                 "applied in sharpening" if b is not None else "not determined at this resolution"),
        Headline("Time", *minutes(summary["wall_seconds"]), f"{clock(summary['cpu_seconds'])} of one processor; "
                 f"{summary['peak_memory_bytes'] / 1e9:.1f} GB at most"),
    ]  # fmt: skip
    if compared and compared.map:
        told = compared.figures()
        tiles.insert(1, Headline("Against the truth", number(told["map_fsc_half_angstrom"]), "Å" if compared.map.resolution else "",
                                 "FSC 0.5 with the true map" + (", mirrored" if compared.map.mirrored else "")))  # fmt: skip
    return tiles


def _hero(run: Run, compared: Comparison | None) -> Figure | None:
    from vitreous.views.surface_figure import surface_figure

    if run.best_map is None:
        return None
    return surface_figure(run.best_map.values.numpy(), run.best_map.voxel_size, mass=compared.truth.mass if compared else None)


def time_section(run: Run) -> Section:
    """Wall time and memory of each job."""
    from vitreous.views.report import Section
    from vitreous.views.session import time_figure

    records = list(run.records.values())
    seconds = [float(record.used.get("wall_seconds", 0.0)) for record in records]
    memory = [float(record.used.get("peak_memory_bytes", 0)) for record in records]
    figure = time_figure([record.job for record in records], seconds, memory=memory)
    return Section(title="Time and memory", text="Writing this report took some seconds more.", items=(figure,))


def provenance(run: Run) -> Provenance:
    """What was asked, by which versions, and the script that repeats it."""
    from vitreous.pipeline.script import as_script
    from vitreous.pipeline.store import Store
    from vitreous.views.report import Provenance

    last = list(run.records.values())[-1]
    began = min(float(record.used.get("started", 0.0)) for record in run.records.values())
    asked = _asked(run.project)
    script = as_script(Store(run.project), last.job) if (run.project / "project.toml").is_file() else ""
    return Provenance(
        command=command(asked, run.project), seed=last.seed,
        started=datetime.fromtimestamp(began, UTC).strftime("%Y-%m-%d %H:%M UTC") if began else "",
        machine=", ".join(str(last.used[name]) for name in ("platform", "device") if name in last.used),
        versions=last.used.get("versions", {}), parameters=_chosen(asked), script=script,
    )  # fmt: skip


def _asked(project: Path) -> dict[str, Any]:
    """What the project was last asked for."""
    path = project / "recipe.json"
    told: Any = read_json(path) if path.is_file() else {}
    return told


def _chosen(asked: Mapping[str, Any]) -> dict[str, str]:
    """Parameters with a value, in words."""
    told = {name.replace("_", " "): value for name, value in asked.get("params", {}).items()}
    return {name: " ".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in told.items() if value not in (None, [], "")}  # fmt: skip


def command(asked: Mapping[str, Any], project: Path) -> str:
    """The command line that asks for the same."""
    import shlex

    if not asked.get("recipe"):
        return ""
    words = ["vitreous", asked["recipe"]]
    for name, value in asked["params"].items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif value not in (None, [], ""):
            words += [f"--{flag}", *map(str, value if isinstance(value, list) else [value])]
    return shlex.join([*words, "--seed", str(asked.get("settings", {}).get("seed", 0)), "--project", project.resolve().name])
