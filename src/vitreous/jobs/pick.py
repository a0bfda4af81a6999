"""Micrographs to the places of particles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.errors import InputError
from vitreous.jobs.coordinate_list import Coordinates, write_coordinate_list
from vitreous.jobs.micrograph_list import load, read_list, unique_names
from vitreous.jobs.options import Microscope, PixelSize, stated_pixel_size
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Micrograph

#: Micrographs with one of these flags are left out: their particles would be blurred, or are none, or assess or you said so.
LEFT_OUT = ("drift", "empty", "poor fit", "rejected")


@parameters
class Pick(PixelSize):
    """How particles are found."""

    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    contrast: Literal["dark", "bright"] = option("dark", help="particles in the micrographs, beside the ice")
    false_fraction: float = option(0.05, "", "share of the picks that may be noise", above=0, high=0.5)
    spacing: float = option(0.7, "", "least distance of two picks, in diameters", low=0.3, high=3, advanced=True)
    edge: float = option(0.35, "", "least distance from the micrograph's edge, in diameters", low=0, high=2, advanced=True)
    keep_flagged: bool = option(False, help=f"pick micrographs flagged {', '.join(LEFT_OUT)} too")
    reference_pixel_size: float | None = option(None, "Å", "of the reference", above=0, if_none="from its header", advanced=True)
    reference_contrast: Literal["bright", "dark"] = option("bright", help="particles in the reference", advanced=True)


def run(inputs: Inputs, params: Pick, context: Context) -> Result:
    """Pick every micrograph that is not flagged; those that cannot be read are set aside."""
    micrographs = read_list(inputs.all("micrographs"), _microscope(params))
    names = unique_names([m.path for m in micrographs])
    usable = []
    for name, micrograph in zip(names, micrographs):
        reasons = [flag for flag in micrograph.flags if flag in LEFT_OUT]
        if reasons and not params.keep_flagged:
            context.quarantine(name, f"flagged: {', '.join(reasons)}; --keep-flagged picks it all the same")
        else:
            usable.append((name, micrograph))
    if not usable:
        raise InputError(f"micrographs must have one without flags; all {len(names)} are flagged. Try: --keep-flagged.")
    one = partial(pick_one, params, inputs.get("reference"), context.seed)
    done = context.map(one, usable, step="pick", key=lambda pair: pair[0])
    found = [Coordinates(*_columns(each.value)) for each in done]
    write_coordinate_list(context.outputs / "coordinates.star", [context.name(each.item[1].path) for each in done], found)
    return _result([each.item[0] for each in done], [each.value for each in done])


def _microscope(params: Pick) -> Microscope:
    """Voltage and Cs do not matter here, so nobody has to give them."""
    return Microscope(pixel_size=params.pixel_size, voltage=300.0, cs=2.7)


def pick_one(params: Pick, reference: Path | None, seed: int, named: tuple[str, Micrograph]) -> dict[str, Any]:
    """Find the particles of one micrograph.

    Raises
    ------
    InputError
        If it cannot be read, or the particle does not fit into it.
    """
    import numpy as np

    from vitreous.runtime.chance import derived_seed
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.stages.picking import PickParams, pick_blobs, pick_templates

    name, micrograph = named
    image, pixel_size = load(micrograph, params.pixel_size), micrograph.optics.pixel_size
    chosen = PickParams(
        contrast=params.contrast, false_fraction=params.false_fraction, spacing=params.spacing, edge=params.edge,
        seed=derived_seed(seed, "pick", name),
    )  # fmt: skip
    with one_torch_thread():
        if reference is None:
            picks = pick_blobs(image, pixel_size, params.diameter, chosen)
        else:
            templates, scale = _templates(reference, params.reference_pixel_size)
            picks = pick_templates(image, templates, pixel_size, params.diameter, chosen, template_pixel=scale,
                                   template_contrast=params.reference_contrast)  # fmt: skip
    return {
        "place": np.round(picks.coordinate, 3).tolist(),
        "score": np.round(picks.score, 5).tolist(),
        "threshold": picks.threshold,
        "bad_fraction": round(picks.bad_fraction, 4),
    }


@lru_cache(maxsize=1)
def _templates(path: Path, pixel_size: float | None) -> tuple[np.ndarray, float]:
    from vitreous.io.mrc import open_stack

    stack = open_stack(path)
    scale = pixel_size or stated_pixel_size(stack.pixel_size)
    if scale is None:
        raise InputError(f"reference_pixel_size must be given, in Å: {path} does not tell. Try: --reference-pixel-size 3.")
    return stack.read(), scale


def _columns(told: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    return np.array(told["place"], np.float64).reshape(-1, 2), np.array(told["score"], np.float64)


def _result(names: Sequence[str], told: Sequence[dict[str, Any]]) -> Result:
    from statistics import median

    counts = [len(each["score"]) for each in told]
    if not sum(counts):
        raise InputError(f"particles must stand out from noise in one micrograph at least; got none in {len(names)}. "
                         "Try: check --diameter and --contrast, or --false-fraction 0.3.")  # fmt: skip
    empty = [name for name, count in zip(names, counts) if not count]
    figures = {"particle_count": sum(counts), "micrograph_count": len(names), "median_particles": median(counts),
               "least_particles": min(counts), "greatest_particles": max(counts),
               "largest_bad_fraction": max(each["bad_fraction"] for each in told)}  # fmt: skip
    warnings = (f"nothing was found in {len(empty)} micrographs: {', '.join(empty[:8])}",) if empty else ()
    return Result(figures=figures, warnings=warnings)


def estimate(inputs: Inputs, params: Pick) -> Estimate:
    """Expect two seconds a micrograph, ten with a reference."""
    each = 10.0 if inputs.get("reference") else 2.0
    return Estimate(seconds=each * len(read_list(inputs.all("micrographs"), _microscope(params))), memory=10**9)


JOB = JobType(
    name="pick",
    summary="Find particles in micrographs",
    params=Pick,
    inputs=(
        Input("micrographs", "micrographs", "a STAR file, or images", many=True),
        Input("reference", "classes", "pictures of the particle; without them its diameter must do", optional=True),
    ),
    outputs=(Output("coordinates", "coordinates.star", "coordinates", "micrograph, x, y and score of each particle"),),
    run="vitreous.jobs.pick:run",
    estimate="vitreous.jobs.pick:estimate",
    papers=("Roseman, Ultramicroscopy 94, 225 (2003).", "Sigworth, J. Struct. Biol. 145, 111 (2004)."),
)
