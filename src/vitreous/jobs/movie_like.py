"""What the movies of a session are like, so that one that is not is set aside with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from vitreous.errors import InputError, VitreousError, require
from vitreous.jobs.options import PIXEL_SIZE_TOLERANCE, stated_pixel_size

if TYPE_CHECKING:
    from vitreous.data.movie import Movie

#: Share of the usual number of frames below which a movie was cut short. Cameras that send events vary by a frame or two.
FEWEST = 0.9

Value = TypeVar("Value", bound=Hashable)


@dataclass(frozen=True)
class Like:
    """Size of the frames (y, x) in pixels, their number, Å per pixel in the header; ``None`` where that is not known."""

    shape: tuple[int, int] | None = None
    frames: int | None = None
    pixel_size: float | None = None

    def __post_init__(self) -> None:
        if self.shape is not None:
            object.__setattr__(self, "shape", tuple(self.shape))

    @classmethod
    def of(cls, movie: Movie) -> Like:
        """What one movie is like."""
        return cls(movie.shape, len(movie), stated_pixel_size(movie.pixel_size))

    def check(self, movie: Movie, fewest: int | None = None) -> None:
        """Refuse a movie of another size, another pixel size, or cut short.

        Parameters
        ----------
        movie
            The movie.
        fewest
            Frames that are enough; without it nine tenths of the usual number.

        Raises
        ------
        InputError
            If it differs; the text says in what, and from what.
        """
        from vitreous.io.whole import why_not_whole

        name = movie.path.name
        require(movie.shape == self.shape, f"size of {name}", movie.shape, f"that of most of the movies, {self.shape} pixels (y, x)",
                instead="a job of its own for movies of another size")  # fmt: skip
        least = FEWEST * (self.frames or 0) if fewest is None else fewest
        if len(movie) < max(2, least) and (cut_off := why_not_whole(movie.path)):
            raise InputError(cut_off)
        require(len(movie) >= least, f"number of frames of {name}", len(movie),
                f"about that of most of the movies, {self.frames}" if fewest is None else f"{fewest} or more",
                instead="look whether its exposure was broken off; --fewest-frames takes it all the same")  # fmt: skip
        have, usual = stated_pixel_size(movie.pixel_size), self.pixel_size
        require(not have or not usual or abs(have - usual) <= PIXEL_SIZE_TOLERANCE * usual, f"pixel size of {name}", have,
                f"that of most of the movies, {usual} Å", instead="a job of its own for movies of another magnification")  # fmt: skip


def usual(movies: Sequence[Path], opened: Callable[[Path], Movie]) -> Like:
    """What most movies are like as they are ``opened``, each property by itself; those that cannot be have no say."""
    each = []
    for path in movies:
        try:
            each.append(Like.of(opened(path)))
        except (VitreousError, OSError):
            continue
    return Like(_most(one.shape for one in each), _most(one.frames for one in each), _most(one.pixel_size for one in each))


def _most(values: Iterable[Value | None]) -> Value | None:
    known = Counter(value for value in values if value is not None)
    return known.most_common(1)[0][0] if known else None
