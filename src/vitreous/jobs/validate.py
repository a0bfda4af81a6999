"""Is the map true: all necessary conditions that half-maps, particles and a model allow to be asked, on one page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from vitreous.data.atomic_model import AtomicModel
    from vitreous.data.particles import Particles
    from vitreous.jobs.validation.findings import Finding
    from vitreous.views.report import Provenance

#: What a voxel of a half-map needs: bytes, and seconds of one core.
BYTES_PER_VOXEL, SECONDS_PER_VOXEL = 55, 8e-6


@parameters
class Validate(PixelSize):
    """What is known of the specimen, and how many particles are looked at."""

    symmetry: str = option("C1", "", "point group imposed on the maps: Cn, Dn, T, O, I")
    diameter: float | None = option(None, "Å", "longest side of the particle", above=0, high=100000, if_none="three quarters of the box")
    sample: int = option(1000, "", "particles that are looked at, drawn by chance", low=50, high=100_000)


def run(inputs: Inputs, params: Validate, context: Context) -> Result:
    """Ask all questions that the input allows, and write the page."""
    import torch

    from vitreous.data.volume import Volume
    from vitreous.io.mrc import read_volume, write_volume
    from vitreous.jobs.postprocess import write_curves
    from vitreous.jobs.validation import from_maps, from_model, from_particles
    from vitreous.jobs.validation.explained import explained
    from vitreous.jobs.validation.findings import complete
    from vitreous.jobs.validation.page import page, told
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.files import write_json
    from vitreous.views.report_html import write_report

    order = symmetry(params.symmetry).order
    particles, model = _read(inputs, params)  # before minutes of work, so that a wrong file is told at once
    first, second = (read_volume(inputs[port], params.pixel_size) for port in ("half1", "half2"))
    given = None if inputs.get("mask") is None else read_volume(inputs["mask"], params.pixel_size)
    maps = from_maps.Maps(first, second, given, order, context.seed)
    pictures = context.outputs / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    with torch.inference_mode():
        seen = from_maps.examine(maps, pictures, context.report)
        findings = [*seen.findings]
        if particles is not None:
            sample = from_particles.Sample(symmetry=params.symmetry, diameter=params.diameter, most=params.sample)
            findings += from_particles.examine(particles, maps, seen.done, sample, pictures, context)
        if model is not None:
            findings += from_model.examine(model, seen.done, pictures)
        elif seen.done.resolution:
            findings.append(from_model.hand_alone(seen.done))
    findings = explained(complete(findings))
    numbers = told(seen.done, findings, seen.local)
    write_json(context.outputs / "validation.json", numbers)
    write_curves(context.outputs / "fsc.csv", seen.done.curves)
    write_volume(context.outputs / "mask.mrc", Volume(seen.done.mask, first.voxel_size, first.corner))
    if seen.local:
        smaller = from_maps.smaller(first, seen.done.resolution.value)
        write_volume(context.outputs / "local_resolution.mrc", Volume(seen.local.values.nan_to_num(0.0), smaller.voxel_size, first.corner))
    write_report(context.outputs / "validation.html", page(
        seen.done, findings, seen.local, title=f"Is it true? {_title(inputs)}", folder=pictures,
        provenance=_provenance(inputs, params, context), papers=JOB.papers))  # fmt: skip
    return _result(numbers, findings)


def _read(inputs: Inputs, params: Validate) -> tuple[Particles | None, AtomicModel | None]:
    """Particles and model, where they are given."""
    from vitreous.io.particles import read_particles
    from vitreous.io.pdb import read_ensemble

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size) if inputs.get("particles") else None
    return particles, read_ensemble(inputs["model"])[0] if inputs.get("model") else None


def _title(inputs: Inputs) -> str:
    return f"{inputs['half1'].name} and {inputs['half2'].name}"


def _provenance(inputs: Inputs, params: Validate, context: Context) -> Provenance:
    from vitreous.pipeline.params import options
    from vitreous.pipeline.provenance import surroundings
    from vitreous.views.report import Provenance

    used = surroundings("cpu")
    files = {port: inputs[port].name for port in ("half1", "half2", "mask", "particles", "model") if inputs.get(port)}
    words = [f"--{port} {name}" if port not in ("half1", "half2") else name for port, name in files.items()]
    values = {each.name: getattr(params, each.name) for each in options(Validate)}
    words += [f"--{each.name.replace('_', '-')} {values[each.name]}" for each in options(Validate) if values[each.name] != each.default]
    chosen = {name.replace("_", " "): str(value) for name, value in values.items() if value is not None}
    return Provenance(command=f"vitreous validate {' '.join(words)} --seed {context.seed}", seed=context.seed,
                      started=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), machine=used["platform"], versions=used["versions"],
                      parameters=chosen)  # fmt: skip


def _result(numbers: dict, findings: list[Finding]) -> Result:
    kept = ("verdict", "resolution_angstrom", "resolution_interval_angstrom", "b_factor_angstrom2", "b_factor_error_angstrom2")
    verdicts = {f"{each.name.replace('-', '_')}_verdict": each.check.verdict for each in findings}
    said = tuple(f"{each.name} ({each.check.verdict}): {each.check.reason}" for each in findings if each.check.verdict in ("warn", "fail"))
    return Result(figures={name: numbers[name] for name in kept} | verdicts, warnings=said)


def estimate(inputs: Inputs, params: Validate) -> Estimate:
    """Expect some fifty bytes a voxel, and a minute for particles."""
    from math import prod

    from vitreous.io.mrc import read_header

    voxels = prod(read_header(inputs["half1"]).shape)
    more = 40 + 0.05 * params.sample if inputs.get("particles") else 0
    return Estimate(seconds=8 + SECONDS_PER_VOXEL * voxels + more, memory=600_000_000 + BYTES_PER_VOXEL * voxels)


JOB = JobType(
    name="validate",
    summary="Is the map true? All conditions that a true map fulfils, on one page",
    params=Validate,
    inputs=(
        Input("half1", "half-map 1", "unfiltered map of one half of the particles", positional=True),
        Input("half2", "half-map 2", "that of the other half", positional=True),
        Input("mask", "mask", "1 on the particle, soft at its edge; made from the half-maps without it", optional=True),
        Input("model", "model", "PDB or mmCIF, where it lies in the map", optional=True),
        Input(
            "particles", "particles", "a STAR file of particles with images, poses and defocus, of which the maps were made", optional=True
        ),
    ),
    outputs=(
        Output("page", "validation.html", "report", "everything on one page that asks nothing of anybody"),
        Output(
            "findings", "validation.json", "figures", "resolution with its interval, B-factor, and every check with its verdict and reason"
        ),
        Output("pictures", "pictures/*", "picture", "the pictures of the page"),
        Output("fsc", "fsc.csv", "curve", "correlations by shell, their 95 % interval, and thresholds"),
        Output("mask_used", "mask.mrc", "mask", "inside which the halves were compared"),
        Output(
            "local_resolution", "local_resolution.mrc", "local resolution",
            "Å in each voxel of the mask, 0 outside; on a grid as coarse as the resolution allows", optional=True,
        ),
    ),
    run="vitreous.jobs.validate:run",
    estimate="vitreous.jobs.validate:estimate",
    papers=(
        "Harauz & van Heel, Optik 73, 146 (1986).",
        "Rosenthal & Henderson, J. Mol. Biol. 333, 721 (2003).",
        "Chen et al., Ultramicroscopy 135, 24 (2013).",
        "Henderson, Proc. Natl. Acad. Sci. USA 110, 18037 (2013).",
        "Cardone, Heymann & Steven, J. Struct. Biol. 184, 226 (2013).",
        "Heymann, AIMS Biophys. 2, 21 (2015).",
        "Vargas et al., Sci. Rep. 6, 21626 (2016).",
        "Tan et al., Nat. Methods 14, 793 (2017).",
        "Afonine et al., Acta Cryst. D74, 814 (2018).",
        "Baldwin & Lyumkis, Prog. Biophys. Mol. Biol. 150, 160 (2020).",
        "Pintilie et al., Nat. Methods 17, 328 (2020).",
    ),
)
