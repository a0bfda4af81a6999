"""The frames of a movie: checked as they come, kept as they are stored or read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np
from numpy.typing import NDArray

from vitreous.errors import InputError, require

#: Replaces the defects of a frame, given with its index, in place.
Mend = Callable[[NDArray, int], None]
#: A movie that is read again is handed out in runs of at most this many bytes.
BATCH_BYTES = 256 << 20


class Frames(Protocol):
    """Anything with frames: :class:`vitreous.data.movie.Movie`, or an array wrapped in :class:`ArrayFrames`."""

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x) of a frame."""
        ...

    def __len__(self) -> int: ...

    def frames(self) -> Iterator[NDArray]:
        """The frames in order, as stored, ``(y, x)`` each."""
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

    def __len__(self) -> int:
        return len(self.values)

    def frames(self) -> Iterator[NDArray]:
        return iter(self.values)


def leave(values: NDArray, index: int) -> None:
    """Mend nothing."""


def usable_dtype(values: NDArray) -> NDArray:
    """The frame in a type the kernels take: integers of 8 or 16 bits and float32 stay, others become float32."""
    kept = ("uint8", "int8", "uint16", "int16", "float32")
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    return np.ascontiguousarray(native if native.dtype.name in kept else native.astype(np.float32))


@numba.njit(nogil=True, cache=True)
def _take_in(values, total):
    low, high, finite = values[0, 0], values[0, 0], True
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            value = values[y, x]
            low, high = min(low, value), max(high, value)
            finite = finite and value - value == 0
            total[y, x] += value
    return low, high, finite


def take_in(values: NDArray, index: int, total: NDArray[np.float32]) -> None:
    """Add a frame to ``total``, in place; one that cannot be aligned is refused.

    Raises
    ------
    InputError
        If the frame holds a value that is not finite, or is the same everywhere (dark, beam off).
    """
    name = f"frame {index + 1}"
    low, high, finite = _take_in(values, total)
    if not finite:
        raise InputError(f"{name} must be finite everywhere; got NaN or infinity. Try: leaving this movie out.")
    if low == high:
        reason = "it is dark, or the beam was off" if low == 0 else "every pixel has the same value"
        raise InputError(f"{name} must hold an image; got {low} everywhere: {reason}. Try: leaving this movie out.")


def frames_of(movie: Frames) -> Iterator[NDArray]:
    """All frames of a movie in a usable type.

    Raises
    ------
    InputError
        If a frame has another size than the movie.
    """
    shape = tuple(movie.shape)
    for index, values in enumerate(movie.frames()):
        require(values.shape == shape, f"size of frame {index + 1}", values.shape, f"{shape} pixels (y, x) as in the movie")
        yield usable_dtype(np.asarray(values))


class Stack:
    """Checked frames with their defects mended; :func:`read_stack` makes it.

    Parameters
    ----------
    movie
        Where the frames come from.
    kept
        The frames ``(n, y, x)`` as stored, or None if they are to be read again each time.
    """

    def __init__(self, movie: Frames, kept: NDArray | None) -> None:
        self.movie = movie
        self._kept = kept
        self._mend: Mend = leave

    def __len__(self) -> int:
        return len(self.movie)

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
        first, run = 0, []
        for values in frames_of(self.movie):
            run.append(values.copy())
            self._mend(run[-1], first + len(run) - 1)
            if len(run) * values.nbytes >= BATCH_BYTES:
                yield first, np.stack(run)
                first, run = first + len(run), []
        if run:
            yield first, np.stack(run)


def read_stack(movie: Frames, keep_bytes: int) -> tuple[Stack, NDArray[np.float32]]:
    """Read and check all frames.

    Parameters
    ----------
    movie
        Where they come from.
    keep_bytes
        Frames that take up to this stay in memory, as stored; others are read again each time.

    Returns
    -------
    Stack
        The frames.
    ndarray
        float32 ``(y, x)``, their sum as stored.

    Raises
    ------
    InputError
        If there are fewer than two frames, or one cannot be aligned.
    """
    count, shape = len(movie), tuple(movie.shape)
    require(count >= 2, "number of frames", count, "2 or more", instead="the movie, not its sum")
    require(min(shape) >= 64, "size of a frame", shape, "64 pixels or more along each axis")
    total = np.zeros(shape, dtype=np.float32)
    kept: NDArray | None = None
    for index, values in enumerate(frames_of(movie)):
        take_in(values, index, total)
        if index == 0 and values.nbytes * count <= keep_bytes:
            kept = np.empty((count, *shape), dtype=values.dtype)
        if kept is not None:
            kept[index] = values
    return Stack(movie, kept), total
