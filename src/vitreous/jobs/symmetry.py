"""A map to the point groups it has, ranked, and the map turned onto the axes of the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.errors import require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from vitreous.numerics.symmetry_search import Fit

#: Largest box on which the search is done; more voxels hold no more shells that matter.
WORKING = 96


@parameters
class FindSymmetry(PixelSize):
    """How a map's symmetry is looked for."""

    diameter: float = option(..., "Å", "longest side of the particle; what lies outside is masked away", above=0, high=100000)
    resolution: float = option(20.0, "Å", "finest detail compared; the map must be good to it", above=0, high=500)


def run(inputs: Inputs, params: FindSymmetry, context: Context) -> Result:
    """Rank the groups, then turn and symmetrise the map."""
    from dataclasses import replace

    import torch

    from vitreous.io.mrc import read_volume, write_volume
    from vitreous.numerics.filters import soft_disc
    from vitreous.numerics.map_align import centre, turn
    from vitreous.numerics.symmetry_search import find_symmetry, symmetrise
    from vitreous.runtime.files import write_json

    volume = read_volume(inputs["map"], params.pixel_size)
    require(len(set(volume.shape)) == 1, "map", volume.shape, "a cube", instead="vitreous convert --crop")
    box = volume.shape[0]
    length = box * volume.voxel_size
    require(params.diameter < length, "diameter", params.diameter, f"smaller than the box, {length:.0f} Å")
    small = volume.resized(min(box, WORKING) // 2 * 2)
    radius = int(min(length / params.resolution, small.shape[0] // 2 - 1))
    require(radius >= 4, "resolution", params.resolution, f"at most a quarter of the box, {length / 4:.0f} Å")
    mask = soft_disc(small.shape, 0.55 * params.diameter / small.voxel_size, 3.0)
    with torch.inference_mode():
        fits = find_symmetry(centre(small.values.float()) * mask, radius=radius)
        best = next((fit for fit in fits if fit.holds), None)
        values = centre(volume.values.float())
        aligned = values if best is None else turn(values, best.axes)
        even = aligned if best is None else symmetrise(aligned, best.group)
    write_volume(context.outputs / "map.mrc", replace(volume, values=aligned))
    write_volume(context.outputs / "map_symmetrised.mrc", replace(volume, values=even))
    write_json(context.outputs / "symmetry.json", [told(fit) for fit in fits])
    name = "C1" if best is None else best.group.name
    return Result(figures={"symmetry": name, "score": best.score if best else None, "runner_up": runner_up(fits),
                           "resolution_compared_angstrom": length / radius}, stop=sentence(fits, best))  # fmt: skip


def told(fit: Fit) -> dict[str, object]:
    """One row of the ranking."""
    return {"group": fit.group.name, "holds": fit.holds, "score": round(fit.score, 4), "worst_element": round(fit.worst, 4),
            "axes": fit.axes.tolist()}  # fmt: skip


def runner_up(fits: list[Fit]) -> str | None:
    """The best-scoring group that does not hold: how near the next one came."""
    rest = [fit for fit in fits if not fit.holds]
    return f"{rest[0].group.name} ({rest[0].worst:.2f})" if rest else None


def sentence(fits: list[Fit], best: Fit | None) -> str:
    """The finding in words."""
    if best is None:
        return f"No symmetry but C1: the nearest, {fits[0].group.name}, leaves {fits[0].worst:.2f} of the map alike."
    others = ", ".join(fit.group.name for fit in fits if fit.holds and fit is not best)
    return f"{best.group.name}: every turn leaves {best.worst:.2f} of the map alike or more." + (f" So do {others}." if others else "")


def estimate(inputs: Inputs, params: FindSymmetry) -> Estimate:
    """Expect some seconds, whatever the map."""
    return Estimate(seconds=15, memory=10**9)


JOB = JobType(
    name="symmetry",
    summary="Point groups that a map has, with their axes",
    params=FindSymmetry,
    inputs=(Input("map", "map", "a map made without symmetry (C1)", positional=True),),
    outputs=(
        Output("map", "map.mrc", "map", "the map centred and turned onto the axes of the best group"),
        Output("symmetrised", "map_symmetrised.mrc", "map", "the same averaged over the group"),
        Output("ranking", "symmetry.json", "ranking", "every group tried: whether it holds, its scores, its axes"),
    ),
    run="vitreous.jobs.symmetry:run",
    estimate="vitreous.jobs.symmetry:estimate",
)
