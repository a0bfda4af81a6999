"""Movies as they arrive, through every step up to class averages."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vitreous.errors import InputError, require
from vitreous.jobs import align_movies
from vitreous.jobs.movie_metadata import MovieOptions
from vitreous.pipeline.context import Context
from vitreous.pipeline.job import JobType, Result
from vitreous.pipeline.params import option, options, parameters, to_json
from vitreous.pipeline.ports import Input, Inputs, Output

if TYPE_CHECKING:
    from vitreous.jobs.live.session import LiveSession

#: Parameters that say which files are waited for and for how long, and change nothing about what is made of them.
HOW = ("folder", "pattern", "recursive", "settle", "patience", "companion", "until_idle", "movies", "at_once", "reserve")


@parameters
class Watch(MovieOptions):
    """What is watched, and what is done with the movies."""

    folder: Path = option(..., "", "the folder into which movies arrive", positional=True)
    diameter: float = option(..., "Å", "longest side of the particle", above=0, high=100000)
    pattern: tuple[str, ...] = option(("*.tif", "*.tiff", "*.mrc", "*.mrcs", "*.eer"), help="names of movies")
    recursive: bool = option(False, help="look into folders below as well")
    until_idle: float | None = option(None, "min", "end when nothing has arrived for so long", above=0, high=100000,
                                      if_none="until Ctrl-C")  # fmt: skip
    movies: int | None = option(None, "", "end when so many have been processed or set aside", low=1, if_none="no limit")
    pre_exposure: float = option(0.0, "e/Å²", "exposure before the first frame", low=0, high=1000, advanced=True)
    binning: float = option(1.0, "", "factor by which the sums are Fourier-cropped", low=1, high=16)
    model: Literal["smooth", "polynomial", "global"] = option("smooth", help="motion, as for align-movies", advanced=True)
    gain_turns: int | None = option(None, help="quarter turns of the gain reference, counter-clockwise", low=0, high=3,
                                    if_none="found from the first movies, unless a flip is given")  # fmt: skip
    gain_flip: Literal["auto", "none", "rows", "columns"] = option("auto", help="flip of the gain reference, after the turns")
    gain_use: Literal["auto", "multiplied", "divided"] = option("auto", help="what is done to frames with the gain reference")
    box: int | None = option(None, "pixels", "side of the particles' images", low=16, high=8192, if_none="1.5 diameters")
    classes: int = option(30, "", "running averages; 0 for none", low=0, high=100)
    settle: float = option(10.0, "s", "a movie has arrived when it has not changed for so long", above=0, high=3600)
    patience: float = option(120.0, "s", "wait so long for one that is cut off or lacks its companion", low=0, high=86400)
    companion: str = option("", help="ending of a file that comes with each movie: .mdoc, .xml", advanced=True)
    reserve: float = option(5.0, "GB", "what stays free on the disk; movies wait where less is left", low=0, high=1e6)
    at_once: int = option(4, help="movies handed to the executor together", low=1, high=1000, advanced=True)

    def check(self) -> None:
        """Make the folder's name good from anywhere; refuse a companion that is no ending, and a grid of EER that no movie has."""
        super().check()
        object.__setattr__(self, "folder", Path(os.path.abspath(os.path.expanduser(self.folder))))
        companion = self.companion
        require(not companion or companion.startswith("."), "companion", companion, "an ending that begins with a point", instead=".mdoc")

    def align(self) -> align_movies.AlignMovies:
        """How movies are aligned."""
        shared = {each.name for each in options(align_movies.AlignMovies)} & {each.name for each in options(Watch)}
        return align_movies.AlignMovies(**{name: getattr(self, name) for name in shared})

    def lasting(self) -> dict[str, Any]:
        """What all movies of one session must share."""
        return {name: value for name, value in to_json(self).items() if name not in HOW}


def run(inputs: Inputs, params: Watch, context: Context) -> Result:
    """Work until told to end; Ctrl-C ends it well, with the lists of what is done."""
    from vitreous.jobs.live.session import LiveSession

    if not params.folder.is_dir():
        raise InputError(f"folder must be a folder that exists; got {params.folder}.")
    session = LiveSession(params, inputs.get("gain"), context)
    try:
        stop = session.run()
    except KeyboardInterrupt:
        stop = "stopped by the user"
    session.close(stop)
    _put_out(session, context)
    context.quarantined.extend({"item": Path(path).name, "reason": reason} for path, reason in session.ledger.aside.items())
    return Result(figures=session.figures(), warnings=session.warnings(ended=True), stop=stop)


def _put_out(session: LiveSession, context: Context) -> None:
    """Leave the lists as they are now to the job: the session's own go on to grow when it is taken up again."""
    for port in JOB.outputs:
        for file in port.found_in(session.folder):
            with suppress(FileNotFoundError):
                (context.outputs / file.name).unlink()
            try:
                os.link(file, context.outputs / file.name)
            except OSError:
                shutil.copy2(file, context.outputs / file.name)


JOB = JobType(
    name="watch",
    summary="Process movies as they arrive: motion, defocus, verdict, particles, class averages",
    params=Watch,
    inputs=(Input("gain", "gain", "gain reference; frames are multiplied by it", optional=True),),
    outputs=(
        Output("status", "live.json", "status", "what arrived, what became of it, lag, disk"),
        Output("page", "session.html", "page", "the same to look at"),
        Output("micrographs", "micrographs_ctf.star", "micrographs", "list of the sums with their defocus", optional=True),
        Output("particles", "particles.star", "particles", "list of particles", optional=True),
        Output("classes", "averages.mrcs", "classes", "running class averages", optional=True),
        Output("gallery", "averages.png", "picture", "their picture", optional=True),
    ),
    run="vitreous.jobs.watch:run",
    lasting=True,
    group="From data to a map",
    papers=(
        "Zheng et al., Nat. Methods 14, 331 (2017).",
        "Rohou & Grigorieff, J. Struct. Biol. 192, 216 (2015).",
        "Cappé & Moulines, J. R. Stat. Soc. B 71, 593 (2009).",
    ),
)
