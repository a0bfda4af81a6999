"""Particles in the frames of one movie: boxes that follow what is known of the motion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vitreous.data.motion import Motion
from vitreous.errors import require

#: Makes float32 ``(y, x)`` of a frame as stored and its index: defects mended, gain applied.
Correct = Callable[[NDArray, int], NDArray[np.float32]]


class Frames(Protocol):
    """Anything with frames, such as :class:`vitreous.data.movie.Movie`."""

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x) of a frame."""
        ...

    def __len__(self) -> int: ...

    def frame(self, index: int) -> NDArray:
        """One frame as stored, ``(y, x)``."""
        ...


@dataclass(frozen=True)
class MovieParticles:
    """Where the particles of a movie are, and its frames.

    Parameters
    ----------
    movie
        The frames.
    correct
        Corrects one.
    motion
        What is known of the motion; frames with NaN were not used.
    places
        ``(P, 2)``: particles in the sum of the frames, (x, y) in pixels of a frame.
    box
        Side of the boxes in pixels of a frame, even.

    Raises
    ------
    InputError
        If the motion has other frames than the movie, fewer than two of them were used, or a particle lies outside.
    """

    movie: Frames
    correct: Correct
    motion: Motion
    places: NDArray[np.float64]
    box: int

    def __post_init__(self) -> None:
        have, told = len(self.movie), self.motion.frames
        require(have == told, "frames of the movie", have, f"the {told} of its motion file", instead="aligning this movie again")
        shape = tuple(self.movie.shape)
        require(shape == self.motion.shape, "size of a frame", shape, f"that of its motion file, {self.motion.shape} pixels (y, x)")
        require(len(self.used) >= 2, "frames used", len(self.used), "2 or more", instead="aligning this movie again")
        require(self.box <= min(shape), "box", self.box, f"at most the frame's short side, {min(shape)} pixels")
        outside = ~((self.places >= -0.5) & (self.places <= np.array(shape[::-1]) - 0.5)).all(1)
        require(not outside.any(), "places of particles", self.places[outside][:1].round(1).tolist(),
                f"inside the frame of {shape[1]} x {shape[0]} pixels (x, y)", instead="the micrographs they were picked on")  # fmt: skip

    @property
    def used(self) -> NDArray[np.int64]:
        """Indices of the frames that count."""
        return np.flatnonzero(np.isfinite(self.motion.global_shifts).all(1))

    @property
    def dose(self) -> NDArray[np.float64]:
        """Exposure at the end of the frames that count, e/Å²; zeros where it is not known."""
        return np.where(self.motion.dose_per_frame > 0, self.motion.pre_exposure, 0.0) + self.motion.dose_per_frame * (self.used + 1.0)

    def expected(self) -> NDArray[np.float64]:
        """Places in the frames that count by the motion: ``(P, frames, 2)`` in pixels."""
        shift = self.motion.shift(self.used[None], self.places[:, :1], self.places[:, 1:])
        return self.places[:, None] - shift / self.motion.pixel_size

    def boxes(self, at: NDArray) -> Iterator[tuple[Tensor, Tensor]]:
        """Boxes about whole pixels nearest to ``at`` ``(P, frames, 2)``, a frame at a time.

        Yields
        ------
        tuple
            float32 ``(P, box, box)``, and what is left to the places, ``(P, 2)`` as (x, y) in pixels. What of a box lies outside the
            frame is the frame's mirror image.
        """
        for number, frame in enumerate(self.used.tolist()):
            place = at[:, number]
            middle = np.floor(place + 0.5).astype(np.int64)
            image = self.correct(self.movie.frame(frame), frame)
            yield cut(image, middle - self.box // 2, self.box), torch.from_numpy(place - middle)


def cut(image: NDArray[np.float32], corners: NDArray[np.int64], size: int) -> Tensor:
    """Squares of ``size`` pixels whose first pixels are ``corners`` (x, y), mirrored where they leave the image."""
    out = np.empty((len(corners), size, size), np.float32)
    rows, columns = image.shape
    for box, (x, y) in zip(out, corners.tolist()):
        if 0 <= x <= columns - size and 0 <= y <= rows - size:
            box[:] = image[y : y + size, x : x + size]
        else:
            box[:] = image[np.ix_(_mirrored(y, size, rows), _mirrored(x, size, columns))]
    return torch.from_numpy(out)


def _mirrored(first: int, size: int, length: int) -> NDArray[np.int64]:
    """Indices first … first + size − 1 folded back into 0 … length − 1."""
    index = np.arange(first, first + size) % (2 * length - 2)
    return np.where(index >= length, 2 * length - 2 - index, index)
