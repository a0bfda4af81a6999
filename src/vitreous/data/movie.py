"""A movie: frames that are decoded when asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from vitreous.errors import require


class FrameSource(Protocol):
    """Where frames come from; a small value that can be sent to another process."""

    def frame(self, index: int) -> np.ndarray:
        """Decode frame ``index``."""
        ...

    def frames(self) -> Iterator[np.ndarray]:
        """Decode all frames in order, one at a time."""
        ...


@dataclass(frozen=True)
class Movie:
    """Frames of one exposure.

    Parameters
    ----------
    path
        The file.
    count
        Number of frames.
    shape
        (y, x) of a frame in pixels.
    dtype
        Of the numbers as stored.
    pixel_size
        Å per pixel, None where the file does not say.
    source
        Decodes frames.
    """

    path: Path
    count: int
    shape: tuple[int, int]
    dtype: np.dtype
    pixel_size: float | None
    source: FrameSource

    def __len__(self) -> int:
        return self.count

    def frame(self, index: int) -> np.ndarray:
        """Frame ``index``, 0-based, in the stored type, ``(y, x)``; row 0 is the lowest row of the picture."""
        return self.source.frame(index)

    def frames(self, *, threads: int = 1) -> Iterator[np.ndarray]:
        """All frames in order; memory stays that of a few.

        Parameters
        ----------
        threads
            1 decodes a frame when it is asked for; more decode that many ahead while the caller works. A thread holds a frame
            twice, packed and unpacked.
        """
        require(threads >= 1, "threads", threads, "1 or more")
        return self.source.frames() if threads == 1 else self._ahead(threads)

    def _ahead(self, threads: int) -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(threads) as pool:
            indices = iter(range(self.count))
            waiting = deque(pool.submit(self.source.frame, index) for index in islice(indices, threads))
            try:
                while waiting:
                    frame = waiting.popleft().result()
                    waiting.extend(pool.submit(self.source.frame, index) for index in islice(indices, 1))
                    yield frame
            finally:
                for future in waiting:
                    future.cancel()
