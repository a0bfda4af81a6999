"""Particles with known poses to a map and half-maps, on flat slices or on the Ewald sphere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vitreous.errors import InputError, require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from vitreous.data.particles import Particles
    from vitreous.stages.reconstruct.half_sets import Reconstruction

#: Share of the box that a particle fills if nobody says how large it is.
FILLED = 0.9
#: Bytes a cell of a half ball: the sums of both halves and a copy of one.
BYTES_PER_CELL = 40
#: Which way electrons travel along z. "positive" is what RELION does unless told --reverse_curvature.
BEAM = {"positive": -1, "negative": 1}
#: Standard deviations from which the sign of the curvature is called known.
SURE = 3.0
UNSURE = "the images do not say which way the Ewald sphere is bent ({:.1f} standard deviations). Try: --curvature, if it is known."


@parameters
class Reconstruct(PixelSize):
    """How images are put together."""

    symmetry: str = option("C1", "", "point group: Cn, Dn, T, O, I")
    diameter: float | None = option(None, "Å", "longest side of the particle", above=0, high=100000, if_none="nine tenths of the box")
    regularise: Literal["none", "map"] = option(
        "none", help="map: coefficients of the map are weighted by what the half-maps agree on (maximum a posteriori)"
    )
    ewald: bool = option(False, help="correct for the curvature of the Ewald sphere: for large particles at high resolution")
    curvature: Literal["auto", "positive", "negative"] = option(
        "auto",
        help="with --ewald: positive (RELION's) for electrons towards -z, negative for +z; auto: that of the better half-maps",
    )


def run(inputs: Inputs, params: Reconstruct, context: Context) -> Result:
    """Reconstruct both halves, once for each curvature to try, and keep the better."""
    import torch

    from vitreous.inference.half_maps import GOLD_STANDARD, crossing, split_halves
    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import box_of
    from vitreous.numerics.symmetry import symmetry
    from vitreous.reconstruct.ewald import better_curvature
    from vitreous.stages.reconstruct.half_sets import known_poses, reconstruct

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    length = box_of(particles) * particles.pixel_size
    check(particles, params, length)
    half = split_halves(len(particles), context.seed, particles.half)
    tries = (0,) if not params.ewald else (1, -1) if params.curvature == "auto" else (BEAM[params.curvature],)
    with torch.inference_mode():
        task = known_poses(particles, half, params.diameter or FILLED * length, symmetry(params.symmetry), report=context.report)
        found = [reconstruct(task, beam, prior=params.regularise == "map", report=context.report) for beam in tries]
        better = better_curvature(found[0].fsc, found[1].fsc, float(task.mask.mean())) if len(found) == 2 else None
    best = found[1] if better and better.beam < 0 else found[0]
    write(best, particles.pixel_size, context)
    figures: dict[str, object] = {
        "resolution_angstrom": round(crossing(best.fsc, GOLD_STANDARD, length), 3), "particle_count": len(particles),
        "symmetry": params.symmetry, "curvature": {0: "none", -1: "positive", 1: "negative"}[best.beam],
    }  # fmt: skip
    if better is None:
        return Result(figures=figures)
    figures |= {"curvature_z_score": round(better.z_score, 2), "curvature_confidence": round(better.confidence, 4)}
    return Result(figures=figures, warnings=(UNSURE.format(better.z_score),) if better.z_score < SURE else ())


def check(particles: Particles, params: Reconstruct, length: float) -> None:
    """Refuse particles that lack what is taken as known here.

    Raises
    ------
    InputError
        If there are fewer than ten, poses or defocus are missing, or the particle is as large as its box of ``length`` Å.
    """
    from vitreous.jobs.particle_table import FEWEST

    require(len(particles) >= FEWEST, "number of particles", len(particles), f"at least {FEWEST}", instead="pick or select more")
    if particles.rotation is None:
        raise InputError("particles must have poses (rlnAngleRot, rlnAngleTilt, rlnAnglePsi); these have none. Try: vitreous refine first.")
    if particles.defocus is None:
        raise InputError("particles must have defocus values (rlnDefocusU); these have none. Try: vitreous estimate-ctf first.")
    if params.diameter is not None:
        require(params.diameter < length, "diameter", params.diameter, f"smaller than the box, {length:.0f} Å",
                instead="a larger box, or the particle's true size")  # fmt: skip


def write(found: Reconstruction, voxel_size: float, context: Context) -> None:
    """Write the maps and the correlation of the halves."""
    from vitreous.data.volume import Volume
    from vitreous.io.mrc import write_volume
    from vitreous.runtime.files import write_text

    for name, values in (("map.mrc", found.map), ("half1.mrc", found.half1), ("half2.mrc", found.half2)):
        write_volume(context.outputs / name, Volume(values, voxel_size))
    length = found.map.shape[-1] * voxel_size
    rows = [f"{s / length:.6f},{float(v):.5f}" for s, v in enumerate(found.fsc)]
    write_text(context.outputs / "fsc.csv", "\n".join(["frequency [1/Å],FSC [1]", *rows]) + "\n")


def estimate(inputs: Inputs, params: Reconstruct) -> Estimate:
    """Expect a tenth of a microsecond a pixel, and the sums of both halves on a grid twice as fine as the map's."""
    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import box_of

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    box = box_of(particles)
    passes = 1 if not params.ewald else 4 if params.curvature == "auto" else 2
    seconds = 5 + passes * (1e-7 * len(particles) * box**2 + 5e-7 * box**3)
    return Estimate(seconds=seconds, memory=5 * 10**8 + BYTES_PER_CELL * 4 * (box + 4) ** 3 + 14_000 * box**2)


JOB = JobType(
    name="reconstruct",
    summary="Map and half-maps from particles whose poses are known",
    params=Reconstruct,
    inputs=(Input("particles", "particles", "a STAR file of particles with images, poses and defocus"),),
    outputs=(
        Output("map", "map.mrc", "map", "map of all particles, neither sharpened nor masked"),
        Output("half1", "half1.mrc", "half-map 1", "map of half-set 1, without a prior"),
        Output("half2", "half2.mrc", "half-map 2", "map of half-set 2, without a prior"),
        Output("fsc", "fsc.csv", "curve", "Fourier shell correlation of the half-maps under a ball"),
    ),
    run="vitreous.jobs.reconstruct:run",
    estimate="vitreous.jobs.reconstruct:estimate",
    papers=(
        "Scheres, J. Mol. Biol. 415, 406 (2012).",
        "Russo and Henderson, Ultramicroscopy 187, 26 (2018).",
        "DeRosier, Ultramicroscopy 81, 83 (2000).",
    ),
)
