"""Micrographs and coordinates to a stack of normalised particle images."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vitreous.errors import InputError, VitreousError, require
from vitreous.jobs.coordinate_list import SCORE, Coordinates, read_coordinate_list
from vitreous.jobs.micrograph_list import read_list, stem
from vitreous.jobs.options import Microscope, check_pixel_size
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Micrograph
    from vitreous.data.particles import Particles
    from vitreous.stages.particles import BoxParams, Extraction

#: Å: detail that the default box holds although defocus spreads it.
FINEST = 6.0
#: Share of the signal at that detail that a box may lose without a word.
WORTH_SAYING = 0.1
#: The sample that is drawn: its particles, pixels a side, and Å of its low-pass.
SAMPLE, TILE, SMOOTH = 64, 96, 20.0


@parameters
class Extract(Microscope):
    """How particles are cut out."""

    diameter: float = option(..., "Å", "longest side of the particle; the background is what lies outside", above=0, high=100000)
    box: int | None = option(None, "pixels", "side of the images, after Fourier cropping", low=16, high=8192,
                             if_none="room for the particle and what defocus spreads of it")  # fmt: skip
    box_factor: float | None = option(None, "", "side of the box in diameters, where no box is given", low=1, high=10,
                                      if_none="as wide as defocus spreads detail of 6 Å")  # fmt: skip
    output_pixel_size: float | None = option(None, "Å", "of the images, by Fourier cropping", above=0, high=1000,
                                             if_none="that of the micrographs")  # fmt: skip
    least_score: float | None = option(None, "", "leave out particles that scored less", low=-1, high=1, if_none="all are taken")
    contrast: Literal["dark", "bright"] = option("dark", help="particles in the micrographs, beside the ice; they become bright")
    normalise: Literal["ramp", "background", "old", "none"] = option(
        "ramp", help="subtract a plane, or the mean, of the background; or the mean of all", advanced=True
    )
    outliers: float = option(6.0, "σ", "pixels beyond are replaced by noise; 0 for none", low=0, high=1000, advanced=True)


def run(inputs: Inputs, params: Extract, context: Context) -> Result:
    """Cut out all particles, a micrograph at a time; micrographs that cannot be used are set aside."""
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.stages.particles import Picked, extract_stack

    micrographs = read_list(inputs.all("micrographs"), params)
    chosen = choose(read_coordinate_list(inputs.all("coordinates"), micrographs), params.least_score)
    picked = [Picked(micrographs[number], found.place, {SCORE: found.score}) for number, found in chosen.items()]
    used = [each.micrograph for each in picked]
    check_headers(used, params.pixel_size)
    box, stack = box_params(params, used), context.outputs / "particles.mrcs"
    with one_torch_thread():
        extraction = extract_stack(picked, stack, box, seed=context.seed, report=context.report)
    for path, reason in extraction.quarantined:
        context.quarantine(stem(Path(path)), reason)
    write_table(context.outputs / "particles.star", extraction.particles, box.size, context.name, context.project)
    write_sample([stack], extraction.particles.pixel_size, context.outputs / "sample.png")
    return Result(figures=figures(extraction, box), warnings=_warnings(extraction, used) + _spread_warning(params, box, used))


def choose(found: dict[int, Coordinates], least: float | None) -> dict[int, Coordinates]:
    """Leave out particles that scored less than ``least``, and micrographs of which nothing is left.

    Raises
    ------
    InputError
        If nothing at all is left.
    """
    if least is None:
        return found
    rows = {number: each.score >= least for number, each in found.items()}
    good = {number: Coordinates(each.place[rows[number]], each.score[rows[number]]) for number, each in found.items()
            if rows[number].any()}  # fmt: skip
    if not good:
        raise InputError(f"least_score must leave particles; got {least:g}, which none of them reaches.")
    return good


def check_headers(micrographs: Sequence[Micrograph], given: float | None) -> None:
    """Refuse a given pixel size that contradicts a micrograph's header; damaged files are found out later."""
    from vitreous.io.mrc import read_header
    from vitreous.io.stacks import square_pixel

    for micrograph in micrographs if given else ():
        try:
            header = square_pixel(read_header(micrograph.path), micrograph.path)
        except (VitreousError, OSError):
            continue
        check_pixel_size(given, header, micrograph.path)


def box_params(params: Extract, micrographs: Sequence[Micrograph]) -> BoxParams:
    """The box in pixels of the micrographs, and that of the images, both even where that was left open.

    Raises
    ------
    InputError
        If the images would be finer than the micrographs.
    """
    from vitreous.stages.particles import BoxParams, advise_box

    optics = micrographs[0].optics
    given, fine = params.output_pixel_size, optics.pixel_size
    require(given is None or given >= 0.999 * fine, "output_pixel_size", given, f"at least the micrographs' {fine:g} Å",
            instead="leave it out to keep their pixels")  # fmt: skip
    coarse = max(given or fine, fine)
    defocus = max((m.defocus.mean for m in micrographs if m.defocus), default=0.0)
    size = params.box or _factored(params, coarse)
    size = size or advise_box(params.diameter, coarse, optics=optics, defocus=defocus, resolution=FINEST).size
    cut = size if coarse == fine else max(size, 2 * round(size * coarse / fine / 2))
    return BoxParams(
        box=cut, output_size=size, diameter=params.diameter, invert=params.contrast == "dark", normalise=params.normalise,
        outlier_limit=params.outliers,
    )  # fmt: skip


def _factored(params: Extract, pixel_size: float) -> int | None:
    """Box of so many diameters, even and quick to transform; ``None`` if no factor is given."""
    from vitreous.numerics.fourier import good_size

    return good_size(math.ceil(params.box_factor * params.diameter / pixel_size)) if params.box_factor else None


def write_table(path: Path, particles: Particles, size: int, name: Callable[[Path], str], project: Path) -> None:
    """Write the particles, of ``size`` pixels a side, with the names that ``name`` gives to files."""
    import numpy as np

    from vitreous.io.particles import write_particles

    square = {"rlnImageSize": size, "rlnImageDimensionality": 2}
    columns = {label: np.full(len(particles.optics), value) for label, value in square.items()}
    known = {label: values for label, values in particles.extra.items() if not np.isnan(values).any()}
    told = particles.with_(
        stack=tuple(Path(name(path)) for path in particles.stack),
        micrograph=tuple(name(Path(path)) for path in particles.micrograph),
        extra=known,
        optics_extra={**particles.optics_extra, **columns},
    )
    write_particles(path, told, root=project)


def write_sample(stacks: Sequence[Path], pixel_size: float, path: Path) -> None:
    """Draw 64 particles (all, if there are fewer), evenly spread over the stacks, without the detail that is all noise."""
    import torch

    from vitreous.numerics.filters import low_pass
    from vitreous.numerics.resample import fourier_resize
    from vitreous.views.png import montage, write_png

    tiles = low_pass(torch.from_numpy(sampled(stacks)), max(SMOOTH, 3 * pixel_size), pixel_size, axes=2)
    side = min(TILE, tiles.shape[-1])
    small = fourier_resize(tiles, (side, side)).numpy()
    write_png(path, montage(small[:, ::-1], 8, each=False))


def sampled(stacks: Sequence[Path], most: int = SAMPLE) -> np.ndarray:
    """At most ``most`` images of one size, evenly spread over all that ``stacks`` hold: float32 ``(n, y, x)``."""
    import numpy as np

    from vitreous.io.mrc import open_stack

    opened = [open_stack(stack) for stack in stacks]
    ends = np.cumsum([each.count for each in opened])
    rows = np.linspace(0, ends[-1] - 1, min(most, ends[-1])).round().astype(np.int64)
    owner = np.searchsorted(ends, rows, side="right")
    parts = [each.read(rows[owner == k] - (ends[k] - each.count)) for k, each in enumerate(opened) if (owner == k).any()]
    return np.concatenate(parts)


def figures(extraction: Extraction, box: BoxParams) -> dict[str, float]:
    """Numbers of the whole stack."""
    return {
        "particle_count": len(extraction.particles),
        "micrograph_count": len(extraction.particles.micrograph),
        "cut_off_count": extraction.cut_off,
        "box": box.size,
        "pixel_size_angstrom": extraction.particles.pixel_size,
    }


def _warnings(extraction: Extraction, micrographs: Sequence[Micrograph]) -> tuple[str, ...]:
    told = []
    if not any(m.defocus for m in micrographs):
        told.append("the micrographs have no defocus, so the particles have none. Try: vitreous estimate-ctf first.")
    if extraction.cut_off > len(extraction.particles):
        told.append(f"the box leaves the micrograph at {extraction.cut_off} of the places. Try: a smaller --box.")
    return tuple(told)


def _spread_warning(params: Extract, box: BoxParams, micrographs: Sequence[Micrograph]) -> tuple[str, ...]:
    """What a box that is too small for the greatest defocus loses."""
    from vitreous.physics.delocalisation import lost_share

    optics = micrographs[0].optics
    fitted = [m.defocus.mean for m in micrographs if m.defocus]
    if not fitted:
        return ()
    defocus, side = max(fitted, key=abs), box.box * optics.pixel_size
    finest = max(FINEST, 2 * side / box.size)
    lost = float(lost_share([1 / finest], optics, defocus, diameter=params.diameter, box=side)[0])
    if lost <= WORTH_SAYING:
        return ()
    return (f"the box of {side:.0f} Å leaves out {100 * lost:.0f} % of the signal at {finest:.1f} Å, which a defocus of "
            f"{defocus:.0f} Å spreads beyond it. Try: vitreous ctf-advice, and a larger --box.",)  # fmt: skip


def estimate(inputs: Inputs, params: Extract) -> Estimate:
    """Expect a second a micrograph."""
    return Estimate(seconds=float(len(read_list(inputs.all("micrographs"), params))), memory=10**9)


JOB = JobType(
    name="extract",
    summary="Cut particles out of micrographs and normalise them",
    params=Extract,
    inputs=(
        Input("micrographs", "micrographs", "a STAR file, with defocus where it is known, or images", many=True),
        Input("coordinates", "coordinates", "STAR files with the places of particles", many=True),
    ),
    outputs=(
        Output("particles", "particles.star", "particles", "list of particles"),
        Output("stack", "particles.mrcs", "stack", "their images, particles bright"),
        Output("sample", "sample.png", "picture", "64 of them, smoothed, y upwards"),
    ),
    run="vitreous.jobs.extract:run",
    estimate="vitreous.jobs.extract:estimate",
    papers=("Sorzano et al., J. Struct. Biol. 146, 381 (2004).",),
)
