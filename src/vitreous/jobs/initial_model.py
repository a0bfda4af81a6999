"""Particles to a first map, from nothing."""

from __future__ import annotations

from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

ALONE = "no other start agrees with the chosen map: it may be wrong. Try: more --starts, or look whether the classes show particles."


@parameters
class InitialModel(PixelSize):
    """How the first map is found."""

    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    symmetry: str = option("C1", "", "point group: Cn, Dn, T, O, I")
    starts: int | None = option(None, "", "random starts", low=1, high=100, if_none="4, or 12 where symmetry makes particles round")
    finest: float | None = option(None, "Å", "finest detail used", above=0, high=100, if_none="a twelfth of the diameter, at least 10 Å")
    most_images: int = option(3000, "", "images used", low=50, high=100000, advanced=True)


def run(inputs: Inputs, params: InitialModel, context: Context) -> Result:
    """Try several random starts and keep the best."""
    import numpy as np
    import torch

    from vitreous.data.volume import Volume
    from vitreous.inference.load import Band, load_images, working_size
    from vitreous.io.mrc import write_volume
    from vitreous.io.particles import read_particles
    from vitreous.jobs.particle_table import box_of, check_particles
    from vitreous.jobs.sound_images import load_sound
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.chance import numpy_generator
    from vitreous.runtime.files import write_json
    from vitreous.stages.initial_model.choose import initial_model
    from vitreous.stages.initial_model.em import InitialModelSettings

    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    check_particles(particles, params.diameter)
    settings = InitialModelSettings(
        diameter=params.diameter, symmetry=symmetry(params.symmetry), starts=params.starts or 0, finest=params.finest or 0.0,
        seed=context.seed, memory=min(300_000_000, context.memory // 4),
    )  # fmt: skip
    box = box_of(particles)
    size = working_size(box, particles.pixel_size, settings.resolution)
    rows = np.sort(numpy_generator(context.seed, "initial model").permutation(len(particles))[: params.most_images])
    band = Band(size=size, mask_diameter=1.2 * params.diameter)
    _, images = load_sound(particles.take(rows), lambda those: load_images(those, band, report=context.report), context)
    with torch.inference_mode():
        found = initial_model(images, settings, report=context.report)
    volume = Volume(found.volume, images.pixel_size).resized(box)
    write_volume(context.outputs / "map.mrc", volume)
    write_json(context.outputs / "starts.json", {
        "chosen": found.chosen + 1, "evidence": found.evidence.tolist(), "agreement": found.agreement.tolist(),
        "confidence": found.confidence.tolist(), "resolution_angstrom": found.resolution})  # fmt: skip
    warnings = [] if found.supporters or len(found.evidence) < 2 else [ALONE]
    return Result(figures={"start_count": len(found.evidence), "agreeing_starts": found.supporters,
                           "resolution_angstrom": found.resolution}, warnings=tuple(warnings))  # fmt: skip


def estimate(inputs: Inputs, params: InitialModel) -> Estimate:
    """Expect some ten seconds a start."""
    starts = params.starts or (4 if params.symmetry[:1].upper() in "CD" else 12)
    return Estimate(seconds=10.0 + 8.0 * starts, memory=2 * 10**9)


JOB = JobType(
    name="initial-model",
    summary="Find a first map from nothing but particles and symmetry",
    params=InitialModel,
    inputs=(Input("particles", "particles", "a STAR file of particles with images and defocus"),),
    outputs=(
        Output("map", "map.mrc", "map", "the map, on the particles' box"),
        Output("starts", "starts.json", "starts", "evidence of each start and agreement with the chosen one"),
    ),
    run="vitreous.jobs.initial_model:run",
    estimate="vitreous.jobs.initial_model:estimate",
    papers=("Punjani et al., Nat. Methods 14, 290 (2017).", "Scheres, J. Mol. Biol. 415, 406 (2012)."),
)
