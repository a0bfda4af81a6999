"""Defocus, aberrations and magnification from refined particles and their half-maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vitreous.errors import InputError, require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from torch import Tensor

    from vitreous.data.particles import Particles
    from vitreous.inference.reference import Reference
    from vitreous.numerics.disc import Disc
    from vitreous.stages.optics.aberration import Aberrations
    from vitreous.stages.optics.defocus import DefocusChange

#: Said of what is not beyond its uncertainty.
UNSURE = "group {group}: {name} stays as it was; {value} {unit} is not beyond three standard deviations ({sigma} {unit})"
HEADER = "group,quantity,component,change,sigma,unit,kept"


@parameters
class RefineCtf(PixelSize):
    """What is refined."""

    defocus: Literal["particle", "micrograph", "none"] = option("particle", help="whose defocus")
    astigmatism: bool = option(False, help="of every micrograph")
    aberrations: Literal["all", "odd", "none"] = option(
        "all", help="of every optics group: odd ones are beam tilt and trefoil; all adds spherical aberration, tetrafoil and others"
    )
    magnification: bool = option(False, help="anisotropic magnification of every optics group")

    def check(self) -> None:
        """Refuse to do nothing."""
        asked = self.defocus != "none" or self.astigmatism or self.aberrations != "none" or self.magnification
        require(asked, "what to refine", "nothing", "at least one of the optics' properties", instead="--defocus particle")


def run(inputs: Inputs, params: RefineCtf, context: Context) -> Result:
    """Refine one thing after the other, each with what was found before it."""
    from vitreous.io.particles import read_particles
    from vitreous.jobs.half_maps import read_halves
    from vitreous.jobs.particle_table import box_of, write_table

    particles = check_table(read_particles(inputs["particles"], pixel_size=params.pixel_size))
    reference = read_halves(inputs["half1"], inputs["half2"], inputs.get("mask"), box_of(particles), particles.pixel_size)
    rows: list[str] = []
    notes: list[str] = []
    figures: dict[str, object] = {"resolution_angstrom": reference.resolution, "particle_count": len(particles)}
    if params.magnification:
        particles = refine_magnification(particles, reference, rows, notes, context)
    if params.aberrations != "none":
        particles = refine_aberrations(particles, reference, params.aberrations == "all", rows, notes, context)
    if params.astigmatism or params.defocus == "micrograph":
        particles, found = refine_defocus(particles, reference, "micrograph", params.astigmatism, context)
        figures["defocus_change_angstrom"] = change_of(found)
    if params.defocus == "particle":
        particles, found = refine_defocus(particles, reference, "particle", False, context)
        figures |= {"defocus_change_angstrom": change_of(found), "defocus_spread_angstrom": found.spread}
    write_table(particles, context.outputs / "particles.star", context)
    write_estimates(rows, context)
    return Result(figures=figures | optics_figures(particles), warnings=tuple(notes))


def check_table(particles: Particles) -> Particles:
    """Refuse particles without poses, half-sets or defocus, or with several voltages.

    Raises
    ------
    InputError
        If something is missing.
    """
    import numpy as np

    from vitreous.data.optics import require_as_recorded

    require_as_recorded(particles.optics, "optics are refined with")
    if particles.rotation is None:
        raise InputError("particles must have poses (rlnAngleRot …); these have none. Try: vitreous refine first.")
    if particles.half is None or set(np.unique(particles.half)) != {1, 2}:
        raise InputError("particles must have their half-set, 1 or 2, each (rlnRandomSubset), the one of the half-maps. "
                         "Try: the particles.star that vitreous refine wrote beside the half-maps.")  # fmt: skip
    if particles.defocus is None:
        raise InputError("particles must have defocus values (rlnDefocusU); these have none. Try: vitreous estimate-ctf first.")
    voltages = sorted({optics.voltage for optics in particles.optics})
    require(len(voltages) == 1, "voltage", voltages, "the same in all optics groups, in kV", instead="one session at a time")
    return particles


def refine_magnification(particles: Particles, reference: Reference, rows: list[str], notes: list[str], context: Context) -> Particles:
    """Estimate M of every group and bring the particles to the undistorted frame where it is sure."""
    from vitreous.stages.optics.magnification import estimate_magnification, undistorted
    from vitreous.stages.optics.problem import pose_problem

    found = estimate_magnification(pose_problem(particles, reference, context.report), report=context.report)
    for group, each in enumerate(found, 1):
        value, sigma = (100 * part for part in each.anisotropy)
        rows.append(f"{group},anisotropic magnification,at {each.angle_deg:.1f}°,{value:.4f},{sigma:.4f},%,{_word(each.kept)}")
        if not each.kept:
            told = {"value": f"{value:.3f}", "sigma": f"{sigma:.3f}", "unit": "%"}
            notes.append(UNSURE.format(group=group, name="magnification", **told))
    return undistorted(particles, found)


def refine_aberrations(
    particles: Particles, reference: Reference, even: bool, rows: list[str], notes: list[str], context: Context
) -> Particles:
    """Estimate aberrations, keep those that are sure, and move the particles by the linear part of the odd phase."""
    from vitreous.stages.optics.aberration import estimate_aberrations
    from vitreous.stages.optics.problem import pose_problem

    problem = pose_problem(particles, reference, context.report)
    found = estimate_aberrations(problem, even=even, report=context.report)
    for group, each in enumerate(found, 1):
        for name, part in ((e.family.name, e) for e in each.estimates):
            parts = zip(part.family.components, part.value, part.sigma)
            rows += [f"{group},{name},{which},{v:.6g},{s:.3g},{part.family.unit},{_word(part.kept)}" for which, v, s in parts]
            if not part.kept and name == "beam tilt":
                told = (" and ".join(f"{v:.3f}" for v in numbers) for numbers in (part.value, part.sigma))
                notes.append(UNSURE.format(group=group, name=name, value=next(told), sigma=next(told), unit=part.family.unit))
    draw_aberrations(found, problem.images.disc, even, reference, context)
    return moved(particles, found)


def moved(particles: Particles, found: list[Aberrations]) -> Particles:
    """Particles with the new optics, shifted by what the odd phases hold of a shift."""
    import numpy as np

    shift = np.zeros((len(particles), 2)) if particles.shift is None else particles.shift
    by = np.array([each.shift for each in found])
    return particles.with_(optics=tuple(each.optics for each in found), shift=shift + by[particles.group])


def refine_defocus(
    particles: Particles, reference: Reference, whose: str, astigmatism: bool, context: Context
) -> tuple[Particles, DefocusChange]:
    """Change the defocus of particles or micrographs, note how sure it is, and draw the changes."""
    from vitreous.physics.defocus import components, from_components
    from vitreous.stages.optics.defocus import micrograph_defocus, particle_defocus
    from vitreous.stages.optics.problem import pose_problem
    from vitreous.views.aberrations import defocus_change_figure
    from vitreous.views.render import save_figure

    problem = pose_problem(particles, reference, context.report)
    if whose == "particle":
        found = particle_defocus(problem, report=context.report)
    else:
        found = micrograph_defocus(problem, astigmatism=astigmatism, report=context.report)
    defocus = from_components(components(particles.defocus) + found.change, particles.defocus[:, 3])
    save_figure(defocus_change_figure(found.change[:, 0], found.sigma), context.outputs / "defocus.svg")
    extra = {**particles.extra, "vitreousDefocusSigma": found.sigma}
    return particles.with_(defocus=defocus, extra=extra), found


def draw_aberrations(found: list[Aberrations], disc: Disc, even: bool, reference: Reference, context: Context) -> None:
    """Draw measured and modelled phases of the first groups."""
    from vitreous.stages.optics.maps import phase_map
    from vitreous.views.aberrations import PhaseMap, aberration_figure
    from vitreous.views.render import save_figure

    def square(phases: Tensor, weight: Tensor, odd: bool) -> object:
        return phase_map(phases, weight, disc, odd=odd).numpy()

    maps = [
        PhaseMap(name=f"{name} ({each.optics.name})", measured=square(each.measured[k], each.weight[k], k == 0),
                 model=square(each.model[k], (each.weight[k] > 0).double(), k == 0))
        for each in found[:2] for k, name in ((0, "odd"), (1, "even"))[: 2 if even else 1]
    ]  # fmt: skip
    save_figure(aberration_figure(maps, k_most=1 / reference.resolution), context.outputs / "aberrations.svg")


def change_of(found: DefocusChange) -> float:
    """Root mean square change of defocus, Å."""
    return float((found.change[:, 0] ** 2).mean() ** 0.5)


def optics_figures(particles: Particles) -> dict[str, object]:
    """Give the tilt and the distortion that the particles have now, one a group."""
    import numpy as np

    stretch = [np.linalg.svd(optics.magnification, compute_uv=False) for optics in particles.optics]
    return {
        "beam_tilt_mrad": [list(optics.beam_tilt) for optics in particles.optics],
        "anisotropy_percent": [float(100 * (large / small - 1)) for large, small in stretch],
    }


def write_estimates(rows: list[str], context: Context) -> None:
    """Write the table of estimates, if anything of the optics groups was sought."""
    from vitreous.runtime.files import write_text

    if rows:
        write_text(context.outputs / "optics.csv", "\n".join([HEADER, *rows]) + "\n")


def _word(kept: bool) -> str:
    return "yes" if kept else "no"


def estimate(inputs: Inputs, params: RefineCtf) -> Estimate:
    """Expect some ten milliseconds a particle for each thing refined, and its coefficients in memory."""
    from vitreous.jobs.particle_table import quick_count

    count = quick_count(inputs["particles"])
    return Estimate(seconds=30 + 0.03 * count, memory=2 * 10**9 + 200_000 * count)


JOB = JobType(
    name="refine-ctf",
    summary="Refine defocus, aberrations and magnification of particles with poses",
    params=RefineCtf,
    inputs=(
        Input("particles", "particles", "a STAR file of particles with poses, defocus and half-sets"),
        Input("half1", "half-map 1", "unfiltered map of half-set 1"),
        Input("half2", "half-map 2", "unfiltered map of half-set 2"),
        Input("mask", "mask", "1 on the particle, soft at its edge; a ball without it", optional=True),
    ),
    outputs=(
        Output("particles", "particles.star", "particles", "particles with the new defocus and optics"),
        Output("estimates", "optics.csv", "table", "change of every property of the optics groups, and its uncertainty", optional=True),
        Output("aberrations", "aberrations.svg", "picture", "phase errors, measured and modelled", optional=True),
        Output("defocus", "defocus.svg", "picture", "changes of defocus", optional=True),
    ),
    run="vitreous.jobs.refine_ctf:run",
    estimate="vitreous.jobs.refine_ctf:estimate",
    papers=(
        "Zivanov, Nakane & Scheres, IUCrJ 7, 253 (2020).",
        "Glaeser et al., J. Struct. Biol. 174, 1 (2011).",
    ),
)
