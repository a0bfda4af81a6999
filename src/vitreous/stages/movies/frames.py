"""The frames of a movie: read on all threads, judged one by one, kept as they are stored or read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np
from numpy.typing import NDArray

from vitreous.errors import InputError, VitreousError, require
from vitreous.runtime.arrays import touched
from vitreous.runtime.devices import in_runs, in_threads

#: Replaces the defects of a frame, given with its index, in place.
Mend = Callable[[NDArray, int], None]
#: A movie that is read again is handed out in runs of at most this many bytes.
BATCH_BYTES = 256 << 20
#: Frames that are added up in one go: enough to keep the sum in the cache, few enough to begin early.
AT_A_TIME = 8
#: Types the kernels take; others become float32.
KEPT_TYPES = ("uint8", "int8", "uint16", "int16", "float32")
#: A frame with more than this share of its pixels at the top of their type is saturated.
SATURATED = 0.01
#: Every so many rows are enough for a frame's mean.
SAMPLED = 8
#: A frame is left out when its mean is beyond these multiples of the median frame's: a first frame that the shutter cuts keeps half of its
#: exposure, one exposed twice has twice as much, and no beam wanders that far within a movie.
LEVELS = 0.4, 1.7


class Frames(Protocol):
    """Anything with frames: :class:`vitreous.data.movie.Movie`, or an array wrapped in :class:`ArrayFrames`."""

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x) of a frame."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """Of the numbers as stored."""
        ...

    def __len__(self) -> int: ...

    def frame(self, index: int) -> NDArray:
        """One frame as stored, ``(y, x)``; may be called from several threads at once."""
        ...


@dataclass(frozen=True)
class ArrayFrames:
    """An array ``(frames, y, x)`` as a movie."""

    values: NDArray

    def __post_init__(self) -> None:
        require(self.values.ndim == 3, "movie", self.values.shape, "an array of shape (frames, y, x)")

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape[1], self.values.shape[2]

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.values)

    def frame(self, index: int) -> NDArray:
        return self.values[index]


@dataclass(frozen=True)
class Fault:
    """A frame that takes no part: its number, counted from 1, and why."""

    number: int
    reason: str

    def __str__(self) -> str:
        return f"frame {self.number}: {self.reason}"


def leave(values: NDArray, index: int) -> None:
    """Mend nothing."""


def usable_dtype(dtype: np.dtype) -> np.dtype:
    """The type in which frames stored as ``dtype`` are kept."""
    native = np.dtype(dtype).newbyteorder("=")
    return native if native.name in KEPT_TYPES else np.dtype(np.float32)


@numba.njit(nogil=True, cache=True, fastmath=True)
def _add_rows(frames, first, last, total):
    """total += Σ frames, rows ``first`` to ``last``: the row of the sum stays in the cache while the frames go by."""
    for y in range(first, last):
        to = total[y]
        for i in range(len(frames)):
            row = frames[i, y]
            for x in range(row.size):
                to[x] += row[x]


@dataclass(frozen=True)
class _Look:
    """What one look at a frame told: why it cannot be used, or its mean and least value."""

    reason: str = ""
    mean: float = 0.0
    low: float = 0.0


def _look(values: NDArray) -> _Look:
    whole = values.dtype.kind in "iu"
    if not whole and not np.isfinite(values).all():
        return _Look("it holds NaN or infinity")
    low, high = values.min(), values.max()
    if low == high:
        return _Look(f"it is {low:g} everywhere: {'dark, or the beam was off' if low == 0 else 'no image'}")
    some = values[::SAMPLED]
    full = float((some == high).mean()) if whole and high == np.iinfo(values.dtype).max else 0.0
    if full > SATURATED:
        return _Look(f"{100 * full:.0f} % of its pixels are {high:g}, the most they can hold: saturated")
    return _Look(mean=float(some.mean(dtype=np.float64)), low=float(low))


def _by_level(looks: Sequence[_Look]) -> dict[int, str]:
    """Frames much darker or brighter than the median one; nothing is said of numbers that can be negative."""
    sound = {i: look for i, look in enumerate(looks) if not look.reason}
    if not sound or min(look.low for look in sound.values()) < 0:
        return {}
    middle = float(np.median([look.mean for look in sound.values()]))
    odd = {i: look.mean / middle for i, look in sound.items() if not LEVELS[0] < look.mean / middle < LEVELS[1]}
    return {i: f"its mean is {ratio:.2f} times that of the others: {'the beam was cut off' if ratio < 1 else 'exposed twice'}"
            for i, ratio in odd.items()}  # fmt: skip


class Stack:
    """Sound frames with their defects mended; :func:`read_stack` makes it.

    Parameters
    ----------
    movie
        Where the frames come from.
    numbers
        ``(n,)``: which frames of the movie take part, from 0.
    kept
        The frames ``(n, y, x)`` as stored, or None if they are to be read again each time.
    """

    def __init__(self, movie: Frames, numbers: NDArray[np.int64], kept: NDArray | None) -> None:
        self.movie = movie
        self.numbers = numbers
        self._kept = kept
        self._mend: Mend = leave

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x) in pixels."""
        return tuple(self.movie.shape)  # type: ignore[return-value]

    def mend(self, patching: Mend) -> None:
        """Let ``patching(values, index)`` replace, in place, the defects of every frame handed out from now on."""
        self._mend = patching
        if self._kept is not None:
            for index, values in enumerate(self._kept):
                patching(values, index)

    def release(self) -> None:
        """Let go of the frames kept in memory; they are read again when asked for."""
        self._kept = None

    def batches(self) -> Iterator[tuple[int, NDArray]]:
        """Runs of frames ``(n, y, x)`` with the index of the first; all at once when they were kept."""
        if self._kept is not None:
            yield 0, self._kept
            return
        dtype = usable_dtype(self.movie.dtype)
        step = max(1, BATCH_BYTES // (dtype.itemsize * self.shape[0] * self.shape[1]))
        for first in range(0, len(self), step):
            run = touched((min(step, len(self) - first), *self.shape), dtype)

            def one(i: int, first: int = first, run: NDArray = run) -> None:
                run[i] = self.movie.frame(int(self.numbers[first + i]))
                self._mend(run[i], first + i)

            in_threads(one, len(run))
            yield first, run


def _read(movie: Frames, index: int, to: NDArray) -> _Look:
    """Put a frame into ``to`` and look at it; one that cannot be read is a reason, not an error."""
    try:
        values = np.asarray(movie.frame(index))
    except VitreousError as problem:
        return _Look(str(problem))
    if values.shape != to.shape:
        return _Look(f"it has the size {values.shape}, the movie {to.shape} pixels (y, x)")
    to[...] = values
    return _look(to)


def read_stack(movie: Frames, keep_bytes: int) -> tuple[Stack, NDArray[np.float32], tuple[Fault, ...]]:
    """Read and judge all frames.

    Parameters
    ----------
    movie
        Where they come from.
    keep_bytes
        Frames that take up to this stay in memory, as stored; others are read again each time.

    Returns
    -------
    Stack
        The frames that can be used.
    ndarray
        float32 ``(y, x)``, their sum as stored.
    tuple[Fault, ...]
        Those that cannot: damaged, not finite, dark, saturated, of another size, or much darker or brighter than the rest.

    Raises
    ------
    InputError
        If the movie has fewer than two frames, or more than half of them cannot be used.
    """
    count, shape = len(movie), tuple(movie.shape)
    require(count >= 2, "number of frames", count, "2 or more", instead="the movie, not its sum")
    require(min(shape) >= 64, "size of a frame", shape, "64 pixels or more along each axis")
    dtype = usable_dtype(movie.dtype)
    keep = dtype.itemsize * shape[0] * shape[1] * count <= keep_bytes
    kept = touched((count if keep else AT_A_TIME, *shape), dtype)
    total = touched(shape, np.float32)
    looks: list[_Look] = []
    for first in range(0, count, AT_A_TIME):
        run = kept[first : first + AT_A_TIME] if keep else kept[: count - first]
        looks += _read_run(movie, first, run)
        sound = [i for i in range(len(run)) if not looks[first + i].reason]
        _add(run if len(sound) == len(run) else run[sound], total)
    odd = _by_level(looks)
    for index in odd:
        total -= movie.frame(index)
    reasons = {i: look.reason for i, look in enumerate(looks) if look.reason} | odd
    numbers = np.array([i for i in range(count) if i not in reasons], dtype=np.int64)
    if len(numbers) < max(2, count / 2):
        worst = min(reasons)
        raise InputError(f"a movie must have 2 sound frames and half of all; got {len(numbers)} of {count}. "
                         f"Frame {worst + 1}: {reasons[worst]}. Try: leaving this movie out.")  # fmt: skip
    return Stack(movie, numbers, _closed_up(kept, numbers) if keep else None), total, faults_of(reasons)


def _read_run(movie: Frames, first: int, run: NDArray) -> list[_Look]:
    looks: list[_Look] = [_Look()] * len(run)

    def one(i: int) -> None:
        looks[i] = _read(movie, first + i, run[i])

    in_threads(one, len(run))
    return looks


def _add(frames: NDArray, total: NDArray[np.float32]) -> None:
    in_runs(lambda a, b: _add_rows(frames, a, b, total), len(total))


def _closed_up(kept: NDArray, numbers: NDArray[np.int64]) -> NDArray:
    """The frames ``numbers``, moved to the front without a second copy of the movie."""
    for to, index in enumerate(numbers):
        if to != index:
            kept[to] = kept[index]
    return kept[: len(numbers)]


def faults_of(reasons: dict[int, str]) -> tuple[Fault, ...]:
    """Reasons by index as faults, in order."""
    return tuple(Fault(index + 1, reasons[index]) for index in sorted(reasons))
