"""How far a tomogram is resolved at each place, and along its axes (MonoTomo)."""

from __future__ import annotations

from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

#: What a voxel needs: bytes, and seconds of one core.
BYTES_PER_VOXEL, SECONDS_PER_VOXEL = 70, 1.2e-5


@parameters
class TomogramResolutionParams(PixelSize):
    """How the tomogram was tilted."""

    highest_tilt: float = option(60.0, "°", "to either side, about y", above=0, high=90)
    finest: float | None = option(None, "Å", "levels end here", above=0, if_none="2.1 voxels")
    coarsest: float | None = option(None, "Å", "levels begin here", above=0, if_none="20 Å, or what five waves in the box allow")


def run(inputs: Inputs, params: TomogramResolutionParams, context: Context) -> Result:
    """Find the local resolution, write it as a map and draw it."""
    from vitreous.data.volume import Volume
    from vitreous.io.mrc import read_volume, write_volume
    from vitreous.jobs.local_resolution import write_histogram
    from vitreous.runtime.files import write_json
    from vitreous.runtime.progress import Progress
    from vitreous.stages.local_resolution import monotomo
    from vitreous.views.local_resolution import local_resolution_figure
    from vitreous.views.render import save_figure

    first, second = (read_volume(inputs[port], params.pixel_size) for port in ("half1", "half2"))
    given = inputs.get("mask")
    mask = read_volume(given, params.pixel_size).values if given else first.values.new_ones(first.shape)
    context.report(Progress("local resolution", 0, 1))
    found = monotomo(first, second, mask, highest_tilt=params.highest_tilt, finest=params.finest, coarsest=params.coarsest)
    context.report(Progress("local resolution", 1, 1))
    local = found.local
    write_volume(context.outputs / "local_resolution.mrc", Volume(local.values.nan_to_num(0.0), first.voxel_size, first.corner))
    write_histogram(context.outputs / "local_resolution.csv", local)
    save_figure(local_resolution_figure(0.5 * (first.values + second.values), local.values, first.voxel_size),
                context.outputs / "local_resolution.svg")  # fmt: skip
    figures = {"median_angstrom": round(local.quantile(0.5), 3), "coarsest_level_angstrom": round(float(local.levels[-1]), 3)}
    figures |= {f"{axis}_median_angstrom": round(value, 3) for axis, value in zip("xyz", found.along)}
    write_json(context.outputs / "local_resolution.json", figures)
    return Result(figures=figures)


def estimate(inputs: Inputs, params: TomogramResolutionParams) -> Estimate:
    """Expect four descents over the whole box."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["half1"]).shape)
    return Estimate(seconds=5 + SECONDS_PER_VOXEL * voxels, memory=400_000_000 + BYTES_PER_VOXEL * voxels)


JOB = JobType(
    name="tomogram-resolution",
    summary="How far a tomogram is resolved at each place, its missing wedge apart",
    params=TomogramResolutionParams,
    inputs=(
        Input("half1", "half-tomogram 1", "of even tilts or frames, tilted about y", positional=True),
        Input("half2", "half-tomogram 2", "of odd tilts or frames", positional=True),
        Input("mask", "mask", "above 0.5 where to ask; everywhere without it", optional=True),
    ),
    outputs=(
        Output("local_resolution", "local_resolution.mrc", "local resolution", "Å in each voxel of the mask, 0 outside"),
        Output("spread", "local_resolution.csv", "curve", "voxels by resolution"),
        Output("picture", "local_resolution.svg", "picture", "sections coloured by resolution, and the histogram"),
        Output("summary", "local_resolution.json", "figures", "medians of all measured directions, and along x, y and z"),
    ),
    run="vitreous.jobs.tomogram_resolution:run",
    estimate="vitreous.jobs.tomogram_resolution:estimate",
    papers=("Vilas et al., J. Struct. Biol. X 4, 100016 (2020).",),
)
