"""Resolution by number of particles: the B-factor plot and what more particles would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitreous.errors import require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vitreous.stages.controls.placed import Placed
    from vitreous.stages.controls.reslog import Growth, ResLog

#: Particles and 1 / d² of noise images.
Noise = tuple[list[float], list[float]]
#: Noise images at most: each is searched over all views, some hundredths of a second.
NOISE_IMAGES = 2000


@parameters
class ResLogPlot(PixelSize):
    """How subsets are made."""

    diameter: float | None = option(None, "Å", "longest side of the particle", above=0, high=100000, if_none="three quarters of the box")
    symmetry: str = option("C1", "", "point group: Cn, Dn, T, O, I")
    target: float | None = option(None, "Å", "to forecast particles for", above=0, high=100, if_none="a tenth finer than reached")
    most: int = option(50_000, "", "particles that are used, drawn by chance", low=240, high=10_000_000)
    noise: bool = option(False, "", "also draw the curve of noise images with the particles' spectra, aligned to the particles' maps")
    size: int = option(128, "pixels", "larger images are made so small: the plot then ends at their Nyquist", low=16, high=512)


def run(inputs: Inputs, params: ResLogPlot, context: Context) -> Result:
    """Reconstruct nested subsets, fit the law, forecast."""
    import torch

    from vitreous.inference.half_maps import split_halves
    from vitreous.io.particles import read_particles
    from vitreous.jobs.placed_particles import placed_particles
    from vitreous.stages.controls.nested import nested_subsets
    from vitreous.stages.controls.reslog import fit_growth, growth, judge_particles_needed

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    if params.target is not None:
        finest = 2 * particles.pixel_size
        require(params.target > finest, "target", params.target, f"coarser than Nyquist, {finest:.2f} Å", instead="images of finer pixels")
    half = split_halves(len(particles), context.seed, particles.half)
    with torch.inference_mode():
        task = placed_particles(particles, half, diameter=params.diameter, symmetry=params.symmetry, seed=context.seed, most=params.most,
                                pixels=params.size, report=context.report)  # fmt: skip
        data = growth(nested_subsets(task, seed=context.seed, report=context.report), task.length)
        noise = noise_curve(task, context) if params.noise else None
    fitted = fit_growth(data)
    target = None if params.target is None or params.target <= data.nyquist else params.target
    found = judge_particles_needed(data, fitted, target=target)
    write(data, found.figures, context.outputs, noise)
    draw(data, fitted, found.figures, context.outputs, noise)
    return Result(figures=dict(found.figures), warnings=() if found.verdict == "pass" else (found.reason,))


def noise_curve(task: Placed, context: Context) -> Noise:
    """Particles and 1 / d² of noise images treated as the particles were: at most ``NOISE_IMAGES``, since each is searched."""
    import torch

    from vitreous.runtime.chance import torch_generator
    from vitreous.stages.controls.better import aligned_noise
    from vitreous.stages.controls.nested import mean_reached, nested_subsets

    chance = torch_generator(context.seed, "noise curve")
    some = task.taking(torch.randperm(len(task), generator=chance)[:NOISE_IMAGES])
    return mean_reached(nested_subsets(aligned_noise(some, chance), seed=context.seed), task.length)


def write(data: Growth, figures: Mapping[str, Any], folder: Path, noise: Noise | None) -> None:
    """Write the points and the figures."""
    from vitreous.runtime.files import write_json, write_text

    names = "particles,inverse_squared_resolution_per_angstrom2,standard_error_per_angstrom2,resolution_angstrom,subsets"
    rows = (f"{n:.0f},{u:.6g},{e:.3g},{u**-0.5:.4g},{r}" for n, u, e, r in zip(data.count, data.u, data.error, data.repeats))
    write_text(folder / "reslog.csv", "\n".join([names, *rows]) + "\n")
    curve = None if noise is None else {"particles": noise[0], "inverse_squared_resolution_per_angstrom2": noise[1]}
    write_json(folder / "reslog.json", {**figures, "noise": curve})


def draw(data: Growth, fitted: ResLog | None, figures: Mapping[str, Any], folder: Path, noise: Noise | None = None) -> None:
    """Draw the plot."""
    import numpy as np

    from vitreous.views.render import save_figure
    from vitreous.views.reslog import reslog_figure

    more: dict[str, Any] = {"noise": noise}
    if fitted is not None:
        needed = (figures["target_angstrom"], float(figures["particles_needed"]))
        last = max(data.count.max(), min(needed[1], 1e3 * data.count.max()))
        along = np.geomspace(data.count.min(), last, 60)
        more |= {"line": (along, fitted.u(along)), "b_factor": fitted.b_factor, "b_interval": fitted.b_interval,
                 "target": needed if needed[1] <= last else None}  # fmt: skip
    save_figure(reslog_figure(data.count, data.u, data.error, nyquist=data.nyquist, **more), folder / "reslog.svg")


def estimate(inputs: Inputs, params: ResLogPlot) -> Estimate:
    """Expect a tenth of a microsecond a pixel, and what thirty-one pairs of maps cost; ten sums are held."""
    from vitreous.jobs.particle_table import quick_count

    count = min(quick_count(inputs["particles"]), params.most)
    return Estimate(seconds=10 + 2e-7 * count * params.size**2 + 2e-5 * params.size**3, memory=10**9 + 600 * params.size**3)


JOB = JobType(
    name="reslog",
    summary="Resolution by number of particles, B-factor, and particles needed",
    params=ResLogPlot,
    inputs=(Input("particles", "particles", "a STAR file of particles with images, poses and defocus", positional=True),),
    outputs=(
        Output("points", "reslog.csv", "curve", "resolution of each size of subset, with its error"),
        Output("summary", "reslog.json", "figures", "B-factor with interval, particles needed with interval"),
        Output("picture", "reslog.svg", "picture", "the plot"),
    ),
    run="vitreous.jobs.reslog:run",
    estimate="vitreous.jobs.reslog:estimate",
    papers=(
        "Rosenthal and Henderson, J. Mol. Biol. 333, 721 (2003).",
        "Stagg et al., J. Struct. Biol. 185, 418 (2014).",
    ),
)
