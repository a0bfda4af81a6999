"""Symmetry expansion of particles."""

from __future__ import annotations

from vitreous.pipeline.context import Context
from vitreous.pipeline.job import JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output


@parameters
class Expand:
    """Which symmetry."""

    symmetry: str = option(..., "", "point group: Cn, Dn, T, O, I")


def run(inputs: Inputs, params: Expand, context: Context) -> Result:
    """Write each particle once for every rotation of the group."""
    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import write_table
    from vitreous.numerics.symmetry import symmetry
    from vitreous.stages.particles.expand import expand

    particles = read_particles(inputs["particles"])
    group = symmetry(params.symmetry)
    many = expand(particles, group)
    write_table(many, context.outputs / "particles.star", context)
    return Result(figures={"particle_count": len(particles), "row_count": len(many), "symmetry": group.name})


JOB = JobType(
    name="expand",
    summary="Repeat particles by their symmetry, one row an asymmetric unit",
    params=Expand,
    inputs=(Input("particles", "particles", "a STAR file of particles with poses"),),
    outputs=(Output("particles", "particles.star", "expanded particles", "poses turned by every rotation of the group"),),
    run="vitreous.jobs.expand:run",
    papers=("Scheres, Methods Enzymol. 579, 125 (2016).",),
)
