"""Two half-maps to a sharpened map, by one B-factor or place by place, and whether it was taken too far."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.errors import InputError, require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from torch import Tensor

    from vitreous.data.volume import Volume
    from vitreous.stages.postprocess import Postprocessed

#: What a voxel needs: bytes, and seconds of one core.
BYTES_PER_VOXEL, SECONDS_PER_VOXEL = 55, 4e-6
#: The local methods look for detail finer than the mean resolution by this factor: the best places are better than the mean.
FINER = 0.85
NEGATIVE = (
    "b_factor must be 0 or more, in Å² of exp(−B k² / 4): positive raises what has fallen; got {given:g}. Other programs write "
    "sharpening as a negative number. Try: --b-factor {instead:g}."
)


@parameters
class Sharpen(PixelSize):
    """How a map is sharpened."""

    method: Literal["global", "local-b", "deblur", "model-free"] = option(
        "global", help="one B-factor; a B-factor a place; undoing the blur of the local resolution; molecules' amplitudes"
    )
    b_factor: float | None = option(
        None, "Å²", "to sharpen by, of exp(−B k² / 4), positive; with --method global", low=-5000, high=5000, if_none="measured"
    )
    symmetry: str = option("C1", "", "point group imposed on the half-maps; it leaves fewer independent numbers")

    def check(self) -> None:
        """Refuse a B of the wrong sign, or one that the method does not use."""
        if self.b_factor is not None and self.b_factor < 0:
            raise InputError(NEGATIVE.format(given=self.b_factor, instead=-self.b_factor))
        require(self.b_factor is None or self.method == "global", "b_factor", self.b_factor,
                f"left out with --method {self.method}, which finds its own", instead="--method global")  # fmt: skip


def run(inputs: Inputs, params: Sharpen, context: Context) -> Result:
    """Compare the halves, sharpen their mean, judge what came of it."""
    from vitreous.io.mrc import read_volume, write_volume
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.chance import torch_generator
    from vitreous.runtime.files import write_json
    from vitreous.runtime.progress import Progress
    from vitreous.stages.postprocess import postprocess
    from vitreous.stages.sharpen import judge_amplitudes

    first, second = (read_volume(inputs[port], params.pixel_size) for port in ("half1", "half2"))
    mask = inputs.get("mask")
    context.report(Progress("sharpen", 0, 2))
    done = postprocess(first, second, torch_generator(context.seed, "phases"), symmetry_order=symmetry(params.symmetry).order,
                       mask=None if mask is None else read_volume(mask, params.pixel_size))  # fmt: skip
    if done.resolution is None:
        raise InputError("half-maps must agree for a map to be sharpened; these agree no better than noise does. "
                         "Try: vitreous postprocess, which says how they compare.")  # fmt: skip
    context.report(Progress("sharpen", 1, 2, {"resolution_angstrom": done.resolution.value}))
    sharpened, told = METHODS[params.method](first, second, done, params, inputs, context)
    check = judge_amplitudes(first, second, done.mask, done.resolution.value, sharpened=sharpened)
    write_volume(context.outputs / "map_sharpened.mrc", sharpened)
    draw(done, sharpened, context.outputs)
    line = done.guinier.line if done.guinier else None
    figures: dict[str, Any] = {
        "method": params.method, "resolution_angstrom": round(done.resolution.value, 3),
        "b_factor_angstrom2": line and round(line.b_factor, 1), "b_factor_error_angstrom2": line and round(line.b_error, 1),
        "b_convention": "exp(-B k^2 / 4)", **told, "verdict": check.verdict, "noise_share": check.figures.get("noise_share_sharpened"),
    }  # fmt: skip
    write_json(context.outputs / "sharpen.json", {**figures, "reason": check.reason, "check": dict(check.figures)})
    context.report(Progress("sharpen", 2, 2))
    warnings = () if check.verdict == "pass" else (check.reason,)
    return Result(figures=figures, warnings=warnings, stop=check.reason if check.verdict == "pass" else "")


def by_one_b(
    first: Volume, second: Volume, done: Postprocessed, params: Sharpen, inputs: Inputs, context: Context
) -> tuple[Volume, dict[str, Any]]:  # fmt: skip
    """The whole map by one B-factor: the measured one, none where amplitudes do not fall, or the one that was asked for."""
    from vitreous.stages.postprocess import sharpen

    measured = done.guinier.b_factor if done.guinier else None
    applied = params.b_factor if params.b_factor is not None else max(measured or 0.0, 0.0)
    return sharpen(done.total, done.curves.corrected, done.resolution.value, applied), {"b_factor_applied_angstrom2": round(applied, 1)}


def by_local_b(
    first: Volume, second: Volume, done: Postprocessed, params: Sharpen, inputs: Inputs, context: Context
) -> tuple[Volume, dict[str, Any]]:  # fmt: skip
    """Each place by its own B-factor; the map of B-factors is written."""
    from vitreous.data.volume import Volume
    from vitreous.io.mrc import write_volume
    from vitreous.stages.sharpen import local_b, sharpened_locally

    limit = finest(done)
    found = local_b(first, second, done.mask, limit)
    write_volume(context.outputs / "local_b.mrc", Volume(found.values.nan_to_num(nan=0.0), first.voxel_size, first.corner))
    inside = found.values[found.mask].double()
    low, middle, high = (round(float(inside.quantile(share)), 1) for share in (0.05, 0.5, 0.95))
    told = {"local_b_median_angstrom2": middle, "local_b_range_angstrom2": [low, high],
            "local_b_scatter_angstrom2": round(found.scatter, 1)}  # fmt: skip
    return sharpened_locally(first, second, found, limit), told


def by_deblurring(
    first: Volume, second: Volume, done: Postprocessed, params: Sharpen, inputs: Inputs, context: Context
) -> tuple[Volume, dict[str, Any]]:  # fmt: skip
    """The blur of the local resolution undone, which must be given."""
    from vitreous.stages.sharpen import local_deblur

    given = inputs.get("local_resolution")
    require(given is not None, "local_resolution", "nothing", "given with --method deblur, in Å by voxel",
            instead="vitreous local-resolution, then --local-resolution FILE")  # fmt: skip
    return local_deblur(done.total, read_local_resolution(given, first, params.pixel_size)), {}


def by_molecules(
    first: Volume, second: Volume, done: Postprocessed, params: Sharpen, inputs: Inputs, context: Context
) -> tuple[Volume, dict[str, Any]]:  # fmt: skip
    """Local amplitudes scaled to those of molecules; ended at the local resolution where that is given."""
    from vitreous.stages.sharpen import scaled_to_molecules

    given = inputs.get("local_resolution")
    local = None if given is None else read_local_resolution(given, first, params.pixel_size)
    return scaled_to_molecules(first, second, finest(done), local_resolution=local), {}


METHODS = {"global": by_one_b, "local-b": by_local_b, "deblur": by_deblurring, "model-free": by_molecules}


def finest(done: Postprocessed) -> float:
    """Å of the finest detail that a local method looks for."""
    return max(FINER * done.resolution.value, 2.1 * done.total.voxel_size)


def read_local_resolution(path: Path, like: Volume, pixel_size: float | None) -> Tensor:
    """Read a map of local resolution in Å; 0, as programs write where they found none, becomes NaN.

    Raises
    ------
    InputError
        If its shape is another, a value is negative, or the particle has no resolution.
    """
    import torch

    from vitreous.io.mrc import read_volume

    values = read_volume(path, pixel_size or like.voxel_size).values.float()
    require(tuple(values.shape) == like.shape, "local_resolution", tuple(values.shape), f"of the half-maps' shape, {like.shape} voxels")
    lowest = float(values[torch.isfinite(values)].min()) if bool(torch.isfinite(values).any()) else 0.0
    require(lowest >= 0, "local_resolution", f"{lowest:g} Å", "0 (not known) or more everywhere", instead="a map in Å, not in 1/Å or sigma")
    return torch.where(values > 0, values, torch.nan)


def draw(done: Postprocessed, sharpened: Volume, folder: Path) -> None:
    """Draw the Guinier plot before and after, and sections before and after."""
    import torch

    from vitreous.numerics.fourier import rfftn
    from vitreous.numerics.shells import shell_average
    from vitreous.physics.molecular_amplitudes import molecular_log_amplitude
    from vitreous.views.compared_maps import compared_figure
    from vitreous.views.guinier import guinier_figure
    from vitreous.views.render import save_figure

    save_figure(compared_figure(done.total.values.numpy(), sharpened.values.numpy(), sharpened.voxel_size, mask=done.mask.numpy()),
                folder / "compared.svg")  # fmt: skip
    guinier = done.guinier
    if guinier is None or guinier.line is None:
        return
    power = shell_average(rfftn(sharpened.values.float() * done.mask).abs() ** 2, sharpened.shape)
    after = torch.where(guinier.k <= 1 / done.resolution.value, 0.5 * power.clamp_min(1e-30).log(), torch.nan)
    line, k = guinier.line, guinier.k
    # Local methods keep the coarse bands, not the sum: their curve is moved onto the line where that begins.
    start = (k - 1 / line.fit_range[0]).abs().argmin()
    after = after - after[start] + line.intercept + molecular_log_amplitude(k)[start]
    save_figure(guinier_figure(k[1:].numpy(), guinier.log_amplitude[1:].numpy(), b_factor=line.b_factor, intercept=line.intercept,
                               fit_range=line.fit_range, b_error=line.b_error, weighted=guinier.weighted[1:].numpy(),
                               sharpened=after[1:].numpy(), expected=molecular_log_amplitude(k)[1:].numpy()),
                folder / "guinier.svg")  # fmt: skip


def estimate(inputs: Inputs, params: Sharpen) -> Estimate:
    """Expect what the largest method needs."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["half1"]).shape)
    return Estimate(seconds=5 + SECONDS_PER_VOXEL * voxels, memory=400_000_000 + BYTES_PER_VOXEL * voxels)


JOB = JobType(
    name="sharpen",
    summary="A sharpened map, by one B-factor or place by place, never silently too far",
    params=Sharpen,
    inputs=(
        Input("half1", "half-map 1", "unfiltered map of one half of the particles", positional=True),
        Input("half2", "half-map 2", "that of the other half", positional=True),
        Input("mask", "mask", "1 on the particle, soft at its edge; made from the half-maps without it", optional=True),
        Input("local_resolution", "local resolution", "Å by voxel; needed by deblur, used by model-free", optional=True),
    ),
    outputs=(
        Output("sharpened", "map_sharpened.mrc", "sharpened map", "the mean of the halves, sharpened"),
        Output("local_b", "local_b.mrc", "map of B-factors", "Å² of exp(−B k² / 4), 0 outside the mask", optional=True),
        Output("summary", "sharpen.json", "figures", "B-factor, what was applied, and how the amplitudes stand"),
        Output("compared_picture", "compared.svg", "picture", "sections before and after"),
        Output("guinier_picture", "guinier.svg", "picture", "amplitudes before and after, and those of a molecule", optional=True),
    ),
    run="vitreous.jobs.sharpen:run",
    estimate="vitreous.jobs.sharpen:estimate",
    papers=(
        "Rosenthal & Henderson, J. Mol. Biol. 333, 721 (2003).",
        "Jakobi, Wilmanns & Sachse, eLife 6, e27131 (2017).",
        "Ramírez-Aportela et al., Bioinformatics 36, 765 (2020).",
    ),
)
