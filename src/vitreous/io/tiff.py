"""TIFF images and movies, as SerialEM, EPU and MotionCor write them.

TIFF stores the top row of a picture first and MRC the bottom one, so programs that write or read both (SerialEM, IMOD, RELION)
turn one of them over. Here too the last row stored in a TIFF file is row 0, and a gain reference in MRC fits a movie in TIFF.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vitreous.errors import FormatError, InputError, require
from vitreous.io.lzw import Decoder

if TYPE_CHECKING:
    import tifffile

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SUFFIXES = (".tif", ".tiff", ".gain")
ANGSTROM_PER_UNIT = {2: 2.54e8, 3: 1e8}
LARGEST_PIXEL = 1000.0
#: Bytes that one stored byte can become at most: plain, LZW, two kinds of ZIP, PackBits; for others what zstd makes of zeros.
MOST_EXPANSION = {1: 1, 5: 1400, 8: 1040, 32946: 1040, 32773: 64}
USUAL_EXPANSION = 1 << 15
# What the reader has to say of damaged files is said here, in an error, and not on the terminal as well.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


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
        image = decode_page(page, self.path, index)
        return unpack_nibbles(image) if self.packed else image


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
        page = file.pages[index].aspage()
    except Exception as error:
        raise FormatError(path, f"the directory of this frame cannot be read ({error}). The file was cut off.",
                          f"frame {index + 1}") from error  # fmt: skip
    if not all(isinstance(side, int) for side in page.shape):
        raise FormatError(path, f"a frame must have one width and one height; got {page.shape}.", f"frame {index + 1}")
    return page


def decode_page(page: tifffile.TiffPage, path: Path, index: int) -> np.ndarray:
    """Numbers of one page ``(y, x)``, contiguous, the last row stored being row 0.

    Raises
    ------
    FormatError
        If bytes are missing or do not decode; the frame is named.
    """
    where = f"frame {index + 1}"
    try:
        _check_stored(page, path, where)
        return _from_strips(page) if _plain_lzw(page) else np.ascontiguousarray(page.asarray()[::-1])
    except FormatError:
        raise
    except Exception as error:
        raise FormatError(path, f"the frame cannot be decoded ({type(error).__name__}: {error}).", where) from error


def _check_stored(page: tifffile.TiffPage, path: Path, where: str) -> None:
    """Refuse what is no grey frame, or cannot come out of the bytes stored, before memory is taken for it."""
    if page.ndim != 2:
        raise FormatError(path, f"a frame must be grey, (y, x); got shape {page.shape}.", where)
    if not page.dataoffsets or not sum(page.databytecounts):
        raise FormatError(path, "a frame must hold data; got none.", where)
    end, size = max(offset + count for offset, count in zip(page.dataoffsets, page.databytecounts)), path.stat().st_size
    if end > size:
        raise FormatError(path, f"the frame ends at byte {end}; got {size} bytes. The file was cut off.", where)
    if not all(isinstance(each, int) for each in (page.bitspersample, *page.chunks)):
        raise FormatError(path, f"bits of a pixel and sizes of parts must be one number each; got {page.bitspersample} and {page.chunks}.",
                          where)  # fmt: skip
    stored, most = sum(page.databytecounts), MOST_EXPANSION.get(page.compression, USUAL_EXPANSION)
    least = page.shape[0] * -(-page.shape[1] * page.bitspersample // 8)
    part = math.prod(page.chunks) * page.bitspersample // 8
    if stored * most < least or max(page.databytecounts) * most < part:
        raise FormatError(path, f"the frame of {page.shape[1]} x {page.shape[0]} pixels must have {least} bytes when unpacked, its parts "
                          f"{part}; got {stored} stored, which cannot hold them.", where)  # fmt: skip


def _plain_lzw(page: tifffile.TiffPage) -> bool:
    """Whether the page is what counting cameras give: strips of LZW codes, no predictor, whole bytes a pixel."""
    whole = page.bitspersample == 8 * page.dtype.itemsize and page.samplesperpixel == 1
    return whole and (page.compression, page.predictor, page.fillorder) == (5, 1, 1) and not page.is_tiled


def _from_strips(page: tifffile.TiffPage) -> np.ndarray:
    """Decode the strips of a page of :func:`_plain_lzw`, each straight to its place, the last row first.

    Raises
    ------
    ValueError
        If a strip holds fewer bytes than its rows have.
    """
    rows, columns = page.shape
    image = np.empty((rows, columns), page.dtype)
    step = min(page.rowsperstrip, rows)
    stored = page.dtype.newbyteorder(page.parent.byteorder)
    decoder = Decoder(max(page.databytecounts), step * columns * stored.itemsize)
    handle = page.parent.filehandle
    for first, offset, count in zip(range(0, rows, step), page.dataoffsets, page.databytecounts, strict=True):
        here = image[::-1][first : first + step]
        handle.seek(offset)
        strip = decoder.decode(handle.read(count), here.nbytes)
        if strip.size != here.nbytes:
            raise ValueError(f"a strip must have {here.nbytes} bytes, got {strip.size}")
        here[...] = strip.view(stored).reshape(here.shape)
    return image


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
    """Å per pixel; None where the tags are absent, of another form, or say what cannot be."""
    resolution, unit = page.tags.valueof("XResolution"), page.tags.valueof("ResolutionUnit", 2)
    per_unit = ANGSTROM_PER_UNIT.get(unit) if isinstance(unit, int) else None
    if per_unit is None or not isinstance(resolution, tuple) or len(resolution) != 2 or not all(resolution):
        return None
    size = per_unit * resolution[1] / resolution[0]
    return size if 0 < size < LARGEST_PIXEL else None


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
