"""Particles whose detail beyond some resolution is noise: to be refined once more, anywhere, as a control."""

from __future__ import annotations

from vitreous.errors import require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output


@parameters
class SubstituteNoise(PixelSize):
    """From where on phases are random."""

    beyond: float = option(..., "Å", "detail finer than this gets random phases; coarser than the resolution claimed", above=0, high=1000)


def run(inputs: Inputs, params: SubstituteNoise, context: Context) -> Result:
    """Write the particles with random phases beyond the given resolution."""
    from pathlib import Path

    import numpy as np

    from vitreous.io.particles import read_particles
    from vitreous.io.stacks import write_stack
    from vitreous.jobs.particle_table import box_of, write_table

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    length = box_of(particles) * particles.pixel_size
    require(2 * particles.pixel_size < params.beyond < length / 2, "beyond", params.beyond,
            f"from Nyquist, {2 * particles.pixel_size:.2f} Å, to half the box, {length / 2:.0f} Å")  # fmt: skip
    start = round(length / params.beyond)
    name: Path = context.outputs / "particles.mrcs"
    write_stack(name, images(particles, start, context), particles.pixel_size)
    rows = np.arange(len(particles))
    write_table(particles.with_(stack=(name,), stack_index=np.zeros(len(rows), np.int64), slice_index=rows),
                context.outputs / "particles.star", context)  # fmt: skip
    return Result(figures={"particle_count": len(particles), "random_beyond_angstrom": round(length / start, 3)})


def images(particles, start: int, context: Context):
    """Each particle's image, substituted, in order."""
    import numpy as np
    import torch

    from vitreous.inference.load import read_blocks
    from vitreous.runtime.chance import torch_generator
    from vitreous.runtime.progress import Progress
    from vitreous.stages.controls.substitute import substituted_stack

    generator = torch_generator(context.seed, "substitute")
    for at, block in read_blocks(particles, np.arange(len(particles))):
        yield from substituted_stack(torch.from_numpy(block), start, generator).numpy()
        context.report(Progress("substitute noise", int(at[-1]) + 1, len(particles)))


JOB = JobType(
    name="substitute-noise",
    summary="Particles with random phases beyond a resolution, to be refined again as a control",
    params=SubstituteNoise,
    inputs=(Input("particles", "particles", "a STAR file of particles with images"),),
    outputs=(
        Output("particles", "particles.star", "particles", "the same particles, poses and all, with the substituted images"),
        Output("stack", "particles.mrcs", "stack", "their images"),
    ),
    run="vitreous.jobs.substitute_noise:run",
    papers=("Chen et al., Ultramicroscopy 135, 24 (2013).",),
)
