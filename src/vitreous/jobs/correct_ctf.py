"""Micrographs or particles with the CTF undone as far as one filter can, and the note that they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vitreous.errors import InputError, require
from vitreous.jobs.micrograph_list import load, read_list, unique_names, write_list
from vitreous.jobs.options import Microscope
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from vitreous.data.micrograph import Micrograph
    from vitreous.data.optics import Correction
    from vitreous.data.particles import Particles

#: What the verb's words are called in tables.
CORRECTIONS: dict[str, Correction] = {"flip": "flipped", "multiply": "multiplied", "wiener": "wiener"}
#: Particles from which the SNR is measured.
SAMPLE = 1000


@parameters
class CorrectCtf(Microscope):
    """How the CTF is corrected."""

    method: Literal["flip", "multiply", "wiener"] = option(
        "flip", help="flip: signs alone; multiply: by the CTF again; wiener: least squares, for looking at, not for refinement"
    )
    snr: float | None = option(None, "", "signal-to-noise ratio for wiener, before the CTF", above=0, high=1e6,
                               if_none="by resolution, from the height of the Thon rings")  # fmt: skip

    def check(self) -> None:
        """Refuse an SNR that is not used."""
        require(self.snr is None or self.method == "wiener", "snr", self.snr, "left out unless the method is wiener",
                instead="--method wiener")  # fmt: skip


def run(inputs: Inputs, params: CorrectCtf, context: Context) -> Result:
    """Correct whatever was given."""
    given = [name for name in ("micrographs", "particles") if inputs.all(name)]
    require(len(given) == 1, "input", " and ".join(given) or "nothing", "either micrographs or particles",
            instead="--micrographs micrographs_ctf.star")  # fmt: skip
    return _particles(inputs, params, context) if given == ["particles"] else _micrographs(inputs, params, context)


def _micrographs(inputs: Inputs, params: CorrectCtf, context: Context) -> Result:
    micrographs = read_list(inputs.all("micrographs"), params)
    names = unique_names([m.path for m in micrographs])
    done = context.map(partial(correct_one, params, context.outputs), list(zip(names, micrographs)), step="correct ctf",
                       key=lambda pair: pair[0])  # fmt: skip
    corrected = [_corrected(each.item[1], each.value, params) for each in done]
    write_list(context.outputs / "micrographs.star", corrected, context)
    tilted = sum(any(m.defocus_slope) for m in corrected)
    return Result(figures={"micrograph_count": len(corrected), "tilted_count": tilted})


def correct_one(params: CorrectCtf, outputs: Path, named: tuple[str, Micrograph]) -> str:
    """Correct one micrograph and give the name of its new file.

    Raises
    ------
    InputError
        If it cannot be read, has no defocus or was corrected before.
    """
    import torch

    from vitreous.io.mrc import write_image
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.stages.ctf_correct.images import correct_micrograph, micrograph_snr

    name, micrograph = named
    image = torch.from_numpy(load(micrograph, params.pixel_size))
    with one_torch_thread(), torch.inference_mode():
        measured = params.method == "wiener" and params.snr is None and micrograph.defocus is not None
        snr = micrograph_snr(image, micrograph) if measured else params.snr or 0.0
        found = correct_micrograph(image, micrograph, CORRECTIONS[params.method], snr)
    path = outputs / "micrographs" / f"{name}.mrc"
    write_image(path, found.numpy(), micrograph.optics.pixel_size)
    return str(path)


def _corrected(micrograph: Micrograph, path: str, params: CorrectCtf) -> Micrograph:
    return replace(micrograph, path=Path(path), optics=replace(micrograph.optics, correction=CORRECTIONS[params.method]))


def _particles(inputs: Inputs, params: CorrectCtf, context: Context) -> Result:
    import numpy as np

    from vitreous.data.optics import require_as_recorded
    from vitreous.io.particles import read_particles
    from vitreous.io.stacks import write_stack
    from vitreous.jobs.particle_table import write_table

    require(len(inputs.all("particles")) == 1, "particles", len(inputs.all("particles")), "one STAR file")
    particles = read_particles(inputs["particles"], **params.given())
    require_as_recorded(particles.optics, "are to be corrected")
    if particles.defocus is None:
        raise InputError("particles must have defocus values (rlnDefocusU); these have none. Try: vitreous estimate-ctf first.")
    write_stack(context.outputs / "particles.mrcs", _images(particles, params, context), particles.pixel_size)
    done = CORRECTIONS[params.method]
    table = particles.with_(
        optics=tuple(replace(group, correction=done) for group in particles.optics), stack=(context.outputs / "particles.mrcs",),
        stack_index=np.zeros(len(particles), np.int64), slice_index=np.arange(len(particles)),
    )  # fmt: skip
    write_table(table, context.outputs / "particles.star", context)
    warnings = ("Wiener-filtered particles are for looking at: no refinement takes them.",) if done == "wiener" else ()
    return Result(figures={"particle_count": len(particles)}, warnings=warnings)


def _images(particles: Particles, params: CorrectCtf, context: Context) -> Iterator[np.ndarray]:
    """Corrected images in order, float32."""
    import numpy as np
    import torch

    from vitreous.inference.load import read_blocks
    from vitreous.runtime.progress import Progress
    from vitreous.stages.ctf_correct import correct_images

    snr = particle_snr(particles) if params.method == "wiener" and params.snr is None else params.snr or 0.0
    defocus = torch.from_numpy(particles.defocus)
    for at, block in read_blocks(particles, np.arange(len(particles))):
        images = torch.from_numpy(block)
        for number, optics in enumerate(particles.optics):
            own = torch.from_numpy(np.flatnonzero(particles.group[at] == number))
            if len(own):
                images[own] = correct_images(images[own], defocus[at][own], optics, CORRECTIONS[params.method], snr)
        yield from images.numpy()
        context.report(Progress("correct ctf", int(at[-1]) + 1, len(particles)))


def particle_snr(particles: Particles) -> Tensor:
    """SNR by shell, from up to ``SAMPLE`` particles spread over the set."""
    import numpy as np
    import torch

    from vitreous.inference.load import read_blocks
    from vitreous.numerics.fourier import rfft2
    from vitreous.physics.ctf import ctf_grid
    from vitreous.stages.ctf_correct import spectral_snr

    rows = np.unique(np.linspace(0, len(particles) - 1, min(SAMPLE, len(particles))).round().astype(np.int64))
    images = torch.from_numpy(np.concatenate([block for _, block in read_blocks(particles, rows)]))
    shape = (images.shape[-2], images.shape[-1])
    c = torch.empty(len(rows), shape[0], shape[1] // 2 + 1)
    for number, optics in enumerate(particles.optics):
        own = np.flatnonzero(particles.group[rows] == number)
        c[torch.from_numpy(own)] = ctf_grid(torch.from_numpy(particles.defocus[rows[own]]), optics, shape).float()
    return spectral_snr(rfft2(images - images.mean((1, 2), keepdim=True)).abs() ** 2, c, shape)


def estimate(inputs: Inputs, params: CorrectCtf) -> Estimate:
    """Expect some seconds a micrograph and a millisecond a particle."""
    from vitreous.jobs.particle_table import quick_count

    if inputs.all("particles"):
        return Estimate(seconds=3 + 1e-3 * quick_count(inputs["particles"]), memory=10**9)
    return Estimate(seconds=5.0 * len(read_list(inputs.all("micrographs"), params)), memory=2 * 10**9)


JOB = JobType(
    name="correct-ctf",
    summary="Correct micrographs or particles for the CTF: flip, multiply, or Wiener filter",
    params=CorrectCtf,
    inputs=(
        Input("micrographs", "micrographs", "a STAR file with defocus; a slope of the defocus is followed", many=True, optional=True),
        Input("particles", "particles", "a STAR file of particles with images and defocus", optional=True),
    ),
    outputs=(
        Output("micrographs", "micrographs.star", "micrographs", "the corrected ones, marked as such", optional=True),
        Output("images", "micrographs/*.mrc", "images", "corrected micrographs, in the contrast they had", optional=True),
        Output("particles", "particles.star", "particles", "the corrected ones, marked as such", optional=True),
        Output("stack", "particles.mrcs", "stack", "corrected particles, in the contrast they had", optional=True),
    ),
    run="vitreous.jobs.correct_ctf:run",
    estimate="vitreous.jobs.correct_ctf:estimate",
    papers=("Philippsen et al., Ultramicroscopy 107, 202 (2007).", "Penczek, Methods Enzymol. 482, 35 (2010)."),
)
