"""The steps of the main job, in pieces that the recipes put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vitreous.jobs import (
    align_movies,
    assess,
    classify2d,
    estimate_ctf,
    extract,
    initial_model,
    pick,
    postprocess,
    refine,
    select,
    validate,
)
from vitreous.pipeline.graph import Files, Link, Source, Step, step

#: Å: the first map is smoothed to this share of the diameter before it is refined, and to no less.
LOWPASS_SHARE, LOWPASS = 1 / 10, 12.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What all steps are made from; the meaning of each is that of the recipe's parameter."""

    microscope: Mapping[str, float | None]
    diameter: float
    symmetry: str = "C1"
    dose: float | None = None
    box: int | None = None
    binning: float = 1.0
    classes: int = 20
    starts: int | None = None
    repick: bool = True

    def optics(self) -> dict[str, float | None]:
        """By the names of the jobs' parameters."""
        names = {"pixel_size": "pixel_size", "voltage": "voltage", "spherical_aberration": "cs", "amplitude_contrast": "amplitude_contrast"}
        return {names[key]: value for key, value in self.microscope.items()}


def from_movies(plan: Plan, movies: Source, gain: Source | None) -> list[Step]:
    """Movies to a map."""
    params = align_movies.AlignMovies(dose=plan.dose, binning=plan.binning, **plan.optics())
    aligned = step(align_movies.JOB, params, stage="align", movies=movies, gain=gain)
    return [aligned, *from_micrographs(plan, aligned["micrographs"], aligned["tracks"])]


def from_micrographs(plan: Plan, micrographs: Source, tracks: Link | None = None) -> list[Step]:
    """Micrographs to a map. What they do not say of themselves is told to the first step and travels on in STAR files."""
    told = plan.optics() if isinstance(micrographs, Files) else {}
    fitted = step(estimate_ctf.JOB, estimate_ctf.EstimateCtf(**told), stage="ctf", micrographs=micrographs)
    judged = step(assess.JOB, assess.Assess(diameter=plan.diameter), stage="assess", micrographs=fitted["micrographs"],
                  fits=fitted["fits"], tracks=tracks)  # fmt: skip
    steps = [fitted, judged]
    classes: Link | None = None
    for prefix in ("", "re") if plan.repick else ("",):
        steps += _picked(plan, judged["good"], prefix, classes)
        classes = steps[-1]["templates"]
    return [*steps, *_map(plan, steps[-1]["particles"])]


def _picked(plan: Plan, micrographs: Link, prefix: str, templates: Link | None) -> list[Step]:
    """Picking, extraction, classification and selection, once."""
    found = step(pick.JOB, pick.Pick(diameter=plan.diameter), stage=f"{prefix}pick", micrographs=micrographs, reference=templates)
    cutting = extract.Extract(diameter=plan.diameter, box=plan.box, box_factor=1.5)
    cut = step(extract.JOB, cutting, stage=f"{prefix}extract", micrographs=micrographs, coordinates=found["coordinates"])
    return [found, cut, *_sorted(plan, cut["particles"], prefix)]


def _sorted(plan: Plan, particles: Source, prefix: str) -> list[Step]:
    told = {"pixel_size": plan.microscope["pixel_size"]} if isinstance(particles, Files) else {}
    sorting = classify2d.Classify2D(diameter=plan.diameter, classes=plan.classes, **told)
    classified = step(classify2d.JOB, sorting, stage=f"{prefix}classify", particles=particles)
    chosen = step(
        select.JOB, select.Select(), stage=f"{prefix}select", particles=classified["particles"], verdicts=classified["verdicts"],
        averages=classified["classes"],
    )  # fmt: skip
    return [classified, chosen]


def _map(plan: Plan, particles: Source) -> list[Step]:
    starting = initial_model.InitialModel(diameter=plan.diameter, symmetry=plan.symmetry, starts=plan.starts)
    first = step(initial_model.JOB, starting, stage="initial-model", particles=particles)
    refining = refine.Refine(diameter=plan.diameter, symmetry=plan.symmetry, initial_lowpass=max(LOWPASS, LOWPASS_SHARE * plan.diameter))
    refined = step(refine.JOB, refining, stage="refine", particles=particles, reference=first["map"])
    judging = postprocess.Postprocess(symmetry=plan.symmetry)
    finished = step(postprocess.JOB, judging, stage="postprocess", half1=refined["half1"], half2=refined["half2"])
    asking = validate.Validate(diameter=plan.diameter, symmetry=plan.symmetry)
    believed = step(validate.JOB, asking, stage="validate", half1=refined["half1"], half2=refined["half2"], mask=finished["mask_used"],
                    particles=refined["particles"])  # fmt: skip
    return [first, refined, finished, believed]


def from_particles(plan: Plan, particles: Source) -> list[Step]:
    """Particles to a map."""
    steps = _sorted(plan, particles, "")
    return [*steps, *_map(plan, steps[-1]["particles"])]
