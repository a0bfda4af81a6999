"""Movies to aligned, exposure-weighted micrographs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.errors import InputError, VitreousError, require
from vitreous.jobs.micrograph_list import unique_names, write_list
from vitreous.jobs.movie_like import Like, usual
from vitreous.jobs.movie_metadata import MovieOptions, beam_shift, known_movie, optics_groups
from vitreous.jobs.options import check_pixel_size, pixel_sizes_differ, stated_pixel_size
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    import numpy as np

    from vitreous.data.micrograph import Micrograph
    from vitreous.data.optics import Optics
    from vitreous.jobs.movie_metadata import Known
    from vitreous.stages.movies import Alignment

ASSUMED = {"voltage": 300.0, "cs": 2.7}
UNITS = {"voltage": "kV", "cs": "mm"}
#: e/Å² after which exp(−N / 2 N_c) is 0.001 at 10 Å: more is probably a dose of the whole movie that was given for a frame.
MOST_EXPOSURE = 200.0
#: Fraction of a header's pixel size by which a calibrated one may differ: calibrations move it by some per cent, a wrong
#: magnification by more.
CALIBRATION = 0.1
#: Points along each axis of the field at which tracks are kept for drawing.
TRACKS = 5
#: No magnification differs with direction by more.
UNSTRETCHED, MOST_STRETCH = (1.0, 0.0, 0.0, 1.0), 0.1
#: Movies that a gain is estimated from.
MOST_FOR_GAIN = 200
#: e/Å² that count as a movie's beginning.
EARLY = 4.0
#: Bytes of the process itself: the interpreter, the libraries and what they keep.
PROCESS = 450_000_000
#: Said where nobody gave a gain, unless the frames show that one is missing.
NO_GAIN = "gain was not given; frames are taken to be corrected. Try: --gain gain.mrc."
#: Pixels of the longer side of the small pictures.
THUMBNAIL = 512


@parameters
class AlignMovies(MovieOptions):
    """How movies are aligned."""

    pre_exposure: float = option(0.0, "e/Å²", "exposure before the first frame", low=0, high=1000, advanced=True)
    binning: float = option(1.0, "", "factor by which the sums are Fourier-cropped", low=1, high=16)
    model: Literal["smooth", "polynomial", "flow", "global"] = option(
        "smooth", help="motion: a smooth field in space and time, RELION's 18 coefficients, optical flow, or whole frames only"
    )
    patches: tuple[int, ...] = option((), help="patches along x and y; without it as many as the size asks for", low=1, high=64,
                                      advanced=True)  # fmt: skip
    gain_turns: int | None = option(None, help="quarter turns of the gain reference, counter-clockwise", low=0, high=3,
                                    if_none="found from the frames, unless a flip is given")  # fmt: skip
    gain_flip: Literal["auto", "none", "rows", "columns"] = option("auto", help="flip of the gain reference, after the turns")
    gain_use: Literal["auto", "multiplied", "divided"] = option("auto", help="what is done to frames with the gain reference")
    estimate_gain: bool = option(False, help="make a gain reference from the movies themselves; see estimate-gain")
    fewest_frames: int | None = option(None, help="movies with fewer frames are set aside", low=2, high=100000,
                                       if_none="nine tenths of what most have", advanced=True)  # fmt: skip
    mend: bool = option(True, help="find hot and dead pixels and replace them", advanced=True)
    magnification_matrix: tuple[float, ...] = option((), help="a b c d: frequencies of the frames are to be multiplied by it "
                                                     "(rlnMagMat of refine-ctf); the sums are free of it", advanced=True)  # fmt: skip
    halves: bool = option(False, help="write sums of odd and of even frames as well, for programs that denoise")
    frame_quality: bool = option(False, help="measure how much signal and blur every frame has", advanced=True)
    half_precision: bool = option(False, help="write micrographs as float16, half the size", advanced=True)

    @property
    def finds_gain_orientation(self) -> bool:
        """Whether how the gain lies is to be found: neither turns nor a flip were given."""
        return self.gain_turns is None and self.gain_flip == "auto"

    def check(self) -> None:
        """Refuse patches along one axis only, and a grid of EER that no movie has."""
        super().check()
        require(len(self.patches) in (0, 2), "patches", self.patches, "two numbers, along x and y", instead="--patches 5 5")
        off = [abs(given - plain) for given, plain in zip(self.magnification_matrix, UNSTRETCHED)]
        fits = len(self.magnification_matrix) in (0, 4) and max(off, default=0.0) <= MOST_STRETCH
        require(fits, "magnification_matrix", self.magnification_matrix, f"four numbers within {MOST_STRETCH} of 1 0 0 1",
                instead="--magnification-matrix 1.01 0 0 0.99")  # fmt: skip


def run(inputs: Inputs, params: AlignMovies, context: Context) -> Result:
    """Align every movie; those that cannot be are set aside."""
    movies, gain = inputs.all("movies"), inputs.get("gain")
    named = list(zip(unique_names(movies), movies))
    like, told = usual(movies, lambda path: known_movie(path, params).movie), ()
    shape, asked = like.shape, params
    if shape is not None:
        gain, params, told = settle_gain(gain, params, movies, shape, context)
    bad = inputs.get("defects")
    if bad is not None and shape is not None:
        read_bad(bad, shape)
    one = partial(align_one, params, gain, like, context.outputs, context.project, context.memory,
                  gain_name=gain and context.name(gain), defects=bad)  # fmt: skip
    done = context.map(one, named, step="align movies", key=lambda pair: pair[0])
    each_told = [each.value for each in done]
    for each in each_told:
        quarantine_frames(each, context)
    grouped = [{**each, "optics_group": name} for each, name in zip(each_told, optics_groups(each_told))]
    write_list(context.outputs / "micrographs.star", [micrograph(each, context.outputs) for each in grouped], context)
    # What frames tell of a gain that was not given takes the place of what is assumed without looking.
    assumed = [each for each in warnings(asked, inputs.get("gain"), each_told) if not (told and each == NO_GAIN)]
    return Result(figures=figures([each["figures"] for each in each_told], len(movies)),
                  warnings=(*assumed, *told, *told_of_frames(each_told)))  # fmt: skip


def settle_gain(
    gain: Path | None, params: AlignMovies, movies: Sequence[Path], shape: tuple[int, int], context: Context
) -> tuple[Path | None, AlignMovies, tuple[str, ...]]:
    """Make or examine the gain before any movie is aligned.

    Returns
    -------
    gain, params, warnings
        The file, the parameters with turns, flip and use as they are to be applied, and what the user should know.

    Raises
    ------
    InputError
        If the gain has another size than most of the movies, or is another detector's.
    """
    from vitreous.jobs.movie_gain import missing_gain, session_gain, told_of_estimate, write_gain

    if gain is not None:
        require(not params.estimate_gain, "estimate_gain", True, "false where a gain reference is given")
        check_gain(gain, params, shape, movies)
        params, told = settled(gain, params, movies, shape)
    elif params.estimate_gain:
        found = session_gain(movies, shape, MOST_FOR_GAIN, context)
        gain, told = write_gain(found, context.outputs), told_of_estimate(found)
        params = replace(params, gain_turns=0, gain_flip="none", gain_use="multiplied")
    else:
        told = (missing_gain(movies, shape),)
    return gain, params, tuple(each for each in told if each)


def settled(path: Path, params: AlignMovies, movies: Sequence[Path], shape: tuple[int, int]) -> tuple[AlignMovies, tuple[str, ...]]:
    """The parameters with turns, flip and use of a gain as given or, where none is, as the frames of a few movies show them."""
    from vitreous.jobs.movie_gain import orientation_of, told_of

    if not params.finds_gain_orientation:
        return params, ()
    uses = ("multiplied", "divided") if params.gain_use == "auto" else (params.gain_use,)
    grid = eer_grid(movies, shape)
    found = orientation_of(_stored(path, grid), path, movies, shape, uses)
    best = found.best
    # Where the frames do not show what is done with the gain, the name of an EER movie's gain says it.
    use = "auto" if grid and found.kind in ("faint", "flat") and params.gain_use == "auto" else best.use
    return replace(params, gain_turns=best.quarter_turns, gain_flip=best.flip, gain_use=use), (told_of(found),)


def eer_grid(movies: Sequence[Path], shape: tuple[int, int]) -> tuple[int, int] | None:
    """The size (y, x) that a gain reference is brought to where the first movie that can be read is EER, else ``None``."""
    from vitreous.io.eer import is_eer

    for path in movies:
        try:
            return shape if is_eer(path) else None
        except (VitreousError, OSError):
            continue
    return None


def check_gain(path: Path, params: AlignMovies, shape: tuple[int, int], movies: Sequence[Path] = ()) -> None:
    """Refuse a gain reference that fits no movie.

    Raises
    ------
    InputError
        If it has another size than most of them.
    """
    have = read_factors(path, params, eer_grid(movies, shape)).shape
    turned = have[::-1] == shape
    if have != shape and not (turned and params.finds_gain_orientation):
        way_out = f"--gain-turns {((params.gain_turns or 0) + 1) % 4}" if turned else "the gain of this detector and its binning"
        raise InputError(f"gain must have the frames' size, {shape[1]} x {shape[0]} pixels (x, y); got {have[1]} x {have[0]} in "
                         f"{path}. Try: {way_out}.")  # fmt: skip


def read_factors(path: Path, params: AlignMovies, eer_shape: tuple[int, int] | None = None) -> np.ndarray:
    """What frames are multiplied by, turned as ``params`` say; what they leave open is taken as stored.

    ``eer_shape`` is the size (y, x) of EER movies: their gain is for the detector's pixels, and divides unless its name says otherwise.
    """
    from vitreous.io.eer_gain import eer_gain_divides

    divided = params.gain_use == "divided" or (params.gain_use == "auto" and eer_shape is not None and eer_gain_divides(path))
    return _factors(path, params.gain_turns or 0, "none" if params.gain_flip == "auto" else params.gain_flip, divided, eer_shape)


@lru_cache(maxsize=1)
def _factors(
    path: Path, turns: int, flip: Literal["none", "rows", "columns"], divided: bool, eer_shape: tuple[int, int] | None
) -> np.ndarray:
    import numpy as np

    from vitreous.io.gain import orient_gain

    gain = orient_gain(_stored(path, eer_shape), turns, flip)
    sound = np.isfinite(gain) & (gain > 0)
    return np.divide(1, gain, where=sound, out=np.zeros_like(gain)) if divided else gain


def _stored(path: Path, eer_shape: tuple[int, int] | None) -> np.ndarray:
    from vitreous.io.eer_gain import read_eer_gain
    from vitreous.io.gain import read_gain

    return read_gain(path) if eer_shape is None else read_eer_gain(path, eer_shape)


def align_one(
    params: AlignMovies, gain: Path | None, like: Like, outputs: Path, project: Path, memory: int,
    named: tuple[str, Path], *, gain_name: str | None = None, defects: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Align one movie and write its sum, its motion and what is drawn of it; ``gain_name`` is what the gain is called in its files.

    Raises
    ------
    InputError
        If the movie cannot be read or aligned, or is not like the others.
    """
    from vitreous.io.motion import write_motion
    from vitreous.io.stacks import write_stack
    from vitreous.runtime.files import write_json
    from vitreous.stages.movies import AlignmentParams, align_movie
    from vitreous.views.png import thumbnail, write_png

    name, path = named
    known = known_movie(path, params)
    movie = known.movie
    like.check(movie, params.fewest_frames)
    optics = movie_optics(known, params)
    chosen = AlignmentParams(
        dose_per_frame=known.dose or 0.0, pre_exposure=params.pre_exposure, bin_factor=params.binning, model=params.model,
        patches=params.patches or None, mend=params.mend, keep_bytes=min(1 << 30, memory // 4), halves=params.halves,
        unweighted=False, envelopes=params.frame_quality, magnification=params.magnification_matrix or UNSTRETCHED,
    )  # fmt: skip
    factors = None if gain is None else read_factors(gain, params, movie.shape if known.is_eer else None)
    aligned = align_movie(movie, optics, chosen, gain=factors, defects=None if defects is None else read_bad(defects, movie.shape))
    image = aligned.total if aligned.weighted is None else aligned.weighted
    write_stack(outputs / "micrographs" / f"{name}.mrc", [image], aligned.pixel_size, half_precision=params.half_precision)
    for which, half in zip(("odd", "even"), aligned.halves or ()):
        write_stack(outputs / "micrographs" / which / f"{name}.mrc", [half], aligned.pixel_size, half_precision=params.half_precision)
    if aligned.envelopes:
        draw_envelopes(aligned, outputs / "frames" / f"{name}.svg", name)
    write_motion(outputs / "motion" / f"{name}.star", aligned.motion, _named(path, project),
                 gain_name or (gain and _named(gain, project)), eer=known.eer)  # fmt: skip
    write_json(outputs / "tracks" / f"{name}.json", tracks(aligned, _named(path, project)))
    write_png(outputs / "thumbnails" / f"{name}.png", thumbnail(image, THUMBNAIL)[::-1])
    return {"name": name, "pixel_size": aligned.pixel_size, "movie_pixel_size": optics.pixel_size,
            "header_pixel_size": None if known.is_eer else stated_pixel_size(movie.pixel_size), "voltage": optics.voltage,
            "cs": optics.spherical_aberration, "amplitude_contrast": optics.amplitude_contrast, "frames": len(movie),
            "exposure": params.pre_exposure + aligned.motion.dose_per_frame * len(movie),
            "figures": dict(aligned.figures), "left_out": [[fault.number, fault.reason] for fault in aligned.left_out],
            "blurred_start": blurred_start(aligned), "silent": known.silent, "left_over": known.left_over,
            **beam_shift(known.acquisition)}  # fmt: skip


def quarantine_frames(told: dict[str, Any], context: Context) -> None:
    """Set aside the frames that took no part, from what :func:`align_one` said of the movie."""
    for number, reason in told["left_out"]:
        context.quarantine(f"{told['name']}, frame {number}", f"{reason}; the other frames were used.")


@lru_cache(maxsize=1)
def read_bad(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """The map or list of defects that was given, bool ``(y, x)``."""
    from vitreous.io.defects import read_defects

    return read_defects(path, shape)


def draw_envelopes(aligned: Alignment, path: Path, name: str) -> None:
    """Draw signal and blur of the frames."""
    from vitreous.views.frame_envelopes import frame_envelopes_figure
    from vitreous.views.render import save_figure

    found = aligned.envelopes
    save_figure(frame_envelopes_figure(found.scale, found.scale_error, found.b_factor, found.b_error, name=name,
                                       dose_per_frame=aligned.motion.dose_per_frame), path)  # fmt: skip


def blurred_start(aligned: Alignment) -> bool:
    """Whether the first frames, up to ``EARLY`` e/Å², are clearly more blurred than those that follow."""
    if aligned.envelopes is None:
        return False
    dose, frames = aligned.motion.dose_per_frame, len(aligned.envelopes.b_factor)
    early = round(EARLY / dose) if dose else frames // 8
    return aligned.envelopes.early_frames_are_worse(max(1, min(early, frames // 2)))


def told_of_frames(done: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """A warning where first frames are worse than those that follow."""
    blurred = sum(each["blurred_start"] for each in done)
    if not blurred:
        return ()
    return (f"the first frames of {blurred} of {len(done)} movies are clearly more blurred than those that follow: the specimen moved "
            "while they were taken. Try: leaving them out of the sums of the finest detail, or frames of less exposure.",)  # fmt: skip


def _named(path: Path, project: Path) -> str:
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else str(path)


def movie_optics(known: Known, params: AlignMovies) -> Optics:
    """The microscope of a movie: what was given, the header's pixel size, its metadata, usual values for voltage and Cs."""
    movie = known.movie
    if not known.is_eer:
        check_pixel_size(params.pixel_size, movie.pixel_size, movie.path, CALIBRATION)
    header = None if known.is_eer else stated_pixel_size(movie.pixel_size)
    told = {"pixel_size": params.pixel_size or header or known.pixel_size, "voltage": known.voltage or ASSUMED["voltage"],
            "cs": ASSUMED["cs"] if params.cs is None else params.cs}  # fmt: skip
    return replace(params, **told).optics(str(movie.path))


def tracks(aligned: Alignment, movie: str) -> dict[str, Any]:
    """What is drawn of a movie's motion: the way the specimen went, in Å, of the whole field and at 5 x 5 places."""
    import numpy as np

    motion = aligned.motion
    y, x = (size * (np.arange(TRACKS) + 0.5) / TRACKS for size in motion.shape)
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2) - 0.5
    local = -aligned.field.at(places[:, 0], places[:, 1]) * motion.pixel_size
    return {
        "movie": movie,
        "size_pixels": [motion.shape[1], motion.shape[0]],
        "pixel_size_angstrom": motion.pixel_size,
        "dose_per_frame": motion.dose_per_frame,
        "global_angstrom": np.round(-motion.global_shifts, 3).tolist(),
        "places_pixels": np.round(places, 1).tolist(),
        "tracks_angstrom": np.round(local, 3).tolist(),
        "figures": {name: round(float(value), 4) for name, value in aligned.figures.items()},
        **_envelopes(aligned),
    }


def _envelopes(aligned: Alignment) -> dict[str, Any]:
    """Signal and blur of every frame that took part, where they were measured."""
    found = aligned.envelopes
    if found is None:
        return {}
    columns = {"log_signal": found.scale, "log_signal_error": found.scale_error, "b_factor_angstrom2": found.b_factor,
               "b_factor_error_angstrom2": found.b_error}  # fmt: skip
    return {"frames": {name: [round(float(value), 4) for value in column] for name, column in columns.items()}}


def micrograph(told: dict[str, Any], outputs: Path) -> Micrograph:
    """The row of a list of micrographs, from what :func:`align_one` said of the movie."""
    from vitreous.data.micrograph import Micrograph
    from vitreous.data.optics import Optics

    optics = Optics(pixel_size=told["pixel_size"], voltage=told["voltage"], spherical_aberration=told["cs"],
                    amplitude_contrast=told["amplitude_contrast"], name=told.get("optics_group", "opticsGroup1"))  # fmt: skip
    motion = {f"rlnAccumMotion{part.capitalize()}": f"{told['figures'][f'motion_{part}_angstrom']:.3f}"
              for part in ("total", "early", "late")}  # fmt: skip
    return Micrograph(
        path=outputs / "micrographs" / f"{told['name']}.mrc",
        motion=outputs / "motion" / f"{told['name']}.star",
        optics=optics,
        extra={**motion, "optics.rlnMicrographOriginalPixelSize": f"{told['movie_pixel_size']:.6g}"},
    )


def figures(each: Sequence[dict[str, float]], movies: int) -> dict[str, float]:
    """Numbers of the whole session."""
    from statistics import median

    told = {f"median_{name}": median(one[name] for one in each) for name in
            ("motion_total_angstrom", "motion_early_angstrom", "motion_late_angstrom", "drift_error_angstrom")}  # fmt: skip
    return {"movie_count": movies, "micrograph_count": len(each), **told}


def warnings(params: AlignMovies, gain: Path | None, done: Sequence[dict[str, Any]] | None = None) -> tuple[str, ...]:
    """What was assumed because nobody said it; ``done`` are the movies as :func:`align_one` tells of them, which may have said it."""
    silent = {name for each in done for name in each.get("silent", ())} if done is not None else {"voltage", "dose"}
    told = [f"{name} was not given; {value:g} {UNITS[name]} is assumed. Try: --{name} {value:g}."
            for name, value in ASSUMED.items() if getattr(params, name) is None and name in {*silent, "cs"}]  # fmt: skip
    if params.dose is None and "dose" in silent:
        told.append("dose was not given; frames are summed without weights. Try: --dose 1.2 (e/Å² a frame).")
    exposure = max((each.get("exposure", 0.0) for each in done or ()), default=0.0)
    if params.dose and exposure > MOST_EXPOSURE:
        told.append(f"a dose of {params.dose:g} e/Å² a frame makes {exposure:.0f} e/Å² of a movie, and {MOST_EXPOSURE:g} leave a "
                    "thousandth of detail of 10 Å. Try: --dose of one frame, if this is that of all.")  # fmt: skip
    if gain is None and not params.estimate_gain:
        told.append(NO_GAIN)
    headers = [each.get("header_pixel_size") for each in done or ()]
    contradicted = next((header for header in headers if pixel_sizes_differ(params.pixel_size, header)), None)
    if contradicted:
        told.append(f"a pixel size of {params.pixel_size:g} Å was given and counts; the movies' headers say {contradicted:g} Å. "
                    f"Try: --pixel-size {contradicted:g}, if the given one is not calibrated.")  # fmt: skip
    left_over = max((each.get("left_over", 0) for each in done or ()), default=0)
    if left_over:
        told.append(f"up to {left_over} frames of the detector at the end of EER movies fill no whole frame and are left out. Try: "
                    "another --eer-grouping.")  # fmt: skip
    return tuple(told)


def estimate(inputs: Inputs, params: AlignMovies) -> Estimate:
    """Expect half a microsecond a pixel of a frame on one core, and the frames in memory beside the process itself."""
    from vitreous.io.movies import open_movie
    from vitreous.runtime.threads import threads

    for path in inputs.all("movies"):
        try:
            movie = open_movie(path, eer_grouping=params.eer_grouping, eer_upsampling=params.eer_upsampling)
        except (VitreousError, OSError):
            continue
        pixels = movie.shape[0] * movie.shape[1]
        count = len(inputs.all("movies"))
        memory = PROCESS + pixels * (min(len(movie) * movie.dtype.itemsize, 2**30 / pixels) + 40)
        return Estimate(seconds=count * (1 + 6e-8 * pixels * len(movie) / threads()), memory=int(memory), disk=4 * pixels * count)
    return Estimate(seconds=1.0, memory=PROCESS)


JOB = JobType(
    name="align-movies",
    summary="Align the frames of movies, weigh them by exposure, sum them",
    params=AlignMovies,
    inputs=(
        Input("movies", "movies", "movies: TIFF, EER or MRC", many=True),
        Input("gain", "gain", "gain reference; frames are multiplied by it, those of EER divided", optional=True),
        Input("defects", "defects", "bad pixels that are known: a picture that is not 0 there, or a list x y w h", optional=True),
    ),
    outputs=(
        Output("micrographs", "micrographs.star", "micrographs", "list of the sums"),
        Output("images", "micrographs/*.mrc", "image", "the sums, weighted by exposure"),
        Output("motion", "motion/*.star", "motion", "shifts of the frames, as RELION writes them"),
        Output("tracks", "tracks/*.json", "curves", "the way the specimen went, for drawing"),
        Output("gain", "gain.mrc", "gain", "the gain reference, where it was estimated", optional=True),
        Output("defects", "defects.tif", "defects", "bad pixels, where the gain was estimated", optional=True),
        Output("odd", "micrographs/odd/*.mrc", "image", "sums of the odd frames, counted double", optional=True),
        Output("even", "micrographs/even/*.mrc", "image", "sums of the even frames, counted double", optional=True),
        Output("frames", "frames/*.svg", "picture", "signal and blur of every frame", optional=True),
        Output("thumbnails", "thumbnails/*.png", "picture", "small pictures of the sums, y upwards"),
    ),
    run="vitreous.jobs.align_movies:run",
    estimate="vitreous.jobs.align_movies:estimate",
    papers=(
        "Zheng et al., Nat. Methods 14, 331 (2017).",
        "Grant & Grigorieff, eLife 4, e06980 (2015).",
        "Zivanov et al., IUCrJ 6, 5 (2019).",
    ),
)
