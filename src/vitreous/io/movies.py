"""Movies, whatever they are stored in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitreous.data.movie import Movie
from vitreous.errors import FormatError, require
from vitreous.io.eer import EerFrames, is_eer, open_eer
from vitreous.io.eer_metadata import eer_pixel_size
from vitreous.io.stacks import ImageStack, open_stack
from vitreous.io.tiff import is_tiff, open_tiff, unpack_nibbles

#: Endings of files that are TIFF whatever they hold.
NAMED_TIFF = (".tif", ".tiff", ".eer")


@dataclass(frozen=True)
class MrcFrames:
    """Frames of an MRC movie; see :class:`vitreous.io.tiff.TiffFrames` for ``packed``."""

    stack: ImageStack
    packed: bool = False

    def frame(self, index: int) -> np.ndarray:
        """Read one frame."""
        image = self.stack.native(index)
        return unpack_nibbles(image.view(np.uint8)) if self.packed else image

    def frames(self) -> Iterator[np.ndarray]:
        """Read all frames in order, one at a time."""
        return map(self.frame, range(self.stack.count))


def open_movie(
    path: str | Path, *, packed: bool = False, eer_grouping: int | None = None, eer_upsampling: int = 1
) -> Movie:
    """Open a movie without decoding it.

    Parameters
    ----------
    path
        TIFF (uncompressed, LZW, ZIP; 4, 8, 16, 32 bits), EER, or MRC (any mode, also compressed as a whole).
    packed
        Whether every stored byte is two 4-bit pixels, low half first: SerialEM's way to save K2 movies as 8-bit files of half
        the width. Nothing in such a file says so. MRC mode 101 and TIFF of 4 bits need no telling.
    eer_grouping, eer_upsampling
        Of EER movies only: frames of the detector in a frame, and pixels along a pixel of the detector; see
        :func:`vitreous.io.eer.open_eer`.

    Returns
    -------
    Movie
        Row 0 is the first row stored in an MRC or EER file and the last in another TIFF file, as RELION reads them.

    Raises
    ------
    FormatError
        If the file is damaged, empty or of no kind that is read; frames are checked as they are decoded, and named.
    InputError
        If ``eer_grouping`` or ``eer_upsampling`` does not suit the movie.
    """
    if is_eer(path):
        require(not packed, f"packed, of {path}", packed, "false for EER")
        events = open_eer(path, eer_grouping, eer_upsampling)
        scale = eer_pixel_size(events.acquisition)
        return Movie(events.path, events.count, events.shape, events.dtype, scale and scale / eer_upsampling, events)
    if is_tiff(path):
        source, pixel_size = open_tiff(path, packed=packed)
        count, (rows, columns), dtype = source.count, source.shape, source.dtype
    else:
        if Path(path).suffix.lower() in NAMED_TIFF:
            raise FormatError(path, "it does not begin as a TIFF file does. It is empty, was cut off, or is of another kind.")
        stack = open_stack(path)
        source, pixel_size = MrcFrames(stack, packed), stack.pixel_size
        count, (rows, columns), dtype = stack.count, stack.shape, stack.header.dtype.newbyteorder("=")
    if packed:
        columns, dtype = 2 * columns, np.dtype(np.uint8)
    return Movie(Path(path).absolute(), count, (rows, columns), np.dtype(dtype), pixel_size, source)


def open_movie_of(path: str | Path, shape: tuple[int, int]) -> Movie:
    """As :func:`open_movie`, an EER movie on the grid that gives its frames ``shape`` (y, x), if there is one."""
    movie = open_movie(path)
    upsampling = shape[0] // movie.shape[0]
    is_finer = isinstance(movie.source, EerFrames) and upsampling in (2, 4) and shape[0] == upsampling * movie.shape[0]
    return open_movie(path, eer_upsampling=upsampling) if is_finer else movie
