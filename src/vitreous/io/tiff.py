"""TIFF images and movies, as SerialEM, EPU and MotionCor write them.

TIFF stores the top row of a picture first and MRC the bottom one, so programs that write or read both (SerialEM, IMOD, RELION)
turn one of them over. Here too the last row stored in a TIFF file is row 0, and a gain reference in MRC fits a movie in TIFF.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vitreous.errors import FormatError, InputError, require

if TYPE_CHECKING:
    import tifffile

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SUFFIXES = (".tif", ".tiff", ".gain")
ANGSTROM_PER_UNIT = {2: 2.54e8, 3: 1e8}
LARGEST_PIXEL = 1000.0


def is_tiff(path: str | Path) -> bool:
    """Whether the file begins as a TIFF does.

    Raises
    ------
    InputError
        If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} must be a file that exists; got {'a folder' if path.is_dir() else 'nothing there'}.")
    with path.open("rb") as handle:
        return handle.read(4) in MAGIC


@dataclass(frozen=True)
class TiffFrames:
    """Frames of a TIFF movie, a page each, the last row stored being row 0.

    Parameters
    ----------
    path
        The file.
    count
        Number of pages.
    shape
        (y, x) as stored, in bytes if packed.
    dtype
        As stored.
    packed
        Whether each byte holds two 4-bit pixels, low half first, so that a row has twice as many.
    """

    path: Path
    count: int
    shape: tuple[int, int]
    dtype: np.dtype
    packed: bool = False

    def frame(self, index: int) -> np.ndarray:
        """Decode one frame."""
        require(0 <= index < self.count, f"a frame of {self.path}", index, f"from 0 to {self.count - 1}")
        with _opened(self.path) as file:
            return self._decoded(_page(file, index, self.path), index)

    def frames(self) -> Iterator[np.ndarray]:
        """Decode all frames in order, one at a time."""
        with _opened(self.path) as file:
            for index in range(self.count):
                yield self._decoded(_page(file, index, self.path), index)

    def _decoded(self, page: tifffile.TiffPage, index: int) -> np.ndarray:
        if page.shape != self.shape or page.dtype != self.dtype:
            raise FormatError(self.path, f"all frames must be {self.shape} of {self.dtype}; got {page.shape} of {page.dtype}.",
                              f"frame {index + 1}")  # fmt: skip
        image = decode_page(page, self.path, index)[::-1]
        return unpack_nibbles(image) if self.packed else np.ascontiguousarray(image)


def unpack_nibbles(image: np.ndarray) -> np.ndarray:
    """Two 4-bit pixels of every byte, low half first: ``(y, x)`` to ``(y, 2x)``, uint8."""
    return np.stack([image & 15, image >> 4], -1).reshape(image.shape[0], -1)


def _opened(path: Path) -> tifffile.TiffFile:
    import tifffile

    # A damaged directory shows in a dozen types of error from several depths of the reader.
    try:
        return tifffile.TiffFile(path)
    except Exception as error:
        raise FormatError(path, f"it is not a whole TIFF file ({error}).") from error


def _page(file: tifffile.TiffFile, index: int, path: Path) -> tifffile.TiffPage:
    try:
        return file.pages[index].aspage()
    except Exception as error:
        raise FormatError(path, f"the directory of this frame cannot be read ({error}). The file was cut off.",
                          f"frame {index + 1}") from error  # fmt: skip


def decode_page(page: tifffile.TiffPage, path: Path, index: int) -> np.ndarray:
    """Numbers of one page ``(y, x)``, rows in the file's order.

    Raises
    ------
    FormatError
        If bytes are missing or do not decode; the frame is named.
    """
    where, size = f"frame {index + 1}", path.stat().st_size
    if page.ndim != 2:
        raise FormatError(path, f"a frame must be grey, (y, x); got shape {page.shape}.", where)
    if not page.dataoffsets or not sum(page.databytecounts):
        raise FormatError(path, "a frame must hold data; got none.", where)
    end = max(offset + count for offset, count in zip(page.dataoffsets, page.databytecounts))
    if end > size:
        raise FormatError(path, f"the frame ends at byte {end}; got {size} bytes. The file was cut off.", where)
    if page.compression == 1 and sum(page.databytecounts) < page.nbytes:
        raise FormatError(path, f"the frame must have {page.nbytes} bytes; got {sum(page.databytecounts)}.", where)
    try:
        return page.asarray()
    except Exception as error:
        raise FormatError(path, f"the frame cannot be decoded ({type(error).__name__}: {error}).", where) from error


def open_tiff(path: str | Path, *, packed: bool = False) -> tuple[TiffFrames, float | None]:
    """Frames of a TIFF file, and Å per pixel from its resolution tags (None where they are absent or not of this world).

    Raises
    ------
    FormatError
        If it is not TIFF, has no pages, or its pages are not grey images.
    """
    path = Path(path).absolute()
    with _opened(path) as file:
        try:
            count = len(file.pages)
        except Exception as error:
            raise FormatError(path, f"its directories cannot be read ({error}). The file was cut off.") from error
        if not count:
            raise FormatError(path, "a movie must have at least one frame; got none. It was cut off or is still being written.")
        first = _page(file, 0, path)
        if first.ndim != 2:
            raise FormatError(path, f"frames must be grey, (y, x); got shape {first.shape}.", "frame 1")
        require(not packed or first.dtype == np.uint8, "packed 4-bit frames", str(first.dtype), "stored as uint8")
        return TiffFrames(path, count, first.shape, first.dtype, packed), _pixel_size(first)


def _pixel_size(page: tifffile.TiffPage) -> float | None:
    tag, unit = page.tags.get("XResolution"), page.tags.get("ResolutionUnit")
    per_unit = ANGSTROM_PER_UNIT.get(int(unit.value) if unit is not None else 2)
    if tag is None or per_unit is None or not all(tag.value):
        return None
    size = per_unit * tag.value[1] / tag.value[0]
    return size if size < LARGEST_PIXEL else None


def read_tiff_image(path: str | Path) -> tuple[np.ndarray, float | None]:
    """The one image of a TIFF file as float32 ``(y, x)``, the last row stored being row 0, and Å per pixel if known.

    Raises
    ------
    FormatError
        If the file is damaged or holds more than one image.
    """
    frames, pixel_size = open_tiff(path)
    if frames.count != 1:
        raise FormatError(path, f"one image is wanted; got {frames.count} pages. Try: open_movie.")
    return frames.frame(0).astype(np.float32), pixel_size
