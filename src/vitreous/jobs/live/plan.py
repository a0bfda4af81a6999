"""What every movie of a session is put through, settled once: by the parameters, and by what its first movies are like."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vitreous.errors import InputError, VitreousError
from vitreous.jobs import align_movies, assess, estimate_ctf, extract, pick
from vitreous.jobs.movie_like import Like
from vitreous.jobs.movie_metadata import known_movie
from vitreous.pipeline.context import Context
from vitreous.pipeline.digests import file_digest
from vitreous.pipeline.ledger import Item
from vitreous.pipeline.params import options
from vitreous.runtime.files import read_json, write_json

if TYPE_CHECKING:
    from vitreous.jobs.watch import Watch

FILE = "session.json"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What every movie of a session is put through; it is sent to worker processes.

    Parameters
    ----------
    align, ctf, assess, pick, extract
        Parameters of the steps, which are those of the jobs of these names.
    gain
        The gain reference.
    like
        What movies must be like.
    folder
        Where everything is written.
    project, memory, seed
        As in :class:`~vitreous.pipeline.context.Context`.
    """

    align: align_movies.AlignMovies
    ctf: estimate_ctf.EstimateCtf
    assess: assess.Assess
    pick: pick.Pick
    extract: extract.Extract
    gain: Path | None
    like: Like
    folder: Path
    project: Path
    memory: int
    seed: int


def check_same(folder: Path, params: Watch, gain: Path | None, seed: int) -> None:
    """Refuse to mix what is made in different ways in the session in ``folder``.

    Raises
    ------
    InputError
        If it was begun with another parameter, gain reference or seed.
    """
    path = folder / FILE
    told = params.lasting() | {"gain": gain and file_digest(str(gain)), "seed": seed}
    if not path.exists():
        write_json(path, {"params": told})
        return
    kept: Any = read_json(path)
    for name, value in told.items():
        before = kept["params"].get(name, value)  # a later version may ask for more
        if before != value:
            raise InputError(f"{name} must be what this project's session was begun with, {before!r}; got {value!r}. "
                             "Try: another --project.")  # fmt: skip


def taken_up(folder: Path, params: Watch) -> tuple[Watch, tuple[str, ...]]:
    """The parameters, those left at their defaults as the session in ``folder`` was begun with, and a warning that names what differs."""
    if not (folder / FILE).exists():
        return params, ()
    kept: Any = read_json(folder / FILE)
    before, asked = kept["params"], params.lasting()
    default = {each.name: each.default for each in options(type(params)) if not each.required}
    open_to = [name for name in asked if name in default and getattr(params, name) == default[name]]
    taken = {name: before[name] for name in open_to if before.get(name, asked[name]) != asked[name]}
    named = ", ".join(f"{name} {value}" for name, value in taken.items())
    return replace(params, **taken), (f"not given, and taken from the session that goes on: {named}.",) if taken else ()


def make_plan(params: Watch, gain: Path | None, folder: Path, context: Context, batch: Sequence[Item]) -> tuple[Plan, tuple[str, ...]]:
    """The plan of the session, and what the user should know of it; what the first movies say is kept in the folder.

    Raises
    ------
    InputError
        If the gain reference is of another size or another detector.
    """
    align, told = params.align(), ()
    like = _like(folder, batch, align)
    if like.shape is not None:
        align = replace(align, pixel_size=align.pixel_size or like.pixel_size)
        align, told = _settled(folder, gain, align, batch, like.shape)
    return Plan(
        align=align, ctf=estimate_ctf.EstimateCtf(), assess=assess.Assess(diameter=params.diameter),
        pick=pick.Pick(diameter=params.diameter), extract=extract.Extract(diameter=params.diameter, box=params.box, box_factor=1.5),
        gain=gain, like=like, folder=folder, project=context.project, memory=context.memory, seed=context.seed,
    ), told  # fmt: skip


def _like(folder: Path, batch: Sequence[Item], align: align_movies.AlignMovies) -> Like:
    """What the session's first movie is like."""
    kept: Any = read_json(folder / FILE)
    for item in batch if "like" not in kept else ():
        with suppress(VitreousError, OSError):
            kept["like"] = asdict(Like.of(known_movie(item.path, align).movie))
            write_json(folder / FILE, kept)
            break
    return Like(**kept.get("like", {}))


def _settled(
    folder: Path, gain: Path | None, align: align_movies.AlignMovies, batch: Sequence[Item], shape: tuple[int, int]
) -> tuple[align_movies.AlignMovies, tuple[str, ...]]:
    """The parameters with how the gain reference lies, as the first movies show it."""
    kept: Any = read_json(folder / FILE)
    if gain is None or "gain" in kept:
        return replace(align, **kept.get("gain", {})), ()
    movies = [item.path for item in batch]
    align_movies.check_gain(gain, align, shape, movies)
    align, told = align_movies.settled(gain, align, movies, shape)
    kept["gain"] = {name: getattr(align, name) for name in ("gain_turns", "gain_flip", "gain_use")}
    write_json(folder / FILE, kept)
    return align, tuple(filter(None, told))
