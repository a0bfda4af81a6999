"""Refined particles, their references and their movies to polished particles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.errors import InputError, VitreousError, require
from vitreous.jobs.options import PixelSize
from vitreous.pipeline.context import Context, Done
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.particles import Particles
    from vitreous.jobs.align_movies import AlignMovies
    from vitreous.jobs.polish_movie import MovieTask, Setting
    from vitreous.stages.polish import FollowParams, FrameWeights

#: Movies, spread over the session, by which the gain's orientation is found.
LOOKED_AT = 8
#: Particles whose tracks are drawn.
DRAWN = 150
#: Said where one map stands for both halves.
ONE_MAP = "half1 and half2 are one file, which is taken to be free of noise. Try: the half-maps, so that what they agree in counts."


@parameters
class Polish(PixelSize):
    """How particles are polished."""

    diameter: float = option(..., "Å", "longest side of the particle; the background is what lies outside", above=0, high=100000)
    model: Literal["bayesian", "linear"] = option(
        "bayesian", help="tracks: the most probable ones under a prior, or straight lines shared by neighbours"
    )
    velocity: float | None = option(None, "Å per e/Å²", "standard deviation of a particle's speed", above=0, high=1000,
                                    if_none="learnt from each movie", advanced=True)  # fmt: skip
    distance: float | None = option(None, "Å", "over which particles move alike", above=0, high=10**7,
                                    if_none="learnt from each movie", advanced=True)  # fmt: skip
    acceleration: float | None = option(None, "Å per e/Å²", "standard deviation of a change of speed from frame to frame", above=0,
                                        high=1000, if_none="learnt from each movie", advanced=True)  # fmt: skip
    reach: float = option(12.0, "Å", "farthest a particle may be from where the movie's motion puts it", above=0, high=200)
    neighbours: float = option(500.0, "Å", "σ of the neighbours' weights of the linear model", above=0, high=10**7, advanced=True)
    window: int = option(5, "frames", "of the running average of the linear model, odd", low=1, high=999, advanced=True)
    gain_turns: int | None = option(None, help="quarter turns of the gain reference, counter-clockwise", low=0, high=3,
                                    if_none="found from the frames, unless a flip is given")  # fmt: skip
    gain_flip: Literal["auto", "none", "rows", "columns"] = option("auto", help="flip of the gain reference, after the turns")
    gain_use: Literal["auto", "multiplied", "divided"] = option("auto", help="what is done to frames with the gain reference")

    def check(self) -> None:
        """Refuse half a prior and an even window."""
        given = [self.velocity, self.distance, self.acceleration]
        require(all(given) or not any(given), "velocity, distance, acceleration", given, "given together or not at all")
        require(self.window % 2 == 1, "window", self.window, "an odd number of frames", instead=f"--window {self.window + 1}")

    def follow(self) -> FollowParams:
        """The same for the stage."""
        from vitreous.stages.polish import FollowParams, MotionPrior

        prior = MotionPrior(self.velocity, self.distance, self.acceleration) if self.velocity else None
        return FollowParams(self.model, prior, self.reach, self.neighbours, self.window)


def run(inputs: Inputs, params: Polish, context: Context) -> Result:
    """Follow the particles of every movie, weigh the frames by what all show, sum them; movies that cannot be used are set aside."""
    from vitreous.io.particles import read_particles
    from vitreous.jobs.extract import write_sample
    from vitreous.jobs.particle_table import box_of, check_particles, write_table
    from vitreous.jobs.polish_movie import follow_one, reference_of, sum_one
    from vitreous.jobs.refine_ctf import check_table

    particles = check_places(check_table(read_particles(inputs["particles"], pixel_size=params.pixel_size)))
    check_particles(particles, params.diameter)
    tasks = tasks_of(particles, inputs["micrographs"], context)
    lies, told_of_gain = how_gain_lies(inputs.get("gain"), params, tasks)
    setting = setting_of(inputs, params, lies, box_of(particles), context)
    reference, _ = reference_of(setting.half1, setting.half2, setting.mask, setting.box, particles.pixel_size)
    followed = context.map(partial(follow_one, setting), tasks, step="follow particles", key=_name)
    weights = weights_of(setting, [each.item.name for each in followed])
    summed = context.map(partial(sum_one, setting, weights), [each.item for each in followed], step="sum frames", key=_name)
    polished = joined(summed, context.outputs / "stacks")
    write_table(polished, context.outputs / "particles.star", context)
    write_sample(polished.stack, particles.pixel_size, context.outputs / "sample.png")
    write_weights(weights, context.outputs / "weights.csv")
    draw(setting, followed, weights, reference.resolution, context.outputs)
    told = {"particle_count": len(polished), "movie_count": len(summed), "reference_resolution_angstrom": reference.resolution}
    one_map = (ONE_MAP,) if setting.half1 == setting.half2 else ()
    return Result(figures=told | figures(followed), warnings=(*one_map, *told_of_gain))


def _name(task: MovieTask) -> str:
    return task.name


def how_gain_lies(given: Path | None, params: Polish, tasks: Sequence[MovieTask]) -> tuple[AlignMovies, tuple[str, ...]]:
    """How the gain reference lies over the frames, given or found as align-movies does, and what the user should know of it."""
    from vitreous.jobs.align_movies import AlignMovies, settled
    from vitreous.jobs.polish_movie import file_beside, motion_of

    asked = AlignMovies(gain_turns=params.gain_turns, gain_flip=params.gain_flip, gain_use=params.gain_use)
    gain, movies, shape = given, [], None
    for task in tasks[:: max(1, len(tasks) // LOOKED_AT)]:
        try:
            star, told = motion_of(task)
            movies.append(file_beside(told.movie, star, f"the movie of {task.name}"))
            gain = gain or (told.gain and file_beside(told.gain, star, "the gain reference"))
        except (VitreousError, OSError):
            continue  # said when the movie's turn comes
        shape = shape or told.motion.shape
    if gain is None or shape is None:
        return asked, ()
    lies, warnings = settled(gain, asked, movies, shape)
    return lies, tuple(filter(None, warnings))


def setting_of(inputs: Inputs, params: Polish, lies: AlignMovies, box: int, context: Context) -> Setting:
    """What all movies share."""
    from vitreous.jobs.polish_movie import Setting

    return Setting(
        half1=inputs["half1"], half2=inputs["half2"], mask=inputs.get("mask"), box=box, gain=inputs.get("gain"),
        gain_lies=lies, follow=params.follow(), diameter=params.diameter,
        outputs=context.outputs, state=context.state.folder, memory=context.memory,
    )  # fmt: skip


def check_places(particles: Particles) -> Particles:
    """Refuse particles that do not say where on which micrograph they lie.

    Raises
    ------
    InputError
        If coordinates or micrographs are missing.
    """
    if particles.coordinate is None or particles.micrograph_index is None:
        raise InputError("particles must say where they lie (rlnCoordinateX, rlnCoordinateY, rlnMicrographName); these do not. "
                         "Try: the particles.star that vitreous refine wrote of extracted particles.")  # fmt: skip
    return particles


def tasks_of(particles: Particles, star: Path, context: Context) -> list[MovieTask]:
    """One task a micrograph that has particles; particles of micrographs that are not listed are set aside.

    Raises
    ------
    InputError
        If no particle lies on any of them.
    """
    import numpy as np

    from vitreous.io.micrographs import read_micrographs
    from vitreous.jobs.coordinate_list import MicrographIndex
    from vitreous.jobs.micrograph_list import unique_names
    from vitreous.jobs.polish_movie import MovieTask

    micrographs = read_micrographs(star)
    names, index = unique_names([m.path for m in micrographs]), MicrographIndex(micrographs)
    rows: dict[int, list[np.ndarray]] = {}
    for number, name in enumerate(particles.micrograph):
        mine = np.flatnonzero(particles.micrograph_index == number)
        found = index.of(name)
        if found < 0 and len(mine):
            context.quarantine(name, f"a micrograph of particles must be listed in {star.name}; {len(mine)} lie on this one, which is not")
        elif len(mine):
            rows.setdefault(found, []).append(mine)
    if not rows:
        raise InputError(f"particles must lie on the micrographs of {star}; none of {len(particles)} does, the first is on "
                         f"{particles.micrograph[0]!r}. Try: the micrographs.star of vitreous align-movies.")  # fmt: skip
    return [MovieTask(names[k], micrographs[k], particles.take(np.sort(np.concatenate(rows[k])))) for k in sorted(rows)]


def weights_of(setting: Setting, names: Sequence[str]) -> dict[tuple[float, ...], FrameWeights]:
    """Weights of the frames, one set for all movies whose frames had the same doses."""
    from vitreous.jobs.polish_movie import load_sums
    from vitreous.stages.polish import fit_weights

    totals: dict[tuple[float, ...], Any] = {}
    for name in names:
        sums, left, doses = load_sums(setting.sums_file(name))
        before = totals.get(doses)
        longer = left if before is None or len(left[0]) >= len(before[1][0]) else before[1]
        totals[doses] = (sums if before is None else before[0] + sums, longer)
    return {doses: fit_weights(*total) for doses, total in totals.items()}


def joined(summed: Sequence[Done[MovieTask]], folder: Path) -> Particles:
    """One table of the particles of all movies, each at the middle of its new image."""
    from dataclasses import replace

    import numpy as np

    tables = [each.item.particles for each in summed]
    counts = [len(table) for table in tables]

    def column(name: str) -> Any:
        parts = [getattr(table, name) for table in tables]
        return None if parts[0] is None else np.concatenate(parts)

    names = ("group", "defocus", "rotation", "micrograph_index", "half", "class_number")
    return replace(
        tables[0], **{name: column(name) for name in names}, shift=np.zeros((sum(counts), 2)),
        stack=tuple(folder / f"{each.item.name}.mrcs" for each in summed), stack_index=np.repeat(np.arange(len(tables)), counts),
        slice_index=np.concatenate([np.arange(count) for count in counts]),
        coordinate=np.concatenate([np.array(each.value["places"]) for each in summed]),
        extra={label: np.concatenate([table.extra[label] for table in tables]) for label in tables[0].extra},
    )  # fmt: skip


def write_weights(weights: dict[tuple[float, ...], FrameWeights], path: Path) -> None:
    """Write C_f and B_f of every frame; sets of movies with other doses are numbered."""
    from vitreous.runtime.files import write_text

    lines = ["set,frame,dose_e_per_square_angstrom,scale,scale_sigma,b_factor_square_angstrom,b_sigma"]
    for number, (doses, each) in enumerate(weights.items(), 1):
        rows = zip(doses, each.scale, each.scale_sigma, each.b_factor, each.b_sigma)
        lines += [f"{number},{frame},{dose:g}," + ",".join(f"{v:.5g}" for v in row) for frame, (dose, *row) in enumerate(rows, 1)]
    write_text(path, "\n".join(lines) + "\n")


def draw(setting: Setting, followed: Sequence[Done[MovieTask]], weights: dict[Any, FrameWeights], finest: float, outputs: Path) -> None:
    """Draw the tracks of the movie with most particles, and the weights of the commonest kind of movie."""
    import numpy as np

    from vitreous.runtime.files import read_json
    from vitreous.views.polish import frame_weights_figure, particle_tracks_figure
    from vitreous.views.render import save_figure

    most = max(followed, key=lambda each: len(each.item.particles)).item
    told: Any = read_json(setting.tracks_file(most.name))
    step = max(1, len(told["places_pixels"]) // DRAWN)
    tracks, places = np.array(told["tracks_angstrom"])[::step], np.array(told["places_pixels"])[::step]
    sigma = None if told["sigma_angstrom"] is None else np.array(told["sigma_angstrom"])[::step]
    figure = particle_tracks_figure(
        tracks, places, sigma=sigma, pixel_size=told["pixel_size_angstrom"], shape=tuple(told["size_pixels"][::-1]),
        dose_per_frame=told["dose_per_frame"], picture=picture_of(most), name=most.name,
    )  # fmt: skip
    save_figure(figure, outputs / "tracks.svg")
    doses, first = next(iter(weights.items()))
    k = np.linspace(0, 1 / finest, 60)
    figure = frame_weights_figure(np.array(doses), scale=first.scale, scale_sigma=first.scale_sigma, b_factor=first.b_factor,
                                  b_sigma=first.b_sigma, k=k, weights=first.at(k))  # fmt: skip
    save_figure(figure, outputs / "weights.svg")


def picture_of(task: MovieTask) -> np.ndarray | None:
    """The micrograph to draw tracks on; None where it cannot be read, which matters to nothing else."""
    from vitreous.errors import VitreousError
    from vitreous.io.mrc import read_image

    try:
        return read_image(task.micrograph.path)[0]
    except (VitreousError, OSError):
        return None


def figures(followed: Sequence[Done[MovieTask]]) -> dict[str, Any]:
    """Medians over the movies of what was found in each."""
    from statistics import median

    told: dict[str, list[float]] = {}
    for each in followed:
        for name, value in each.value["figures"].items():
            told.setdefault(name, []).extend([] if value is None else [value])
    return {f"median_{name}": median(values) for name, values in told.items() if values}


def estimate(inputs: Inputs, params: Polish) -> Estimate:
    """Expect a tenth of a second a particle, and the frame images of one movie in memory."""
    from vitreous.jobs.particle_table import quick_count

    return Estimate(seconds=30 + 0.1 * quick_count(inputs["particles"]), memory=4 * 10**9)


JOB = JobType(
    name="polish",
    summary="Follow particles through the frames of their movies and sum them along their tracks",
    params=Polish,
    inputs=(
        Input("particles", "particles", "a STAR file of particles with poses, defocus, half-sets and coordinates"),
        Input("half1", "half-map 1", "unfiltered map of half-set 1"),
        Input("half2", "half-map 2", "unfiltered map of half-set 2"),
        Input("mask", "mask", "1 on the particle, soft at its edge; a ball without it", optional=True),
        Input("micrographs", "micrographs", "the STAR file of the aligned movies, which names their motion"),
        Input("gain", "gain", "gain reference; without it the one that the motion files name", optional=True),
    ),
    outputs=(
        Output("particles", "particles.star", "particles", "the same particles with their polished images"),
        Output("stacks", "stacks/*.mrcs", "stack", "the images, one stack a movie"),
        Output("tracks", "tracks/*.json", "curves", "the way of every particle and how sure it is, Å"),
        Output("weights", "weights.csv", "table", "B-factor and scale of every frame"),
        Output("tracks-picture", "tracks.svg", "picture", "tracks on the micrograph with most particles"),
        Output("weights-picture", "weights.svg", "picture", "B-factors, scales and weights of the frames"),
        Output("sample", "sample.png", "picture", "64 polished particles of all movies (all, if there are fewer), smoothed, y upwards"),
    ),
    run="vitreous.jobs.polish:run",
    estimate="vitreous.jobs.polish:estimate",
    papers=(
        "Zivanov et al., IUCrJ 6, 5 (2019).",
        "Scheres, eLife 3, e03665 (2014).",
    ),
)
