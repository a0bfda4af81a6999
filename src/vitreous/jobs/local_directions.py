"""How far a map is resolved at each place along each direction (MonoDir)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from pathlib import Path

    from vitreous.stages.local_resolution import DirectionalResolution

#: What a voxel needs: bytes, and seconds of one core for 24 directions.
BYTES_PER_VOXEL, SECONDS_PER_VOXEL = 70, 3e-5


@parameters
class LocalDirectionsParams(PixelSize):
    """Between which levels."""

    resolution: float | None = option(
        None, "Å", "of the whole map: it is put on as few voxels as that needs", above=0, if_none="from the half-maps"
    )


def run(inputs: Inputs, params: LocalDirectionsParams, context: Context) -> Result:
    """Find the resolution along 24 directions, write it and draw it."""
    from dataclasses import replace

    from vitreous.data.volume import Volume
    from vitreous.io.mrc import write_volume
    from vitreous.jobs.local_resolution import maps_and_mask, whole_resolution
    from vitreous.jobs.validation.from_maps import smaller
    from vitreous.runtime.files import write_json
    from vitreous.runtime.progress import Progress
    from vitreous.stages.local_resolution import monodir
    from vitreous.views.local_directions import local_directions_figure
    from vitreous.views.render import save_figure

    first, second, mask = maps_and_mask(inputs, params.pixel_size)
    whole = params.resolution or (whole_resolution(first, second, mask, context.seed) if second is not None else None)
    inside = replace(first, values=mask)
    if whole:
        first, inside, second = (each and smaller(each, whole) for each in (first, inside, second))
    context.report(Progress("directions", 0, 1))
    found = monodir(first, second, inside.values)
    context.report(Progress("directions", 1, 1))
    for name in ("radial", "tangential"):
        write_volume(context.outputs / f"{name}.mrc", Volume(getattr(found, name).nan_to_num(0.0), first.voxel_size, first.corner))
    write_directions(found, context.outputs / "directions.csv")
    save_figure(local_directions_figure(found.directions.numpy(), found.medians.numpy(), found.radial.numpy(), found.tangential.numpy(),
                                        first.voxel_size), context.outputs / "directions.svg")  # fmt: skip
    told = figures(found)
    write_json(context.outputs / "local_directions.json", told)
    return Result(figures=told)


def figures(found: DirectionalResolution) -> dict[str, object]:
    """Resolution along the principal axes, the worst axis, and medians along and across the radius."""
    resolution, axes = found.axes()
    return {
        "best_direction_angstrom": round(float(found.medians.min()), 3), "worst_direction_angstrom": round(float(found.medians.max()), 3),
        "principal_angstrom": [round(each, 3) for each in resolution.tolist()],
        "worst_axis_xyz": [round(each, 4) for each in axes[:, -1].tolist()],
        "radial_median_angstrom": round(float(found.radial.nanmedian()), 3),
        "tangential_median_angstrom": round(float(found.tangential.nanmedian()), 3),
    }  # fmt: skip


def write_directions(found: DirectionalResolution, path: Path) -> None:
    """Write each direction with its median."""
    from vitreous.runtime.files import write_text

    rows = (",".join(f"{value:.5f}" for value in (*unit, median)) for unit, median in
            zip(found.directions.tolist(), found.medians.tolist()))  # fmt: skip
    write_text(path, "\n".join(["x,y,z,median_angstrom", *rows]) + "\n")


def estimate(inputs: Inputs, params: LocalDirectionsParams) -> Estimate:
    """Expect 24 times the work of one local resolution."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["half1"]).shape)
    return Estimate(seconds=5 + SECONDS_PER_VOXEL * voxels, memory=400_000_000 + BYTES_PER_VOXEL * voxels)


JOB = JobType(
    name="local-directions",
    summary="How far a map is resolved at each place along each direction",
    params=LocalDirectionsParams,
    inputs=(
        Input("half1", "half-map 1", "unfiltered map of one half of the particles, or a single map", positional=True),
        Input("half2", "half-map 2", "that of the other half", positional=True, optional=True),
        Input("mask", "mask", "above 0.5 where to ask; made from the maps without it", optional=True),
    ),
    outputs=(
        Output("radial", "radial.mrc", "local resolution", "Å along the radius in each voxel of the mask, 0 outside"),
        Output("tangential", "tangential.mrc", "local resolution", "Å across the radius, mean of directions"),
        Output("by_direction", "directions.csv", "table", "median along each of 24 directions"),
        Output("picture", "directions.svg", "picture", "the sphere coloured by resolution, and both by distance from the middle"),
        Output("summary", "local_directions.json", "figures", "principal resolutions and the worst axis"),
    ),
    run="vitreous.jobs.local_directions:run",
    estimate="vitreous.jobs.local_directions:estimate",
    papers=("Vilas et al., Nat. Commun. 11, 55 (2020).",),
)
