"""A particle and a resolution to numbers for the experiment, before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Inputs, Output

if TYPE_CHECKING:
    from pathlib import Path

    from vitreous.stages.planner import Experiment, Plan, Specimen

#: Of the picture: resolutions in Å, masses in kDa, and how far the B-factor may be off.
RESOLUTIONS, MASSES, B_OFF = (1.5, 8.0, 80), (10.0, 5000.0, 60), 1.4


@parameters
class PlanExperiment:
    """What is looked at, with what, and to which resolution."""

    mass: float = option(..., "kDa", "molecular mass of the whole particle", above=0, high=1000000)
    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    resolution: float = option(3.0, "Å", "wanted", above=0, high=100)
    voltage: float = option(300.0, "kV", "acceleration voltage", low=40, high=1500)
    ice: float = option(400.0, "Å", "thickness of the ice", above=0, high=100000)
    dose: float = option(40.0, "e/Å²", "in all", above=0, high=1000)
    b_factor: float = option(100.0, "Å²", "of the whole process: 60 is very good, 100 good, 150 usual", low=0, high=2000)
    dqe: float = option(0.6, "", "of the detector at the resolution wanted", above=0, high=1)
    symmetry: str = option("C1", "", "point group: Cn, Dn, T, O, I")
    defocus: float = option(15000.0, "Å", "greatest defocus, underfocus positive", above=0, high=200000)
    cs: float = option(2.7, "mm", "spherical aberration", low=0, high=20)
    pixel_size: float | None = option(None, "Å", "of the images", above=0, high=1000, if_none="0.4 of the resolution")


def run(inputs: Inputs, params: PlanExperiment, context: Context) -> Result:
    """Plan, draw, and say what was assumed."""
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.files import write_json, write_text
    from vitreous.stages.planner import ASSUMPTIONS, Experiment, Specimen, plan

    specimen = Specimen(params.mass, params.diameter, symmetry(params.symmetry).order)
    experiment = Experiment(params.voltage, params.dose, params.ice, params.dqe, params.b_factor)
    made = plan(specimen, experiment, params.resolution, defocus=params.defocus, cs=params.cs, pixel_size=params.pixel_size)
    told = {**figures(made), **box(params, made)}
    write_json(context.outputs / "plan.json", {**told, "warnings": list(made.warnings), "assumptions": list(ASSUMPTIONS)})
    write_text(context.outputs / "plan.txt", said(params, told, made))
    draw(specimen, experiment, params, context.outputs)
    return Result(figures=told, warnings=made.warnings, stop=sentence(params, made))


def figures(made: Plan) -> dict[str, Any]:
    """The numbers of a plan."""
    return {
        "particles": two_digits(made.particles), "particles_rosenthal_henderson": two_digits(made.particles_empirical),
        "particles_against_ice_alone": two_digits(made.particles_ice), "dose_to_see_e_per_angstrom2": round(made.dose_to_see, 2),
        "dose_to_count_e_per_angstrom2": round(made.dose_to_count, 2),
        "pixel_size_angstrom": round(made.pixel_size, 3), "ice_advised_angstrom": round(made.ice_best),
        "lossless_share": round(made.lossless, 3), "depth_of_one_defocus_angstrom": round(made.depth),
    }  # fmt: skip


def box(params: PlanExperiment, made: Plan) -> dict[str, int]:
    """Pixels that hold the particle and what defocus spreads of it."""
    from vitreous.data.optics import Optics
    from vitreous.stages.particles import advise_box

    pixel = params.pixel_size or made.pixel_size
    optics = Optics(pixel_size=pixel, voltage=params.voltage, spherical_aberration=params.cs, amplitude_contrast=0.1)
    return {"box_px": advise_box(params.diameter, pixel, optics=optics, defocus=params.defocus, resolution=params.resolution).size}


def two_digits(count: float) -> int:
    """A number of particles to two digits, rounded up to one at least: no more of it is known."""
    return max(1, int(float(f"{count:.1e}")))


def sentence(params: PlanExperiment, made: Plan) -> str:
    """The forecast in words."""
    return (f"About {two_digits(made.particles):,} particles for {params.resolution:g} Å if B is {params.b_factor:g} Å² "
            f"({two_digits(made.particles_empirical):,} by the rule of Rosenthal and Henderson).")  # fmt: skip


def said(params: PlanExperiment, told: dict[str, Any], made: Plan) -> str:
    """All in words: the forecast, the numbers, what stands in the way, and what was assumed."""
    from vitreous.stages.planner import ASSUMPTIONS

    lines = [sentence(params, made), "", *(f"{name}: {value}" for name, value in told.items())]
    lines += ["", "In the way:", *(f"- {each}" for each in made.warnings)] if made.warnings else []
    return "\n".join([*lines, "", "Assumed:", *(f"- {each}" for each in ASSUMPTIONS), ""])


def draw(specimen: Specimen, experiment: Experiment, params: PlanExperiment, folder: Path) -> None:
    """Draw particles against resolution and dose against mass."""
    from dataclasses import replace

    import numpy as np

    from vitreous.stages.planner import doses_by_mass, particles_by_resolution
    from vitreous.views.planning import planning_figure
    from vitreous.views.render import save_figure

    first, last, count = RESOLUTIONS
    shown = np.linspace(min(first, params.resolution), max(last, params.resolution), count)
    b_factors = (params.b_factor / B_OFF, params.b_factor, params.b_factor * B_OFF)
    curves = [particles_by_resolution(specimen, replace(experiment, b_factor=b), shown.tolist()) for b in b_factors]
    masses = np.geomspace(*MASSES)
    seen, told = np.array(doses_by_mass(masses.tolist(), experiment, defocus=params.defocus, cs=params.cs)).T
    save_figure(planning_figure(shown, curves[1], curves[0], curves[2], wanted=params.resolution, b_factors=b_factors, mass=masses,
                                seen=seen, told=told, specimen=params.mass, given=params.dose),
                folder / "plan.svg")  # fmt: skip


def estimate(inputs: Inputs, params: PlanExperiment) -> Estimate:
    """Expect a second or two."""
    return Estimate(seconds=3, memory=3 * 10**8)


JOB = JobType(
    name="plan-experiment",
    summary="Particles, dose, pixel and ice for a particle and a resolution",
    params=PlanExperiment,
    inputs=(),
    outputs=(
        Output("plan", "plan.json", "figures", "numbers with their units, warnings and assumptions"),
        Output("words", "plan.txt", "text", "the same in words"),
        Output("picture", "plan.svg", "picture", "particles against resolution, and dose against mass"),
    ),
    run="vitreous.jobs.plan_experiment:run",
    estimate="vitreous.jobs.plan_experiment:estimate",
    group="Data",
    papers=(
        "Henderson, Q. Rev. Biophys. 28, 171 (1995).",
        "Rosenthal & Henderson, J. Mol. Biol. 333, 721 (2003).",
        "Langmore & Smith, Ultramicroscopy 46, 349 (1992).",
        "Grant & Grigorieff, eLife 4, e06980 (2015).",
    ),
)
