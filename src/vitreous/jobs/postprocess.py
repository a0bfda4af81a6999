"""Two half-maps to a mask, a resolution and a sharpened map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from vitreous.stages.postprocess import FscCurves, Guinier, Postprocessed, Threshold
    from vitreous.views.fsc import FscCurves as Shown

#: Digits of the numbers in tables.
DIGITS = 6
#: What a voxel needs: bytes, and seconds of one core.
BYTES_PER_VOXEL, SECONDS_PER_VOXEL = 45, 1.3e-6


@parameters
class Postprocess(PixelSize):
    """How half-maps are judged and sharpened."""

    symmetry: str = option("C1", "", "point group imposed on the half-maps; it leaves fewer independent numbers")


def run(inputs: Inputs, params: Postprocess, context: Context) -> Result:
    """Compare the half-maps inside a mask, and sharpen their mean."""
    from dataclasses import asdict

    from vitreous.data.volume import Volume
    from vitreous.io.mrc import read_volume, write_volume
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.chance import torch_generator
    from vitreous.runtime.files import write_json
    from vitreous.runtime.progress import Progress
    from vitreous.stages.postprocess import postprocess, threshold_table

    order = symmetry(params.symmetry).order
    first, second = (read_volume(inputs[port], params.pixel_size) for port in ("half1", "half2"))
    given = inputs.get("mask")
    context.report(Progress("compare half-maps", 0, 1))
    done = postprocess(
        first, second, torch_generator(context.seed, "phases"), symmetry_order=order,
        mask=None if given is None else read_volume(given, params.pixel_size),
    )  # fmt: skip
    told = figures(done)
    context.report(Progress("compare half-maps", 1, 1, {"resolution_angstrom": done.resolution.value} if done.resolution else {}))
    write_volume(context.outputs / "map.mrc", done.total)
    write_volume(context.outputs / "map_sharpened.mrc", done.sharpened)
    write_volume(context.outputs / "mask.mrc", Volume(done.mask, first.voxel_size, first.corner))
    write_curves(context.outputs / "fsc.csv", done.curves)
    if done.guinier:
        write_guinier(context.outputs / "guinier.csv", done.guinier)
    draw(done, context.outputs)
    write_json(
        context.outputs / "postprocess.json",
        {
            **told,
            "thresholds": told_thresholds(threshold_table(done.curves)),
            "checks": [asdict(check) for check in done.checks],
            "warnings": list(done.warnings),
        },
    )
    return Result(figures=told, warnings=done.warnings)


def figures(done: Postprocessed) -> dict[str, Any]:
    """Give the numbers of the result; ``None`` stands for what the data do not tell."""
    found, half, guinier, made = done.resolution, done.resolution_half, done.guinier, done.made
    return {
        "resolution_angstrom": _rounded(found and found.value),
        "resolution_interval_angstrom": [_rounded(found.finer), _rounded(found.coarser)] if found else None,
        "resolution_half_angstrom": _rounded(half and half.value),
        "resolution_unmasked_angstrom": _rounded(done.resolution_unmasked),
        "b_factor_angstrom2": _rounded(guinier and guinier.b_factor, 1),
        "b_factor_error_angstrom2": _rounded(guinier and guinier.b_error, 1),
        "b_factor_range_angstrom": [_rounded(end) for end in guinier.fit_range] if guinier and guinier.fit_range else None,
        "pixel_size_angstrom": done.total.voxel_size,
        "mask_fraction": _rounded(float(done.mask.mean()), 4),
        "mask_origin": made.reason if made else "given",
        "phases_randomised_from_angstrom": _rounded(_randomised_from(done.curves)),
    }


def told_thresholds(rows: Iterable[Threshold]) -> list[dict[str, Any]]:
    """What each criterion says: its name, what it asks, and the resolution with its interval."""
    return [
        {"name": row.name, "meaning": row.meaning, "resolution_angstrom": _rounded(row.found and row.found.value),
         "resolution_interval_angstrom": [_rounded(row.found.finer), _rounded(row.found.coarser)] if row.found else None}
        for row in rows
    ]  # fmt: skip


def _randomised_from(curves: FscCurves) -> float | None:
    return 1 / float(curves.k[curves.randomised_from]) if curves.randomised_from < len(curves.k) else None


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)


def write_curves(path: Path, curves: FscCurves, **more: Tensor) -> None:
    """Write the correlations by shell, from the second; the first is the mean density alone. ``more``: further columns."""
    from vitreous.stages.postprocess.thresholds import levels

    lines = {name: line for name, (_, line) in levels(curves.samples).items()}
    columns = {
        "spatial_frequency_per_angstrom": curves.k,
        "resolution_angstrom": 1 / curves.k,
        "fsc_corrected": curves.corrected,
        "fsc_low": curves.low,
        "fsc_high": curves.high,
        "fsc_masked": curves.masked,
        "fsc_unmasked": curves.unmasked,
        "fsc_phase_randomised": curves.phase_randomised,
        "independent_samples": curves.samples,
        "level_half_bit": lines["half-bit"],
        "level_one_bit": lines["1-bit"],
        "level_two_sigma": lines["2 sigma"],
        "level_three_sigma": lines["3 sigma"],
        "level_five_sigma": lines["5 sigma"],
        **more,
    }
    _write_table(path, {name: column[1:].tolist() for name, column in columns.items()})


def write_guinier(path: Path, guinier: Guinier) -> None:
    """Write the logarithms of the amplitudes by shell; beyond the resolution the weighted one is empty."""
    columns = {"spatial_frequency_squared_per_angstrom2": guinier.k**2, "log_amplitude": guinier.log_amplitude,
               "log_amplitude_weighted": guinier.weighted}  # fmt: skip
    _write_table(path, {name: column[1:].tolist() for name, column in columns.items()})


def _write_table(path: Path, columns: dict[str, list[float]]) -> None:
    from vitreous.runtime.files import write_text

    rows = (",".join("" if value != value else f"{value:.{DIGITS}g}" for value in row) for row in zip(*columns.values()))
    write_text(path, "\n".join([",".join(columns), *rows]) + "\n")


def shown_curves(curves: FscCurves) -> Shown:
    """Give the curves as a figure takes them, from the second shell."""
    from vitreous.stages.postprocess.thresholds import levels
    from vitreous.views.fsc import FscCurves as Shown

    lines = levels(curves.samples)
    k, corrected, masked, unmasked, randomised, low, high, sigma, bit = (
        curve[1:].numpy()
        for curve in (curves.k, curves.corrected, curves.masked, curves.unmasked, curves.phase_randomised, curves.low, curves.high,
                      lines["3 sigma"][1], lines["half-bit"][1])
    )  # fmt: skip
    return Shown(k=k, corrected=corrected, masked=masked, unmasked=unmasked, randomised=randomised, low=low, high=high,
                 three_sigma=sigma, half_bit=bit)  # fmt: skip


def draw(done: Postprocessed, folder: Path) -> None:
    """Draw the correlations and, where a line was fitted, the Guinier plot."""
    from vitreous.views.fsc import fsc_figure
    from vitreous.views.guinier import guinier_figure
    from vitreous.views.render import save_figure

    curves, found, guinier = done.curves, done.resolution, done.guinier
    save_figure(fsc_figure(shown_curves(curves), resolution=found.value if found else None,
                           interval=(found.finer, found.coarser) if found else None), folder / "fsc.svg")  # fmt: skip
    if guinier and guinier.b_factor is not None:
        raised = guinier.weighted + max(guinier.b_factor, 0.0) * guinier.k**2 / 4
        save_figure(
            guinier_figure(curves.k[1:].numpy(), guinier.log_amplitude[1:].numpy(), b_factor=guinier.b_factor, intercept=guinier.intercept,
                           fit_range=guinier.fit_range, b_error=guinier.b_error, weighted=guinier.weighted[1:].numpy(),
                           sharpened=raised[1:].numpy()), folder / "guinier.svg")  # fmt: skip


def estimate(inputs: Inputs, params: Postprocess) -> Estimate:
    """Expect some forty bytes a voxel, as measured at 256 and 512 voxels a side."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["half1"]).shape)
    return Estimate(seconds=3 + SECONDS_PER_VOXEL * voxels, memory=400_000_000 + BYTES_PER_VOXEL * voxels)


JOB = JobType(
    name="postprocess",
    summary="Resolution of two half-maps, a mask, and a sharpened map",
    params=Postprocess,
    inputs=(
        Input("half1", "half-map 1", "unfiltered map of one half of the particles", positional=True),
        Input("half2", "half-map 2", "that of the other half", positional=True),
        Input("mask", "mask", "1 on the particle, soft at its edge; made from the half-maps without it", optional=True),
    ),
    outputs=(
        Output("map", "map.mrc", "map", "mean of the half-maps"),
        Output("sharpened", "map_sharpened.mrc", "sharpened map", "the same weighted, sharpened, and ended at its resolution"),
        Output("mask_used", "mask.mrc", "mask", "inside which the halves were compared"),
        Output("fsc", "fsc.csv", "curve", "correlations by shell, their 95 % interval, and thresholds"),
        Output("guinier", "guinier.csv", "curve", "logarithm of the amplitudes by shell", optional=True),
        Output("summary", "postprocess.json", "figures", "resolution, interval, B-factor, warnings"),
        Output("fsc_picture", "fsc.svg", "picture", "the correlations"),
        Output("guinier_picture", "guinier.svg", "picture", "the Guinier plot", optional=True),
    ),
    run="vitreous.jobs.postprocess:run",
    estimate="vitreous.jobs.postprocess:estimate",
    papers=(
        "Rosenthal & Henderson, J. Mol. Biol. 333, 721 (2003).",
        "Chen et al., Ultramicroscopy 135, 24 (2013).",
        "Harauz & van Heel, Optik 73, 146 (1986).",
    ),
)
