"""Particles less the part of them that lies outside a mask."""

from __future__ import annotations

from vitreous.errors import require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

#: The column of the images that the new ones were made from, RELION's name for it.
ORIGINAL = "rlnImageOriginalName"


@parameters
class Subtract(PixelSize):
    """What is kept, and where it is put."""

    recentre: bool = option(False, help="put the middle of the mask in the middle of the new images")
    box: int | None = option(None, "px", "side of the new images", low=16, high=4096, if_none="that of the old ones")


def run(inputs: Inputs, params: Subtract, context: Context) -> Result:
    """Write the new images and their table; the old images stay named in it."""
    import numpy as np
    import torch

    from vitreous.data.optics import require_as_recorded
    from vitreous.io.particles import read_particles
    from vitreous.io.stacks import write_stack
    from vitreous.jobs.classify3d import poses, read_mask
    from vitreous.jobs.particle_table import box_of, write_table
    from vitreous.jobs.refine import read_reference
    from vitreous.stages.particles.subtract import mask_centre, particle_shifts, subtracted

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    poses(particles)
    require_as_recorded(particles.optics, "a part is subtracted from")
    box = box_of(particles)
    size = params.box or box
    require(size <= box and size % 2 == 0, "box", size, f"an even number of pixels, at most the old one's {box}")
    volume, mask = read_reference(inputs["map"], box, particles.pixel_size), read_mask(inputs["mask"], box, particles.pixel_size)
    centre = mask_centre(mask, particles.pixel_size) if params.recentre else None
    with torch.inference_mode():
        images = subtracted(particles, volume, mask, centre=centre, size=size, report=context.report)
        write_stack(context.outputs / "particles.mrcs", images, particles.pixel_size)
    moved = np.zeros((len(particles), 2)) if params.recentre else particle_shifts(particles).numpy() * particles.pixel_size
    named = [f"{s + 1:06d}@{context.name(particles.stack[f])}" for s, f in zip(particles.slice_index, particles.stack_index)]
    table = particles.with_(
        stack=(context.outputs / "particles.mrcs",), stack_index=np.zeros(len(particles), np.int64),
        slice_index=np.arange(len(particles)), shift=moved, extra={**particles.extra, ORIGINAL: np.array(named, object)},
    )  # fmt: skip
    write_table(table, context.outputs / "particles.star", context)
    return Result(figures={"particle_count": len(particles), "box_px": size})


def estimate(inputs: Inputs, params: Subtract) -> Estimate:
    """Expect a few milliseconds a particle, and its coefficients in memory a block at a time."""
    from vitreous.jobs.particle_table import quick_count

    return Estimate(seconds=5 + 3e-3 * quick_count(inputs["particles"]), memory=2 * 10**9)


JOB = JobType(
    name="subtract",
    summary="Take the part of particles outside a mask out of their images",
    params=Subtract,
    inputs=(
        Input("particles", "particles", "a STAR file of particles with images, defocus and poses"),
        Input("map", "map", "map of the whole particle, in the grey scale of the images or any other"),
        Input("mask", "mask", "1 where the particle is to stay"),
    ),
    outputs=(
        Output("particles", "particles.star", "subtracted particles", "the new images with their poses, and the names of the old ones"),
        Output("stack", "particles.mrcs", "stack", "the new images"),
    ),
    run="vitreous.jobs.subtract:run",
    estimate="vitreous.jobs.subtract:estimate",
    papers=("Bai et al., eLife 4, e11182 (2015).",),
)
