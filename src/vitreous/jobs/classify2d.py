"""Particles to class averages, each with a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.jobs.checkpoints import ArrayCheckpoint
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from vitreous.data.particles import Particles
    from vitreous.stages.classify2d.choose import Verdict
    from vitreous.stages.classify2d.em import Classes

#: Images are held on pixels just fine enough for this share of the diameter, and no finer than 6 Å detail needs.
FINEST_SHARE, FINEST = 1 / 14, 6.0
#: The mask on images is this much wider than the particle.
MASK = 1.2


@parameters
class Classify2D(PixelSize):
    """How images are classified."""

    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    classes: int = option(20, "", "number of classes", low=1, high=1000)
    iterations: int = option(20, "", "passes over the images", low=3, high=500)
    finest: float | None = option(None, "Å", "finest detail used", above=0, high=100, if_none="a fourteenth of the diameter, at least 6 Å")
    angular_step: float = option(6.0, "°", "in-plane step", low=1, high=30, advanced=True)


def run(inputs: Inputs, params: Classify2D, context: Context) -> Result:
    """Classify, going on where an earlier run was stopped; then judge the classes."""
    import torch

    from vitreous.inference.load import Band, load_images, working_size
    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import box_of, check_particles
    from vitreous.jobs.sound_images import load_sound
    from vitreous.stages.classify2d.choose import judge
    from vitreous.stages.classify2d.em import Classes, Classify2DSettings, classify

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    check_particles(particles, params.diameter)
    finest = params.finest or max(FINEST, params.diameter * FINEST_SHARE)
    size = working_size(box_of(particles), particles.pixel_size, finest)
    band = Band(size=size, mask_diameter=MASK * params.diameter)
    particles, images = load_sound(particles, lambda those: load_images(those, band, report=context.report), context)
    classes = min(params.classes, max(1, len(particles) // 5))
    settings = Classify2DSettings(
        diameter=params.diameter, classes=classes, iterations=params.iterations, step_deg=params.angular_step, seed=context.seed,
        memory=min(300_000_000, context.memory // 4),
    )  # fmt: skip
    checkpoint = ArrayCheckpoint(context, "classes")
    saved = checkpoint.load()
    with torch.inference_mode():
        found = classify(images, settings, state=Classes.of(saved) if saved else None, report=context.report, checkpoint=checkpoint)
    verdicts = judge(found)
    write(particles, found, verdicts, images.pixel_size, context)
    kept = sum(v.count for v in verdicts if v.kept)
    warnings = () if kept >= 0.5 * len(particles) else (
        f"only {kept} of {len(particles)} particles are in good classes. Look at the averages; the picks or the diameter may be wrong.",
    )  # fmt: skip
    return Result(figures={"particle_count": len(particles), "class_count": classes, "good_class_count": sum(v.kept for v in verdicts),
                           "particles_in_good_classes": kept, "pixel_size_angstrom": images.pixel_size}, warnings=warnings)  # fmt: skip


def write(particles: Particles, found: Classes, verdicts: list[Verdict], pixel_size: float, context: Context) -> None:
    """Write the table, the averages, the verdicts and their picture."""
    import numpy as np
    import torch

    from vitreous.io.stacks import write_stack
    from vitreous.jobs.particle_table import write_table
    from vitreous.numerics.rotations import from_euler
    from vitreous.runtime.files import write_json
    from vitreous.views.classes import classes_figure
    from vitreous.views.render import save_figure

    psi = torch.zeros(len(particles), 3, dtype=torch.float64)
    psi[:, 2] = -torch.rad2deg(found.angle.double())
    table = particles.with_(
        class_number=(found.assignment + 1).numpy().astype(np.int32), rotation=from_euler(psi).numpy(),
        shift=found.shift.numpy() * pixel_size,
        extra={**particles.extra, "rlnMaxValueProbDistribution": found.confidence.double().numpy()},
    )  # fmt: skip
    write_table(table, context.outputs / "particles.star", context)
    write_stack(context.outputs / "classes.mrcs", found.averages.numpy(), pixel_size)
    share = found.share.tolist()
    length = found.averages.shape[-1] * pixel_size
    write_json(context.outputs / "classes.json", [
        {"class": v.number, "count": v.count, "share": share[v.number - 1], "kept": v.kept, "reasons": list(v.reasons),
         "resolution_angstrom": length / v.detail if v.detail else None, "evidence": v.evidence} for v in verdicts])  # fmt: skip
    order = sorted(range(len(verdicts)), key=lambda k: -share[k])
    figure = classes_figure(found.averages[order].numpy(), np.array(share)[order], pixel_size=pixel_size,
                            kept=np.array([verdicts[k].kept for k in order]))  # fmt: skip
    save_figure(figure, context.outputs / "classes.svg")


def estimate(inputs: Inputs, params: Classify2D) -> Estimate:
    """Expect a few milliseconds a particle, class and pass."""
    from vitreous.jobs.particle_table import quick_count

    count = quick_count(inputs["particles"])
    return Estimate(seconds=5 + 1.2e-4 * count * params.classes * params.iterations, memory=10**9 + 60_000 * count)


JOB = JobType(
    name="classify2d",
    summary="Sort particle images into two-dimensional classes and judge them",
    params=Classify2D,
    inputs=(Input("particles", "particles", "a STAR file of particles with images and defocus"),),
    outputs=(
        Output("particles", "particles.star", "classified", "particles with their class, in-plane angle and shift"),
        Output("classes", "classes.mrcs", "classes", "class averages, particle bright"),
        Output("verdicts", "classes.json", "verdicts", "share, detail and verdict of each class"),
        Output("picture", "classes.svg", "picture", "the averages, largest first"),
    ),
    run="vitreous.jobs.classify2d:run",
    estimate="vitreous.jobs.classify2d:estimate",
    papers=("Scheres et al., J. Mol. Biol. 348, 139 (2005).", "Sorzano et al., J. Struct. Biol. 171, 197 (2010)."),
)
