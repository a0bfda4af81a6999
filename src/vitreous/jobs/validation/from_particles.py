"""What particles say of the map that was made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vitreous.errors import InputError
from vitreous.jobs.validation.findings import QUESTIONS, Finding, look, not_done
from vitreous.runtime.progress import Progress

if TYPE_CHECKING:
    from vitreous.data.check import Check
    from vitreous.data.particles import Particles
    from vitreous.jobs.validation.from_maps import Maps
    from vitreous.pipeline.context import Context
    from vitreous.stages.controls.placed import Placed
    from vitreous.stages.postprocess import Postprocessed

#: Images that are searched for views, at most: the dearest control.
SEARCHED = 400
#: Pixels of all images of the plot of resolution by number together, how much finer than the map's resolution their Nyquist is,
#: pixels of a side at most, and voxels of all its maps together, half a microsecond each: finer maps are of fewer subsets.
PIXELS_IN_ALL, FINER, MOST_PIXELS, VOXELS_IN_ALL = 2 * 10**8, 0.75, 192, 7 * 10**7
#: All that is asked here.
CHECKS = tuple(name for name, group, _ in QUESTIONS if group == "Particles")
STEPS = ("views", "residuals of particles", "particles beside noise", "two classes", "resolution by number")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """How particles are looked at.

    Parameters
    ----------
    symmetry
        Point group.
    diameter
        Å, or None.
    most
        Particles at most.
    """

    symmetry: str
    diameter: float | None
    most: int


def examine(particles: Particles, maps: Maps, done: Postprocessed, sample: Sample, folder: Path, context: Context) -> list[Finding]:
    """Ask the questions that need particles; pictures go into ``folder``."""
    from vitreous.inference.half_maps import split_halves
    from vitreous.jobs.placed_particles import require_poses

    try:
        require_poses(particles)
    except InputError as problem:
        return not_done(CHECKS, str(problem))
    context.report(Progress(STEPS[0], 0, len(STEPS)))
    findings = [look("orientations", lambda: _views(particles, sample.symmetry, folder), "orientations.svg", "sampling.svg")]
    context.report(Progress(STEPS[1], 1, len(STEPS)))
    findings += _against_the_map(particles, maps, done, sample, folder, context)
    context.report(Progress(STEPS[2], 2, len(STEPS)))
    try:
        half = split_halves(len(particles), context.seed, particles.half)
    except InputError as problem:
        return [*findings, *not_done(("better-than-noise", "overfitting", "homogeneity", "particles-needed"), str(problem))]
    findings += _controls(particles, half, sample, folder, context)
    context.report(Progress(STEPS[4], 4, len(STEPS)))
    findings.append(look("particles-needed", lambda: _growth(particles, half, done, sample, folder, context), "reslog.svg"))
    context.report(Progress(STEPS[4], 5, len(STEPS)))
    return findings


def _views(particles: Particles, symmetry: str, folder: Path) -> Check:
    import torch

    from vitreous.jobs.directions import draw_views
    from vitreous.numerics.symmetry import symmetry as group
    from vitreous.stages.orientations import judge_orientations, orientation_coverage

    found = orientation_coverage(torch.as_tensor(particles.rotation), group(symmetry))
    draw_views(particles.rotation, found, folder)
    return judge_orientations(found)


def _against_the_map(
    particles: Particles, maps: Maps, done: Postprocessed, sample: Sample, folder: Path, context: Context
) -> list[Finding]:
    """Residuals, correlation and alignability of a sample, each image held against the half-map it is no part of."""
    from dataclasses import replace

    from vitreous.jobs.check_particles import draw, judged
    from vitreous.jobs.sound_images import load_sound
    from vitreous.numerics.symmetry import symmetry as group
    from vitreous.runtime.chance import numpy_generator, torch_generator
    from vitreous.stages.particle_checks import check_particles, pose_particles, sample_rows

    some = particles.take(sample_rows(particles, sample.most, numpy_generator(context.seed, "sample")))
    halves = [maps.first, maps.second] if particles.half is not None else [done.total]
    mask, finest = replace(done.total, values=done.mask), done.resolution.value if done.resolution else 10.0
    try:
        some, posed = load_sound(
            some, lambda those: pose_particles(those, halves, mask=mask, finest=finest, memory=context.memory // 2), context
        )
        found = check_particles(posed, group(sample.symmetry), torch_generator(context.seed, "checks"))
        draw(some, posed, found, folder)
        checks = judged(found)
    except InputError as problem:
        return not_done(("residuals", "correlation", "alignability"), str(problem))
    shown = {"residuals": ("worst.png", "best.png"), "correlation": ("correlation.svg",), "alignability": ("alignability.svg",)}
    return [Finding(check, shown[check.name]) for check in checks]


def _controls(particles: Particles, half: object, sample: Sample, folder: Path, context: Context) -> list[Finding]:
    """Particles beside noise, fitted noise, and two classes."""
    from functools import cache

    import torch

    from vitreous.jobs.particle_table import box_of
    from vitreous.jobs.placed_particles import FILLED, draw_better, placed_particles, sort_again
    from vitreous.runtime.chance import torch_generator
    from vitreous.stages.controls.better import against_noise, judge_better_than_noise
    from vitreous.stages.controls.homogeneity import judge_homogeneity
    from vitreous.stages.controls.overfitting import freed_agreement, judge_overfitting
    from vitreous.views.render import save_figure

    diameter = sample.diameter or FILLED * box_of(particles) * particles.pixel_size

    @cache
    def task() -> Placed:
        return placed_particles(particles, half, most=sample.most, diameter=diameter, symmetry=sample.symmetry, seed=context.seed)

    def better() -> Check:
        some = torch.randperm(len(task()), generator=torch_generator(context.seed, "searched"))[:SEARCHED]
        beside = against_noise(task().taking(some), torch_generator(context.seed, "twins"))
        save_figure(draw_better(beside), folder / "better_than_noise.svg")
        return judge_better_than_noise(beside)

    def overfitted() -> Check:
        return judge_overfitting(freed_agreement(task(), torch_generator(context.seed, "nudges")))

    def sorted_again() -> Check:
        context.report(Progress(STEPS[3], 3, len(STEPS)))
        return judge_homogeneity(sort_again(task(), diameter, context.seed))

    return [look("better-than-noise", better, "better_than_noise.svg"), look("overfitting", overfitted),
            look("homogeneity", sorted_again)]  # fmt: skip


def _growth(
    particles: Particles, half: object, done: Postprocessed, sample: Sample, folder: Path, context: Context
) -> Check:  # fmt: skip
    """Resolution by number of particles."""
    from math import ceil

    from vitreous.jobs.particle_table import box_of
    from vitreous.jobs.placed_particles import PIXELS, placed_particles
    from vitreous.jobs.reslog import draw
    from vitreous.stages.controls.nested import nested_subsets
    from vitreous.stages.controls.reslog import fit_growth, growth, judge_particles_needed

    box, finest = box_of(particles), FINER * (done.resolution.value if done.resolution else 10.0)
    pixels = min(box, MOST_PIXELS, max(PIXELS, 2 * ceil(box * particles.pixel_size / finest)))
    task = placed_particles(particles, half, diameter=sample.diameter, symmetry=sample.symmetry, seed=context.seed,
                            most=PIXELS_IN_ALL // pixels**2, pixels=pixels)  # fmt: skip
    data = growth(nested_subsets(task, seed=context.seed, most=(VOXELS_IN_ALL // pixels**3 + 1) // 2), task.length)
    fitted = fit_growth(data)
    check = judge_particles_needed(data, fitted)
    draw(data, fitted, check.figures, folder)
    return check
