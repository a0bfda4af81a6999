"""The movies of a session to a gain reference and a map of bad pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.errors import require
from vitreous.jobs.movie_like import usual
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import Estimate, JobType, Result
from vitreous.pipeline.params import option, parameters
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from vitreous.stages.movies.gain_estimate import GainEstimate


@parameters
class EstimateGain:
    """What a gain is made from."""

    most_movies: int = option(200, help="movies used, evenly over the session", low=2, high=100000)


def run(inputs: Inputs, params: EstimateGain, context: Context) -> Result:
    """Sum the frames of many movies and tell the detector's pattern from them."""
    from vitreous.io.movies import open_movie
    from vitreous.jobs.movie_gain import session_gain, told_of_estimate, write_gain

    movies = inputs.all("movies")
    shape = usual(movies, open_movie).shape
    require(shape is not None, "movies", len(movies), "of which at least one can be read")
    found = session_gain(movies, shape, params.most_movies, context, inputs.get("defects"))
    write_gain(found, context.outputs)
    draw(found, context.outputs / "gain.svg")
    return Result(figures=figures(found), warnings=told_of_estimate(found))


def figures(found: GainEstimate) -> dict[str, Any]:
    """Numbers of the result."""
    needed = found.electrons_needed
    return {
        "electrons_per_pixel": round(found.electrons, 1),
        "electrons_needed": round(needed, 1) if needed < float("inf") else None,
        "pattern_percent": round(100 * found.spread, 3),
        "noise_percent": round(100 * found.noise, 3),
        "error_percent": round(100 * found.error, 3),
        "defects": int(found.defects.sum()),
    }


def draw(found: GainEstimate, path: Path) -> None:
    """Draw the gain and where the defects are."""
    from vitreous.views.gain import gain_figure
    from vitreous.views.render import save_figure

    save_figure(gain_figure(found.gain, spread=found.spread, noise=found.noise, error=found.error), path)


def estimate(inputs: Inputs, params: EstimateGain) -> Estimate:
    """Expect what it takes to decode the movies, and a dozen pictures in memory."""
    from vitreous.io.movies import open_movie

    movies = inputs.all("movies")
    shape = usual(movies[:1], open_movie).shape
    if shape is None:
        return Estimate(seconds=1.0, memory=2**28)
    pixels, count = shape[0] * shape[1], min(len(movies), params.most_movies)
    frames = len(open_movie(movies[0]))
    return Estimate(seconds=2 + 1.5e-8 * pixels * frames * count, memory=2**28 + 80 * pixels, disk=5 * pixels)


JOB = JobType(
    name="estimate-gain",
    summary="A gain reference and a map of bad pixels from the movies themselves",
    params=EstimateGain,
    inputs=(
        Input("movies", "movies", "movies that are not gain-corrected, the more the better", many=True),
        Input("defects", "defects", "bad pixels that are known: a picture, or a list x y w h", optional=True),
    ),
    outputs=(
        Output("gain", "gain.mrc", "gain", "what frames are to be multiplied by; 0 at defects"),
        Output("defects", "defects.tif", "defects", "1 at pixels, lines and clusters that cannot be used"),
        Output("picture", "gain.svg", "picture", "the gain, its defects and how its pixels are spread"),
    ),
    run="vitreous.jobs.estimate_gain:run",
    estimate="vitreous.jobs.estimate_gain:estimate",
    papers=("Afanasyev et al., Sci. Rep. 5, 10317 (2015).",),
)
