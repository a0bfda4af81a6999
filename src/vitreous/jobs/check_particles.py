"""Particles at their poses against their map: who does not fit, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vitreous.errors import require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from vitreous.data.particles import Particles
    from vitreous.data.volume import Volume
    from vitreous.stages.particle_checks import ParticleChecks, Posed, ResidualScores

#: Pictures of the best and of the worst.
GALLERY = 64
#: Digits of the numbers in tables.
DIGITS = 5

BIASED = (
    "every image was held against the whole map, which it is part of: fits are flattered, those of noise most. Try: --half1 and --half2 "
    "with a table that names the half-sets."
)
ONE_DEFOCUS = "all particles have next to one defocus ({value:.0f} Å): nothing can be said of correlation against defocus."
#: Å of defocus between the quantiles 5 and 95 %: less is one defocus.
LEAST_RANGE = 200.0


@parameters
class CheckParticles(PixelSize):
    """What is asked."""

    symmetry: str = option("C1", "", "point group of the map: Cn, Dn, T, O, I")
    resolution: float = option(3.0, "Å", "finest detail looked at", above=0, high=100)
    most: int | None = option(None, "", "particles looked at, drawn by micrographs", low=50, high=100_000_000, if_none="all")


def run(inputs: Inputs, params: CheckParticles, context: Context) -> Result:
    """Score every particle, judge, draw, and write."""
    import numpy as np
    import torch

    from vitreous.io.particles import read_particles
    from vitreous.jobs.sound_images import load_sound
    from vitreous.numerics.symmetry import symmetry
    from vitreous.runtime.chance import numpy_generator, torch_generator
    from vitreous.stages.particle_checks import check_particles, pose_particles, residual_scores, sample_rows
    from vitreous.stages.particle_checks.checks import FEWEST

    group = symmetry(params.symmetry)
    particles = read_particles(inputs["particles"], pixel_size=params.pixel_size)
    require(len(particles) >= FEWEST, "number of particles", len(particles), f"at least {FEWEST}",
            instead="all particles of the refinement")  # fmt: skip
    maps, mask = read_maps(inputs, params.pixel_size)
    if params.most:
        particles = particles.take(sample_rows(particles, params.most, numpy_generator(context.seed, "sample")))
    particles, posed = load_sound(
        particles, lambda some: pose_particles(some, maps, mask=mask, finest=params.resolution, memory=context.memory // 2), context)
    with torch.inference_mode():
        found = check_particles(posed, group, torch_generator(context.seed, "checks"), report=context.report)
        scores = residual_scores(posed, found.sums, found.fit)
    warnings = [BIASED] if len(maps) == 1 else []
    spread = np.quantile(particles.defocus[:, :2].mean(1), [0.05, 0.95])
    if spread[1] - spread[0] < LEAST_RANGE:
        warnings.append(ONE_DEFOCUS.format(value=spread.mean()))
    told = tell(found, context)
    write_scores(particles, found, scores, context)
    write_micrographs(particles, found, context.outputs / "micrographs.csv")
    draw(particles, posed, found, context.outputs)
    return Result(figures=told, warnings=(*warnings, *unsound(found)))


def read_maps(inputs: Inputs, pixel_size: float | None) -> tuple[list[Volume], Volume | None]:
    """The two half-maps, or the map; and the mask.

    Raises
    ------
    InputError
        If there is neither, or one half-map alone.
    """
    from vitreous.io.mrc import read_volume

    halves = [inputs.get("half1"), inputs.get("half2")]
    given = [str(each) for each in halves if each]
    require(len(given) != 1, "half-maps", given, "two, or none", instead="--half1 and --half2")
    paths = halves if all(halves) else [inputs.get("map")]
    require(all(paths), "maps", None, "given: a map, or two half-maps", instead="vitreous check-particles p.star map.mrc")
    mask = inputs.get("mask")
    return [read_volume(path, pixel_size) for path in paths if path], None if mask is None else read_volume(mask, pixel_size)


def judged(found: ParticleChecks) -> list:
    """The three findings."""
    from vitreous.stages.particle_checks import judge_alignability, judge_correlation, judge_residuals

    return [judge_residuals(found), judge_correlation(found), judge_alignability(found)]


def unsound(found: ParticleChecks) -> tuple[str, ...]:
    """What is to be said of findings that are not good."""
    return tuple(f"{check.name} ({check.verdict}): {check.reason}" for check in judged(found) if check.verdict in ("warn", "fail"))


def tell(found: ParticleChecks, context: Context) -> dict[str, object]:
    """Write the findings; give the numbers of the result."""
    from vitreous.runtime.files import write_json

    checks = judged(found)
    write_json(context.outputs / "check.json",
               [{"name": c.name, "verdict": c.verdict, "reason": c.reason, "figures": dict(c.figures)} for c in checks])  # fmt: skip
    numbers = {"particle_count": len(found)}
    for check, name in zip(checks, ("misposed_share", "junk_share", "alignable_share")):
        numbers |= {f"{check.name}_verdict": check.verdict, name: check.figures[name]}  # type: ignore[dict-item]
    return dict(numbers)


def columns(particles: Particles, found: ParticleChecks, scores: ResidualScores) -> dict[str, np.ndarray]:
    """The scores of every particle, by the names of their columns."""
    import numpy as np

    from vitreous.stages.particle_checks import defocus_bins, percentiles

    correlation = found.fit.correlation.numpy()
    shift = np.zeros((len(particles), 2)) if particles.shift is None else particles.shift
    misposed = np.zeros(len(particles), np.int64)
    misposed[found.misposed.numpy()] = 1
    return {
        "vitreousFitZ": found.z.numpy(), "vitreousCost": scores.cost.numpy(), "vitreousGreyScale": scores.scale.numpy(),
        "vitreousGreyOffset": scores.offset.numpy(), "vitreousResidualMeanZ": scores.z_mean.numpy(),
        "vitreousResidualVarianceZ": scores.z_variance.numpy(), "vitreousResidualCovarianceZ": scores.z_covariance.numpy(),
        "vitreousCorrelation": correlation,
        "vitreousCorrelationPercentile": percentiles(correlation, defocus_bins(particles.defocus[:, :2].mean(1))),
        "vitreousNoParticleProbability": found.presence.absent.numpy(), "vitreousBetterPoseElsewhere": misposed,
        "vitreousShiftLength": np.hypot(*shift.T),
    }  # fmt: skip


def write_scores(particles: Particles, found: ParticleChecks, scores: ResidualScores, context: Context) -> None:
    """Write the table with the scores as columns, worst fit first, and the scores alone."""
    import numpy as np

    from vitreous.jobs.particle_table import write_table
    from vitreous.runtime.files import write_text

    own = columns(particles, found, scores)
    order = np.argsort(own["vitreousFitZ"], kind="stable")
    table = particles.with_(extra={**particles.extra, **{name: np.round(column, DIGITS) for name, column in own.items()}})
    write_table(table.take(order), context.outputs / "particles.star", context)
    lines = [",".join(["particle", *(name.removeprefix("vitreous") for name in own)])]
    lines += [",".join([str(row + 1), *(f"{column[row]:.{DIGITS}g}" for column in own.values())]) for row in order]
    write_text(context.outputs / "scores.csv", "\n".join(lines) + "\n")


def write_micrographs(particles: Particles, found: ParticleChecks, path: Path) -> None:
    """Write what the particles of every micrograph say of it; a header alone where micrographs are not named."""
    import numpy as np

    from vitreous.runtime.files import write_text

    lines = ["micrograph,particles,fit_z_median,grey_scale_median,no_particle_share,defocus_error_angstrom,defocus_gain_nats,defocus_wrong"]
    if particles.micrograph_index is not None:
        known, owner = np.unique(particles.micrograph_index, return_inverse=True)
        for number, micrograph in enumerate(known):
            rows = np.flatnonzero(owner == number)
            focus = found.defocus
            told = ["", "", ""]
            if focus is not None:
                told = [f"{focus.error[number]:.0f}", f"{focus.gain[number]:.1f}", str(int(focus.wrong[number]))]
            z, scale, absent = (each.numpy()[rows] for each in (found.z, found.fit.scale, found.presence.absent))
            numbers = (np.median(z), np.median(scale), absent.mean())
            lines.append(",".join([particles.micrograph[micrograph], str(len(rows)), *(f"{each:.4g}" for each in numbers), *told]))
    write_text(path, "\n".join(lines) + "\n")


def draw(particles: Particles, posed: Posed, found: ParticleChecks, folder: Path) -> None:
    """Draw correlations, alignability, and the images that fit worst and best."""
    from vitreous.stages.particle_checks import residual_images
    from vitreous.views.particle_checks import alignability_figure, residual_sheet
    from vitreous.views.png import write_png
    from vitreous.views.render import save_figure

    save_figure(correlations(particles, posed, found), folder / "correlation.svg")
    known = found.alignability
    told = (known.spread_deg, known.noise_spread_deg, known.precision, known.accuracy)
    save_figure(alignability_figure(*(each.numpy() for each in told)), folder / "alignability.svg")
    order = found.z.argsort()
    for name, rows in (("worst", order[:GALLERY]), ("best", order.flip(0)[:GALLERY])):
        shown = residual_images(posed, found.fit, rows)
        write_png(folder / f"{name}.png", residual_sheet(shown.image.numpy(), shown.view.numpy(), shown.residual.numpy()))


def correlations(particles: Particles, posed: Posed, found: ParticleChecks) -> object:
    """The figure of correlations, divided where the images without the particle end."""
    import numpy as np
    import torch

    from vitreous.stages.particle_checks import defocus_bins, two_gaussians
    from vitreous.views.particle_checks import correlation_figure

    focus = particles.defocus[:, :2].mean(1)
    absent = found.presence.absent
    k = np.arange(1, found.fit.radius + 1) / (posed.disc.size * posed.pixel_size)
    wrong = torch.zeros(len(found), dtype=torch.bool)
    if found.defocus is not None:
        micrograph = np.unique(particles.micrograph_index, return_inverse=True)[1]
        wrong = found.defocus.wrong[torch.from_numpy(micrograph)]
    held = absent < 0.5
    sound, shells = by_shell(found, held & ~wrong), slice(1, found.fit.radius + 1)
    # with images that do not fit among them all, the sound ones are the better measure of what is usual
    gain = found.fit.gain.numpy()[shells]
    curves = (k, np.divide(sound, gain, out=np.zeros_like(sound), where=gain > 0), None)
    if wrong.any():
        curves = (k, np.ones_like(sound), by_shell(found, held & wrong) / np.where(abs(sound) > 0, sound, np.inf))
    threshold = two_gaussians(found.fit.scale.numpy()).threshold if (~held).any() and held.any() else None
    usual = found.presence.scale if found.presence.scale > 0 else 1.0  # of noise there is no usual scale
    return correlation_figure(focus, found.fit.correlation.numpy(), found.fit.scale.numpy() / usual, bins=defocus_bins(focus),
                              absent=absent.numpy(), threshold=threshold and threshold / usual, curves=curves)  # fmt: skip


def by_shell(found: ParticleChecks, rows: object) -> np.ndarray:
    """Grey scale of the images at ``rows`` by shell, from the first to the last that counts."""
    sums, fit = found.sums.take(rows), found.fit  # type: ignore[arg-type]
    weight = fit.weights()[rows]  # type: ignore[index]
    part = (sums.cross * weight).sum(0) / (sums.power * weight).sum(0).clamp_min(1e-30)
    return part[1 : fit.radius + 1].numpy()


def estimate(inputs: Inputs, params: CheckParticles) -> Estimate:
    """Expect eight milliseconds a particle of 128 pixels, and half a minute for the searches."""
    from vitreous.jobs.particle_table import quick_count

    count = min(quick_count(inputs["particles"]), params.most or 10**9)
    return Estimate(seconds=30 + 8e-3 * count, memory=2 * 10**9)


JOB = JobType(
    name="check-particles",
    summary="Do particles fit their map: residuals, correlation, defocus, alignability",
    params=CheckParticles,
    inputs=(
        Input("particles", "particles", "a STAR file of particles with images, defocus and poses", positional=True),
        Input("map", "map", "the map made of them; half-maps are better", optional=True, positional=True),
        Input("half1", "half-map 1", "unfiltered map of half-set 1, against which particles of half-set 2 are held", optional=True),
        Input("half2", "half-map 2", "that of half-set 2", optional=True),
        Input("mask", "mask", "1 on the particle; a ball without it", optional=True),
    ),
    outputs=(
        Output("checks", "check.json", "checks", "the findings: verdict, reason, figures"),
        Output("particles", "particles.star", "particles", "the particles with their scores, the worst fit first"),
        Output("scores", "scores.csv", "table", "the scores alone, particles by their row in the table"),
        Output("micrographs", "micrographs.csv", "table", "what particles say of each micrograph and its defocus"),
        Output("correlation_picture", "correlation.svg", "picture", "correlation by defocus, grey scales, agreement by frequency"),
        Output("alignability_picture", "alignability.svg", "picture", "how well images know their direction"),
        Output("worst_picture", "worst.png", "picture", "the 64 that fit worst: image, view, what is left"),
        Output("best_picture", "best.png", "picture", "the 64 that fit best"),
    ),
    run="vitreous.jobs.check_particles:run",
    estimate="vitreous.jobs.check_particles:estimate",
    papers=("Vargas et al., Sci. Rep. 6, 21626 (2016).", "Sorzano et al., J. Struct. Biol. 189, 163 (2015)."),
)
