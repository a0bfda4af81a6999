"""What polishing does with one movie: follow its particles, then sum their frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vitreous.errors import InputError, require

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vitreous.data.micrograph import Micrograph
    from vitreous.data.motion import Motion
    from vitreous.data.movie import Movie
    from vitreous.data.particles import Particles
    from vitreous.inference.reference import Reference
    from vitreous.io.motion import MotionFile
    from vitreous.jobs.align_movies import AlignMovies
    from vitreous.numerics.slices import HalfBall
    from vitreous.stages.polish import Followed, FollowParams, FrameSums, FrameWeights, HeightDrift, MovieParticles

#: By how much the particles' pixel size may differ from what whole pixels of the movie give.
SCALE_TOLERANCE = 1e-3
#: Frames of the detector in a frame of an EER movie, in a motion file.
GROUPING = "rlnEERGrouping"


@dataclass(frozen=True)
class MovieTask:
    """One movie: its name, its micrograph, and the rows of the particle table that lie on it."""

    name: str
    micrograph: Micrograph
    particles: Particles


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all movies share.

    Parameters
    ----------
    half1, half2, mask
        The references' files.
    box
        Side of the particle images, pixels.
    gain, gain_lies
        Gain reference, or None for the one that the motion file names; how it is laid over the frames, as for align-movies.
    follow
        How particles are followed.
    diameter
        Of the particle, Å.
    outputs, state
        Folders.
    memory
        Bytes the job may use.
    """

    half1: Path
    half2: Path
    mask: Path | None
    box: int
    gain: Path | None
    gain_lies: AlignMovies
    follow: FollowParams
    diameter: float
    outputs: Path
    state: Path
    memory: int

    def tracks_file(self, name: str) -> Path:
        """Where the tracks of a movie are written."""
        return self.outputs / "tracks" / f"{name}.json"

    def sums_file(self, name: str) -> Path:
        """Where the sums of a movie are kept."""
        return self.state / f"sums_{name}.npz"


@lru_cache(maxsize=1)
def reference_of(half1: Path, half2: Path, mask: Path | None, box: int, pixel_size: float) -> tuple[Reference, tuple[HalfBall, HalfBall]]:
    """What images are compared with, and its maps for images of half-set 1 and 2, each its own; read once a process."""
    from vitreous.jobs.half_maps import read_halves

    reference = read_halves(half1, half2, mask, box, pixel_size)
    return reference, reference.balls(own=True)


def open_task(setting: Setting, task: MovieTask) -> MovieParticles:
    """Open a movie, its motion and its gain, and place its particles.

    Raises
    ------
    InputError
        If one of them is not there or does not fit the others.
    """
    from vitreous.stages.polish import MovieParticles

    star, told = motion_of(task)
    movie = open_as_aligned(file_beside(told.movie, star, f"the movie of {task.name}"), told.motion, star)
    motion, particles = told.motion, task.particles
    box = whole_box(setting.box, particles.pixel_size, motion.pixel_size)
    shift = np.zeros((len(particles), 2)) if particles.shift is None else particles.shift
    places = (particles.coordinate * task.micrograph.optics.pixel_size + shift) / motion.pixel_size
    return MovieParticles(movie, corrector(setting, told, star, movie), motion, places, box)


def motion_of(task: MovieTask) -> tuple[Path, MotionFile]:
    """The file with a movie's motion, and what it says.

    Raises
    ------
    InputError
        If there is none, or it cannot be read.
    """
    from vitreous.io.motion import read_motion

    star = task.micrograph.motion
    if star is None:
        raise InputError(f"motion of {task.name} must be named in rlnMicrographMetadata; it is not. Try: vitreous align-movies.")
    return star, read_motion(star)


def open_as_aligned(path: Path, motion: Motion, star: Path) -> Movie:
    """Open a movie as it was aligned: EER movies on the grid of ``motion``, with the grouping that ``star`` or its frames tell."""
    from vitreous.io.eer import is_eer
    from vitreous.io.movies import open_movie
    from vitreous.io.star import number_column, read_star

    if not is_eer(path):
        return open_movie(path)
    every, general = open_movie(path, eer_grouping=1), read_star(star)["general"]
    told = GROUPING in general
    grouping = int(number_column(star, GROUPING, general[GROUPING])[0]) if told else max(1, every.count // motion.frames)
    return open_movie(path, eer_grouping=grouping, eer_upsampling=max(1, motion.shape[0] // every.shape[0]))


def file_beside(name: Path, star: Path, what: str) -> Path:
    """Find a file that a motion file names.

    Raises
    ------
    InputError
        If it is not there.
    """
    from vitreous.io.paths import resolve

    found = resolve(str(name), star)
    if found is None:
        raise InputError(f"{what} must be a file; there is no {name}, which {star.name} names. Try: moving it back, or aligning again.")
    return found


def whole_box(size: int, pixel_size: float, movie_pixel_size: float) -> int:
    """Side, in pixels of the movie, of the box that is Fourier-cropped to ``size`` pixels of ``pixel_size`` Å; even.

    Raises
    ------
    InputError
        If no whole number of pixels gives that pixel size to 0.1 %.
    """
    box = 2 * round(size * pixel_size / movie_pixel_size / 2)
    given = box * movie_pixel_size / size
    require(box >= size and abs(given / pixel_size - 1) < SCALE_TOLERANCE, "pixel size of the particles", f"{pixel_size:.5g} Å",
            f"what a box of whole pixels of the movie, {movie_pixel_size:.5g} Å each, can be cropped to; the nearest is {given:.5g} Å",
            instead="particles that were extracted from these movies' micrographs")  # fmt: skip
    return box


def corrector(setting: Setting, told: MotionFile, star: Path, movie: Movie) -> Any:
    """What makes a corrected frame of a recorded one: pixels that alignment mended are mended again, then the gain is applied.

    Raises
    ------
    InputError
        If the gain is not there or has another size than the frames.
    """
    from vitreous.io.eer import is_eer
    from vitreous.jobs.align_movies import read_factors
    from vitreous.stages.movies.defects import checked_gain, mend_gain, plan_patching

    gain = setting.gain or (told.gain and file_beside(told.gain, star, "the gain reference"))
    eer_shape = movie.shape if is_eer(movie.path) else None
    factors = checked_gain(gain and read_factors(gain, setting.gain_lies, eer_shape), movie.shape)
    bad = factors == 0
    x, y = told.motion.defects[(told.motion.defects < np.array(movie.shape[::-1])).all(1)].T
    bad[y, x] = True
    patching = plan_patching(bad)
    factors = mend_gain(factors, patching)

    def correct(values: NDArray, index: int) -> NDArray[np.float32]:
        image = np.array(values, np.float32)
        patching(image, index)
        image *= factors
        return image

    return correct


def follow_one(setting: Setting, task: MovieTask) -> dict[str, Any]:
    """Find the tracks of one movie's particles, and keep how much signal its frames hold.

    Raises
    ------
    InputError
        If a file is missing or does not fit, or the particles do not agree with the reference.
    """
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.stages.polish import affordable_radius, fit_height, follow, left_by_dose, read_spectra

    found = open_task(setting, task)
    reference, balls = reference_of(setting.half1, setting.half2, setting.mask, setting.box, task.particles.pixel_size)
    radius = affordable_radius(reference.radius, len(task.particles) * len(found.used), setting.memory // 3)
    with one_torch_thread():
        spectra = read_spectra(found, task.particles, reference, balls, radius)
        followed = follow(spectra, found, setting.follow)
    left = left_by_dose(followed.sums.k, found.dose, found.motion.voltage)
    height = fit_height(followed.sums, left, found.motion.voltage)
    save_sums(setting.sums_file(task.name), followed.sums, left, found)
    figures = figures_of(followed, height)
    write_tracks(setting.tracks_file(task.name), found, followed, figures)
    return {"frames": len(found.used), "figures": figures}


def figures_of(followed: Followed, height: HeightDrift) -> dict[str, float]:
    """Numbers of one movie; what the linear model does not know is left out."""
    known = followed.prior
    bayesian = {
        "track_sigma_angstrom": _rms(followed.deviation), "sigma_velocity": known.velocity, "sigma_distance_angstrom": known.distance,
        "sigma_acceleration": known.acceleration,
    } if known else {}  # fmt: skip
    return {
        "tracks_rms_angstrom": _rms(followed.tracks - followed.tracks.mean(1, keepdims=True)),
        "resolution_used_angstrom": float(1 / followed.sums.k[-1]),
        "defocus_offset_angstrom": height.offset, "defocus_offset_sigma_angstrom": height.offset_sigma,
        "defocus_drift_angstrom": height.drift, "defocus_drift_sigma_angstrom": height.drift_sigma, **bayesian,
    }  # fmt: skip


def write_tracks(path: Path, found: MovieParticles, followed: Followed, figures: dict[str, float]) -> None:
    """Write the whole way of every particle, the movie's motion included, in Å from its place in the sum."""
    from vitreous.runtime.files import write_json

    pixel = found.motion.pixel_size
    whole = (found.expected() - found.places[:, None]) * pixel + followed.tracks
    write_json(path, {
        "movie": found.movie.path.name, "size_pixels": list(found.motion.shape[::-1]), "pixel_size_angstrom": pixel,
        "frames": (found.used + 1).tolist(), "dose_per_frame": found.motion.dose_per_frame,
        "places_pixels": np.round(found.places, 3).tolist(), "tracks_angstrom": np.round(whole, 4).tolist(),
        "sigma_angstrom": np.round(followed.deviation, 4).tolist() if followed.prior else None, "figures": figures,
    })  # fmt: skip


def _rms(values: NDArray) -> float:
    return float(np.sqrt(np.square(values).mean()))


def save_sums(path: Path, sums: FrameSums, left: NDArray, found: MovieParticles) -> None:
    """Keep what the weights are made of."""
    from vitreous.runtime.files import replacing

    with replacing(path) as aside:
        np.savez(aside, cross=sums.cross, power=sums.power, k=sums.k, left=left, dose=found.dose)


def load_sums(path: Path) -> tuple[FrameSums, NDArray, tuple[float, ...]]:
    """What :func:`save_sums` kept: sums, what damage leaves, and the doses of the frames, by which movies are alike."""
    from vitreous.stages.polish import FrameSums

    with np.load(path, allow_pickle=False) as kept:
        return FrameSums(kept["cross"], kept["power"], kept["k"]), kept["left"], tuple(kept["dose"].round(2).tolist())


def sum_one(setting: Setting, weights: dict[tuple[float, ...], FrameWeights], task: MovieTask) -> dict[str, Any]:
    """Sum the frames of one movie's particles along their tracks and write them, normalised as extraction does.

    Raises
    ------
    InputError
        If the movie is no longer what it was.
    """
    from vitreous.io.stacks import write_stack
    from vitreous.runtime.devices import one_torch_thread
    from vitreous.runtime.files import read_json
    from vitreous.stages.particles.normalisation import normalise
    from vitreous.stages.polish import mean_places, sum_frames

    found = open_task(setting, task)
    told: Any = read_json(setting.tracks_file(task.name))
    pixel = found.motion.pixel_size
    tracks = np.array(told["tracks_angstrom"]) - (found.expected() - found.places[:, None]) * pixel
    own = weights[load_sums(setting.sums_file(task.name))[2]]
    with one_torch_thread():
        images = sum_frames(found, tracks, own, setting.box).double()
        images = -images if task.particles.contrast == "bright" else images
        images = normalise(images, 0.5 * setting.diameter / task.particles.pixel_size).float().numpy()
    write_stack(setting.outputs / "stacks" / f"{task.name}.mrcs", images, task.particles.pixel_size)
    return {"places": (mean_places(found, tracks) * pixel / task.micrograph.optics.pixel_size).round(4).tolist()}
