"""How far a map is resolved at each place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vitreous.errors import InputError
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from torch import Tensor

    from vitreous.data.local_resolution import LocalResolution
    from vitreous.data.volume import Volume

#: What a voxel needs: bytes, and seconds of one core.
BYTES_PER_VOXEL, SECONDS_PER_VOXEL = 50, 1.5e-6
#: Å: a single map's particle is what stands out at this resolution, or at four voxels.
LOWPASS = 15.0
#: Bins of the table of places.
BINS = 60


@parameters
class LocalResolutionParams(PixelSize):
    """How places are judged."""

    method: Literal["windowed", "monogenic", "resmap", "learned"] | None = option(
        None, "", "correlation in windows (two half-maps), amplitude over noise (MonoRes), test for waves (ResMap), or a trained network",
        if_none="windowed, or monogenic for a single map")  # fmt: skip
    resolution: float | None = option(None, "Å", "of the whole map, to compare with", above=0, if_none="from the half-maps")


def run(inputs: Inputs, params: LocalResolutionParams, context: Context) -> Result:
    """Find the local resolution, write it as a map, draw it and judge it."""
    from vitreous.data.volume import Volume
    from vitreous.io.mrc import write_volume
    from vitreous.runtime.files import write_json
    from vitreous.runtime.progress import Progress
    from vitreous.stages.local_resolution import judge_local_resolution
    from vitreous.views.local_resolution import local_resolution_figure
    from vitreous.views.render import save_figure

    first, second, mask = maps_and_mask(inputs, params.pixel_size)
    whole = params.resolution or (whole_resolution(first, second, mask, context.seed) if second is not None else None)
    method = params.method or ("windowed" if second is not None else "monogenic")
    context.report(Progress("local resolution", 0, 1))
    found = find(method, first, second, mask, whole if second is None else None)
    context.report(Progress("local resolution", 1, 1, {"median_angstrom": found.quantile(0.5)}))
    check = judge_local_resolution(found, whole, first.voxel_size) if whole else None
    write_volume(context.outputs / "local_resolution.mrc", Volume(found.values.nan_to_num(0.0), first.voxel_size, first.corner))
    write_histogram(context.outputs / "local_resolution.csv", found)
    density = first.values if second is None else 0.5 * (first.values + second.values)
    save_figure(
        local_resolution_figure(density, found.values, first.voxel_size, resolution=whole), context.outputs / "local_resolution.svg"
    )
    figures = {
        "method": method, "median_angstrom": round(found.quantile(0.5), 3), "tenth_angstrom": round(found.quantile(0.1), 3),
        "ninetieth_angstrom": round(found.quantile(0.9), 3), "resolution_angstrom": round(whole, 3) if whole else None,
        "verdict": check.verdict if check else "not done",
    }  # fmt: skip
    reason = check.reason if check else "the resolution of the whole map is not known. Try: --resolution, or both half-maps."
    write_json(context.outputs / "local_resolution.json", {**figures, "reason": reason})
    return Result(figures=figures, warnings=(reason,) if check and check.verdict != "pass" else ())


def maps_and_mask(inputs: Inputs, pixel_size: float | None) -> tuple[Volume, Volume | None, Tensor]:
    """One map or two half-maps, and the mask: as given, or made.

    Raises
    ------
    InputError
        If the half-maps cannot be compared or the mask cannot be used.
    """
    from vitreous.io.mrc import read_volume
    from vitreous.stages.postprocess.check import check_halves, check_mask

    first = read_volume(inputs["half1"], pixel_size)
    second, given = (read_volume(path, pixel_size) if (path := inputs.get(port)) else None for port in ("half2", "mask"))
    if second is not None:
        check_halves(first, second)
    if given is not None:
        check_mask(given, first)
    return first, second, given.values if given is not None else made_mask(first, second)


def find(method: str, first: Volume, second: Volume | None, mask: Tensor, resolution: float | None) -> LocalResolution:
    """Local resolution by one of the methods; ``resolution`` (Å) is that of a single map, where it is known.

    Raises
    ------
    InputError
        If the method needs two half-maps and there is one.
    """
    from dataclasses import replace

    from vitreous.stages.local_resolution import monogenic, windowed_fsc

    if method == "monogenic":
        return monogenic(first, second, mask, resolution=resolution)
    if method == "resmap":
        from vitreous.stages.local_resolution.resmap import resmap

        return resmap(first, second, mask)
    if method == "learned":
        from vitreous.stages.local_resolution.learned import learned

        return learned(first if second is None else replace(first, values=0.5 * (first.values + second.values)), mask)
    if second is None:
        raise InputError("half2 must be given for the method windowed. Try: --method monogenic, which takes a single map.")
    return windowed_fsc(first, second, mask)


def made_mask(first: Volume, second: Volume | None) -> Tensor:
    """A mask around the particle, from both halves or from what stands out of a single map."""
    from vitreous.numerics.filters import low_pass
    from vitreous.reconstruct.support import surface_level
    from vitreous.stages.postprocess.mask import solvent_mask

    if second is not None:
        return solvent_mask(first, second).values
    smooth = low_pass(first.values.float(), max(LOWPASS, 4 * first.voxel_size), first.voxel_size, axes=3)
    return (smooth > surface_level(smooth)).float()


def whole_resolution(first: Volume, second: Volume, mask: Tensor, seed: int) -> float | None:
    """Å at which the masked correlation of the halves, freed of what the mask adds, falls below 1/7; None if they do not agree."""
    from vitreous.inference.half_maps import GOLD_STANDARD
    from vitreous.runtime.chance import torch_generator
    from vitreous.stages.postprocess import fsc_curves, resolution

    found = resolution(fsc_curves(first, second, mask, torch_generator(seed, "phases"), repeats=1), GOLD_STANDARD)
    return found.value if found else None


def write_histogram(path: Path, local: LocalResolution) -> None:
    """Write how many voxels of the mask lie between successive resolutions."""
    import numpy as np

    from vitreous.runtime.files import write_text

    heights, edges = np.histogram(local.values[local.mask].numpy(), BINS, range=(float(local.levels[0]), float(local.levels[-1])))
    rows = (f"{low:.4g},{high:.4g},{count}" for low, high, count in zip(edges, edges[1:], heights))
    write_text(path, "\n".join(["from_angstrom,to_angstrom,voxels", *rows]) + "\n")


def estimate(inputs: Inputs, params: LocalResolutionParams) -> Estimate:
    """Expect some fifty bytes a voxel, as measured at 256 voxels a side."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["half1"]).shape)
    return Estimate(seconds=3 + SECONDS_PER_VOXEL * voxels, memory=400_000_000 + BYTES_PER_VOXEL * voxels)


JOB = JobType(
    name="local-resolution",
    summary="How far a map is resolved at each place",
    params=LocalResolutionParams,
    inputs=(
        Input("half1", "half-map 1", "unfiltered map of one half of the particles, or a single map", positional=True),
        Input("half2", "half-map 2", "that of the other half", positional=True, optional=True),
        Input("mask", "mask", "above 0.5 where to ask; made from the maps without it", optional=True),
    ),
    outputs=(
        Output("local_resolution", "local_resolution.mrc", "local resolution", "Å in each voxel of the mask, 0 outside"),
        Output("spread", "local_resolution.csv", "curve", "voxels by resolution"),
        Output("picture", "local_resolution.svg", "picture", "sections coloured by resolution, and the histogram"),
        Output("summary", "local_resolution.json", "figures", "median, range, verdict and its reason"),
    ),
    run="vitreous.jobs.local_resolution:run",
    estimate="vitreous.jobs.local_resolution:estimate",
    papers=(
        "Cardone, Heymann & Steven, J. Struct. Biol. 184, 226 (2013).",
        "Vilas et al., Structure 26, 337 (2018).",
        "Kucukelbir, Sigworth & Tagare, Nat. Methods 11, 63 (2014).",
    ),
)
