"""Particles and a map to three-dimensional classes, and whether they are real."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from vitreous.errors import InputError, require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from vitreous.data.particles import Particles
    from vitreous.inference.images import FourierImages
    from vitreous.stages.heterogeneity.classes3d import Classification

#: Said where held-out evidence does not support classes.
ALIKE = (
    "no class is supported: maps learnt from one half of the particles explain the other half no better than one map does (evidence "
    "{mean:+.3f} ± {error:.3f} an image), or sort it no better than chance ({agreement:.0%} agree), so the classes may sort noise. "
    "Try: keep one class, or a mask around what may differ."
)
#: Ten in each half-set.
FEWEST_A_CLASS = 20
#: Rounds in which poses are refined against their class, where they are searched for.
ROUNDS = 1


@parameters
class Classify3D(PixelSize):
    """How particles are sorted."""

    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    classes: int = option(2, "", "number of classes", low=2, high=20)
    align: bool = option(True, help="search the poses first; without it the particles' own are kept")
    symmetry: str = option("C1", "", "point group of every class: Cn, Dn, T, O, I")
    assignment: Literal["soft", "hard"] = option(
        "soft", help="how a particle counts for the maps: for all classes by their probability, or for the most probable one"
    )
    initial_lowpass: float = option(40.0, "Å", "the reference is smoothed to this before a search", above=0, high=500)


def run(inputs: Inputs, params: Classify3D, context: Context) -> Result:
    """Find poses if asked to, classify, judge, and write."""
    import numpy as np
    import torch

    from vitreous.inference.half_maps import split_halves
    from vitreous.inference.load import Band, load_images
    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import box_of, check_particles
    from vitreous.numerics.symmetry import symmetry
    from vitreous.stages.heterogeneity.classes3d import Classes3DSettings, classify3d

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    check_particles(particles, params.diameter)
    require(len(particles) >= FEWEST_A_CLASS * params.classes, "number of particles", len(particles),
            f"at least {FEWEST_A_CLASS} a class", instead="fewer --classes")  # fmt: skip
    box = box_of(particles)
    half = split_halves(len(particles), context.seed, particles.half)
    mask = inputs.get("mask")
    focus = None if mask is None else read_mask(mask, box, particles.pixel_size)
    if params.align:
        particles = searched(particles, inputs, params, context, half)
    rotation, shift = poses(particles)
    images = load_images(particles, Band(size=box), report=context.report)
    settings = Classes3DSettings(diameter=params.diameter, classes=params.classes, symmetry=symmetry(params.symmetry),
                                 hard=params.assignment == "hard", seed=context.seed)  # fmt: skip
    with torch.inference_mode():
        found = classify3d(
            images, torch.from_numpy(half.astype(np.int64)) - 1, rotation, shift, settings, focus=focus,
            rounds=ROUNDS if params.align else 0, report=context.report,
        )  # fmt: skip
    found = largest_first(found)
    write_classes(found, images, context)
    write_particles_of(particles, found, half, images.pixel_size, context)
    held = found.held_out
    figures = {
        "class_count": params.classes, "particle_count": len(particles), "classes_are_real": held.classes_are_real,
        "evidence_per_particle": held.mean, "evidence_error": held.error, "agreement_of_halves": held.agreement,
        "resolution_angstrom": images.resolution(found.radius),
    }  # fmt: skip
    warnings = () if held.classes_are_real else (ALIKE.format(mean=held.mean, error=held.error, agreement=held.agreement),)
    return Result(figures=figures, warnings=warnings)


def read_mask(path: Path, box: int, pixel_size: float) -> Tensor:
    """Read a mask on the particles' grid.

    Raises
    ------
    InputError
        If it holds nothing, or leaves the range 0 to 1.
    """
    from vitreous.jobs.refine import read_reference

    values = read_reference(path, box, pixel_size)
    low, high = float(values.min()), float(values.max())
    if low < -0.1 or not 0.5 <= high <= 1.1:
        raise InputError(f"mask must lie between 0 and 1 and hold something; got {low:.3g} to {high:.3g} in {path}. "
                         "Try: vitreous postprocess writes a mask.")  # fmt: skip
    return values.clamp(0, 1)


def poses(particles: Particles) -> tuple[Tensor, Tensor]:
    """Rotations and shifts in pixels.

    Raises
    ------
    InputError
        If the particles have none.
    """
    import torch

    if particles.rotation is None:
        raise InputError("particles must have poses (rlnAngleRot …) for a classification without alignment. Try: vitreous refine first.")
    shift = torch.zeros(len(particles), 2) if particles.shift is None else torch.from_numpy(particles.shift) / particles.pixel_size
    return torch.from_numpy(particles.rotation), shift.double()


def searched(particles: Particles, inputs: Inputs, params: Classify3D, context: Context, half: object) -> Particles:
    """The particles with poses refined against the reference, all as one class.

    Raises
    ------
    InputError
        If there is no reference.
    """
    import numpy as np
    import torch

    from vitreous.inference.load import Band, load_images
    from vitreous.jobs.checkpoints import ArrayCheckpoint
    from vitreous.jobs.particle_table import box_of
    from vitreous.jobs.refine import read_reference
    from vitreous.numerics.symmetry import symmetry
    from vitreous.stages.refine.iterate import refine
    from vitreous.stages.refine.settings import RefineSettings

    if inputs.get("reference") is None:
        raise InputError("a search for poses needs a reference. Try: --reference map.mrc, or --no-align if the particles have poses.")
    box = box_of(particles)
    images = load_images(particles, Band(size=box, mask_diameter=1.2 * params.diameter), report=context.report)
    settings = RefineSettings(
        diameter=params.diameter, symmetry=symmetry(params.symmetry), initial_lowpass=params.initial_lowpass, seed=context.seed,
        memory=min(400_000_000, context.memory // 4),
    )  # fmt: skip
    reference = read_reference(inputs["reference"], box, particles.pixel_size)
    with torch.inference_mode():
        _, state = refine(images, torch.from_numpy(np.asarray(half).astype(np.int64)) - 1, reference, settings, report=context.report,
                          checkpoint=ArrayCheckpoint(context, "refine"))  # fmt: skip
    return particles.with_(rotation=state.rotation.numpy(), shift=state.shift.numpy() * images.pixel_size)


def largest_first(found: Classification) -> Classification:
    """The same with classes in order of their share."""
    order = found.found.posterior.mean(0).argsort(descending=True)
    place = order.argsort()
    classes = replace(
        found.found, differences=found.found.differences[order], shares=found.found.shares[order],
        posterior=found.found.posterior[:, order], assignments=place[found.found.assignments],
    )  # fmt: skip
    held_out = replace(found.held_out, posterior=found.held_out.posterior[:, order])
    return replace(found, found=classes, maps=found.maps[order], held_out=held_out)


def write_classes(found: Classification, images: FourierImages, context: Context) -> None:
    """Write a map a class, the consensus, the figures of every class and the picture."""
    import torch

    from vitreous.data.volume import Volume
    from vitreous.io.mrc import write_volume
    from vitreous.runtime.files import write_json
    from vitreous.stages.heterogeneity.agreement import migration
    from vitreous.stages.heterogeneity.em import decided
    from vitreous.views.classes3d import classes3d_figure
    from vitreous.views.render import save_figure

    for number, values in enumerate(found.maps, start=1):
        write_volume(context.outputs / f"class{number}.mrc", Volume(values, images.pixel_size))
    write_volume(context.outputs / "consensus.mrc", Volume(found.base.whole, images.pixel_size))
    posterior, held = found.found.posterior, found.held_out
    shares = posterior.mean(0)
    counts = decided(posterior).sum(0)
    moved = migration(decided(held.posterior), decided(posterior))
    passes = [torch.nn.functional.one_hot(each, len(shares)).double() for each in found.found.assignments[-2:]]
    write_json(context.outputs / "classes.json", {
        "classes": [{"class": k + 1, "share": float(shares[k]), "count": int(counts[k])} for k in range(len(shares))],
        "classes_are_real": held.classes_are_real,
        "held_out_evidence_per_particle": held.mean, "standard_error": held.error, "agreement_of_halves": held.agreement,
        "difference_share_of_power": held.share, "evidence_by_pass": list(found.found.objective),
        "expected_confusion": migration(decided(posterior), posterior).tolist(), "migration_between_halves": moved.tolist(),
        "migration_in_last_pass": migration(passes[0], passes[-1]).tolist(),
        "correlation_of_classes": correlations(found), "correlation_of_halves": found.base.fsc.tolist(),
    })  # fmt: skip
    save_figure(classes3d_figure(found.maps.numpy(), found.base.whole.numpy(), shares.numpy(), moved.numpy(), voxel_size=images.pixel_size),
                context.outputs / "classes.svg")  # fmt: skip


def correlations(found: Classification) -> list[dict[str, object]]:
    """FSC of every pair of class maps, to be held against that of random halves."""
    from vitreous.reconstruct.fourier import map_correlation

    count = len(found.maps)
    return [{"classes": [a + 1, b + 1], "fsc": map_correlation(found.maps[a], found.maps[b]).tolist()}
            for a in range(count) for b in range(a + 1, count)]  # fmt: skip


def write_particles_of(particles: Particles, found: Classification, half: object, pixel_size: float, context: Context) -> None:
    """Write the particles with their class, how sure it is and how stable."""
    import numpy as np

    from vitreous.jobs.particle_table import write_table

    extra = {
        **particles.extra,
        "rlnMaxValueProbDistribution": found.found.posterior.amax(1).numpy(),
        "vitreousClassStability": found.held_out.stability.numpy(),
    }
    table = particles.with_(
        class_number=(found.found.posterior.argmax(1) + 1).numpy().astype(np.int32), rotation=found.rotation.numpy(),
        shift=found.shift.numpy() * pixel_size, half=np.asarray(half), extra=extra,
    )  # fmt: skip
    write_table(table, context.outputs / "particles.star", context)


def estimate(inputs: Inputs, params: Classify3D) -> Estimate:
    """Expect a few milliseconds a particle, and as much again for each class; the search of poses costs ten times that."""
    from vitreous.jobs.particle_table import quick_count

    count = quick_count(inputs["particles"])
    return Estimate(seconds=10 + count * (0.06 * params.align + 1e-3 * params.classes), memory=2 * 10**9 + 300_000 * count)


JOB = JobType(
    name="classify3d",
    summary="Sort particles into three-dimensional classes and judge whether they are real",
    params=Classify3D,
    inputs=(
        Input("particles", "particles", "a STAR file of particles with images, defocus and (without a search) poses"),
        Input("reference", "map", "a map to search poses with", optional=True),
        Input("mask", "mask", "where classes may differ; the particle's ball without it", optional=True),
    ),
    outputs=(
        Output("particles", "particles.star", "classified particles", "particles with their class, its probability and its stability"),
        Output("maps", "class[0-9]*.mrc", "class maps", "map of each class, the largest first"),
        Output("consensus", "consensus.mrc", "consensus", "map of all particles"),
        Output("verdicts", "classes.json", "verdicts", "shares, evidence, confusion and migration"),
        Output("picture", "classes.svg", "picture", "the classes, what differs, and how particles move between them"),
    ),
    run="vitreous.jobs.classify3d:run",
    estimate="vitreous.jobs.classify3d:estimate",
    papers=(
        "Scheres, J. Mol. Biol. 415, 406 (2012).",
        "Bai et al., eLife 4, e11182 (2015).",
        "Tagare et al., J. Struct. Biol. 191, 245 (2015).",
        "Chen et al., J. Struct. Biol. 188, 267 (2014).",
    ),
)
