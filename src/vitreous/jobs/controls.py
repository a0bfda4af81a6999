"""Particles with poses held against noise: is the map in the images, is it fitted noise, is it one thing."""

from __future__ import annotations

from vitreous.jobs.options import PixelSize
from vitreous.jobs.placed_particles import FILLED, PIXELS, SAMPLE
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

#: Images that are searched for views, at most: the dearest of the controls.
SEARCHED = 400


@parameters
class Controls(PixelSize):
    """How particles are held against noise."""

    diameter: float | None = option(None, "Å", "longest side of the particle", above=0, high=100000, if_none="three quarters of the box")
    symmetry: str = option("C1", "", "point group: Cn, Dn, T, O, I")
    sample: int = option(SAMPLE, "", "particles that are looked at, drawn by chance", low=50, high=100_000)
    size: int = option(PIXELS, "pixels", "larger images are made so small", low=16, high=512)
    homogeneity: bool = option(True, help="sort the particles again into two classes")


def run(inputs: Inputs, params: Controls, context: Context) -> Result:
    """Run the three controls and write what they found."""
    from dataclasses import asdict

    import torch

    from vitreous.inference.half_maps import split_halves
    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import box_of
    from vitreous.jobs.placed_particles import draw_better, placed_particles, result_of, sort_again
    from vitreous.runtime.chance import torch_generator
    from vitreous.runtime.files import write_json
    from vitreous.stages.controls.better import against_noise, judge_better_than_noise
    from vitreous.stages.controls.homogeneity import judge_homogeneity
    from vitreous.stages.controls.overfitting import freed_agreement, judge_overfitting
    from vitreous.views.render import save_figure

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    half = split_halves(len(particles), context.seed, particles.half)
    diameter = params.diameter or FILLED * box_of(particles) * particles.pixel_size
    given = {"diameter": diameter, "symmetry": params.symmetry, "seed": context.seed, "pixels": params.size, "report": context.report}
    with torch.inference_mode():
        task = placed_particles(particles, half, most=params.sample, **given)
        few = placed_particles(particles, half, most=min(params.sample, SEARCHED), **given)
        beside = against_noise(few, torch_generator(context.seed, "twins"))
        checks = [judge_overfitting(freed_agreement(task, torch_generator(context.seed, "nudges"))), judge_better_than_noise(beside)]
        if params.homogeneity:
            checks.append(judge_homogeneity(sort_again(task, diameter, context.seed)))
    write_json(context.outputs / "controls.json", {"checks": [asdict(check) for check in checks]})
    save_figure(draw_better(beside), context.outputs / "better_than_noise.svg")
    return result_of(checks)


def estimate(inputs: Inputs, params: Controls) -> Estimate:
    """Expect some ten milliseconds an image, and ten times that for those searched."""
    return Estimate(seconds=10 + 0.02 * params.sample + 0.05 * min(params.sample, SEARCHED), memory=2 * 10**9)


JOB = JobType(
    name="controls",
    summary="Is the map in the particles: overfitting, better than noise, homogeneity",
    params=Controls,
    inputs=(Input("particles", "particles", "a STAR file of particles with images, poses and defocus"),),
    outputs=(
        Output("checks", "controls.json", "checks", "each finding with its verdict, reason and figures"),
        Output("picture", "better_than_noise.svg", "picture", "particles beside noise images of their own spectra"),
    ),
    run="vitreous.jobs.controls:run",
    estimate="vitreous.jobs.controls:estimate",
    papers=(
        "Chen et al., Ultramicroscopy 135, 24 (2013).",
        "Heymann, AIMS Biophys. 2, 21 (2015).",
        "Henderson, Proc. Natl. Acad. Sci. USA 110, 18037 (2013).",
    ),
)
