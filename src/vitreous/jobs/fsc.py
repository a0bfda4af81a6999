"""Any two maps to their correlation by shell, every threshold, and the phase residual."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from vitreous.stages.postprocess.pair import Compared


@parameters
class Fsc(PixelSize):
    """How two maps are compared."""

    kind: Literal["halves", "full"] = option(
        "halves", "", "halves: two half-maps, judged at 0.143; full: a map of all data and another, as a model's, judged at 0.5"
    )
    symmetry: str = option("C1", "", "point group imposed on the maps; it leaves fewer independent numbers")


def run(inputs: Inputs, params: Fsc, context: Context) -> Result:
    """Compare, and write the curves and the table."""
    from vitreous.io.mrc import read_volume
    from vitreous.jobs.postprocess import told_thresholds, write_curves
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.chance import torch_generator
    from vitreous.runtime.files import write_json
    from vitreous.stages.postprocess.pair import compare_maps

    first, second = (read_volume(inputs[port], params.pixel_size) for port in ("first", "second"))
    given = inputs.get("mask")
    done = compare_maps(
        first, second, torch_generator(context.seed, "phases"), kind=params.kind, symmetry_order=symmetry(params.symmetry).order,
        mask=None if given is None else read_volume(given, params.pixel_size),
    )  # fmt: skip
    rows = told_thresholds(done.thresholds)
    row = next(row for row in rows if row["name"] == ("0.143" if params.kind == "halves" else "0.5"))
    told: dict[str, Any] = {"kind": params.kind, "threshold": row["name"], "resolution_angstrom": row["resolution_angstrom"],
                            "resolution_interval_angstrom": row["resolution_interval_angstrom"]}  # fmt: skip
    write_curves(context.outputs / "fsc.csv", done.curves, phase_residual_degrees=done.residual.rad2deg())
    write_json(context.outputs / "fsc.json", {**told, "thresholds": rows})
    draw(done, params.kind, context.outputs)
    warnings = () if told["resolution_angstrom"] else ("the maps agree no better than noise does: there is no resolution to state.",)
    return Result(figures=told, warnings=warnings)


def draw(done: Compared, kind: str, folder: Path) -> None:
    """Draw the correlations and the phase residual."""
    from vitreous.jobs.postprocess import shown_curves
    from vitreous.views.fsc import fsc_figure
    from vitreous.views.phase_residual import phase_residual_figure
    from vitreous.views.render import save_figure

    level = 0.143 if kind == "halves" else 0.5
    found = next(row.found for row in done.thresholds if row.name == f"{level:g}")
    figure = fsc_figure(shown_curves(done.curves), resolution=found and found.value, threshold=level,
                        interval=(found.finer, found.coarser) if found else None)  # fmt: skip
    save_figure(figure, folder / "fsc.svg")
    save_figure(phase_residual_figure(done.curves.k[1:].numpy(), done.residual[1:].rad2deg().numpy()), folder / "phase_residual.svg")


def estimate(inputs: Inputs, params: Fsc) -> Estimate:
    """Expect what postprocessing needs without its mask."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["first"]).shape)
    return Estimate(seconds=2 + 8e-7 * voxels, memory=400_000_000 + 45 * voxels)


JOB = JobType(
    name="fsc",
    summary="Correlation by shell of any two maps, at every threshold",
    params=Fsc,
    inputs=(
        Input("first", "map 1", "a half-map, or the map of all data", positional=True),
        Input("second", "map 2", "the other half-map, or a model's map", positional=True),
        Input("mask", "mask", "1 on the particle, soft at its edge; the whole box without it", optional=True),
    ),
    outputs=(
        Output("fsc", "fsc.csv", "curve", "correlations by shell, their 95 % interval, thresholds, phase residual"),
        Output("summary", "fsc.json", "figures", "resolution and interval at every threshold"),
        Output("fsc_picture", "fsc.svg", "picture", "the correlations"),
        Output("residual_picture", "phase_residual.svg", "picture", "the differential phase residual"),
    ),
    run="vitreous.jobs.fsc:run",
    estimate="vitreous.jobs.fsc:estimate",
    papers=(
        "Harauz & van Heel, Optik 73, 146 (1986).",
        "Chen et al., Ultramicroscopy 135, 24 (2013).",
        "Frank et al., Science 214, 1353 (1981).",
    ),
)
