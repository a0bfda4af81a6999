"""EER movies: electrons as they arrived, summed into as many frames and as fine a grid as wanted.

A file is a TIFF whose every page is one frame of the detector (some 250 a second). Frames of the movie are sums of a chosen number
of them, made one at a time. The first row stored is row 0, as in RELION: unlike other TIFF files, EER is not turned over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from vitreous.errors import FormatError, require
from vitreous.io.eer_events import EerCode, add_events
from vitreous.io.tiff import is_tiff
from vitreous.io.tiff_directories import Tags, read_directories

WIDTH, HEIGHT, COMPRESSION, OFFSETS, COUNTS = 256, 257, 259, 273, 279
ACQUISITION, SKIP_BITS, X_BITS, Y_BITS = 65001, 65007, 65008, 65009
EIGHT_BITS, SEVEN_BITS, BITS_IN_TAGS = 65000, 65001, 65002
CODES = {EIGHT_BITS: EerCode(8, 2, 2, True), SEVEN_BITS: EerCode(7, 2, 2, False)}
MOST_SKIP_BITS, MOST_PLACE_BITS = 10, 4
LARGEST_SIDE = 1 << 14
#: Frames of the detector in a frame of the movie where nothing is known of the dose; RELION's default.
USUAL_GROUPING = 40


def is_eer(path: str | Path) -> bool:
    """Whether a file is an EER movie, by the compression of its first page, or its second where the first is a sum.

    Raises
    ------
    InputError
        If there is no such file.
    """
    if not is_tiff(path):
        return False
    try:
        return any(page.get(COMPRESSION) in _COMPRESSIONS for page in islice(read_directories(path, (COMPRESSION,)), 2))
    except FormatError:
        return False


_COMPRESSIONS = tuple((each,) for each in (EIGHT_BITS, SEVEN_BITS, BITS_IN_TAGS))


@dataclass(frozen=True)
class EerFrames:
    """Frames of an EER movie, each the sum of ``grouping`` frames of the detector.

    Parameters
    ----------
    path
        The file.
    strips
        (first byte, bytes) of the parts of every frame of the detector.
    code
        How events are packed.
    detector
        (y, x) of the detector in pixels.
    grouping
        Frames of the detector in a frame of the movie.
    upsampling
        Pixels of the movie along a pixel of the detector.
    acquisition
        The maker's XML about the exposure, empty where there is none; see :mod:`vitreous.io.eer_metadata`.
    """

    path: Path
    strips: tuple[tuple[tuple[int, int], ...], ...]
    code: EerCode
    detector: tuple[int, int]
    grouping: int
    upsampling: int
    acquisition: bytes = b""

    @property
    def count(self) -> int:
        """Frames of the movie; those of the detector that fill no whole frame are left out."""
        return len(self.strips) // self.grouping

    @property
    def left_over(self) -> int:
        """Frames of the detector, at the end, that are left out."""
        return len(self.strips) % self.grouping

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x) of a frame in pixels."""
        return self.detector[0] * self.upsampling, self.detector[1] * self.upsampling

    @property
    def dtype(self) -> np.dtype:
        """uint8 or uint16: a pixel is hit at most once in a frame of the detector."""
        return np.dtype(np.uint8 if self.grouping <= 255 else np.uint16)

    def frame(self, index: int) -> np.ndarray:
        """Electrons in one frame of the movie, ``(y, x)``.

        Raises
        ------
        FormatError
            If bytes are missing or events do not end at the last pixel; the detector's frame is named, from 1.
        """
        require(0 <= index < self.count, f"a frame of {self.path}", index, f"from 0 to {self.count - 1}")
        first, image = index * self.grouping, np.zeros(self.shape, self.dtype)
        with self.path.open("rb", buffering=0) as handle:
            streams = [_stream(handle, strips) for strips in self.strips[first : first + self.grouping]]
        bad = add_events(streams, self.code, image, self.upsampling)
        if bad >= 0:
            raise FormatError(self.path, f"events must end at the last of {self.detector[1]} x {self.detector[0]} pixels; got too few "
                              "or too many. The frame is damaged.", f"frame {first + bad + 1}")  # fmt: skip
        return image

    def frames(self) -> Iterator[np.ndarray]:
        """All frames in order, one at a time."""
        return map(self.frame, range(self.count))


def open_eer(path: str | Path, grouping: int | None = None, upsampling: int = 1) -> EerFrames:
    """Open an EER movie without decoding it.

    Parameters
    ----------
    path
        The file. Compression 65000 (8 bits a skip), 65001 (7) and 65002 (as its tags say). A first page that is no EER, the sum
        that some programs put there, is passed over.
    grouping
        Frames of the detector in a frame of the movie, 1 to 65535; None for 40, or all where there are fewer. What is left at
        the end is dropped.
    upsampling
        1, 2 or 4 pixels along a pixel of the detector (4K, 8K or 16K for a detector of 4096).

    Raises
    ------
    FormatError
        If a directory is damaged, no frame is EER, or frames differ in size or packing.
    InputError
        If ``grouping`` exceeds the number of frames or ``upsampling`` the places stored.
    """
    path = Path(path).absolute()
    wanted = (WIDTH, HEIGHT, COMPRESSION, OFFSETS, COUNTS, ACQUISITION, SKIP_BITS, X_BITS, Y_BITS)
    strips: list[tuple[tuple[int, int], ...]] = []
    kind, acquisition, size, filled = None, b"", path.stat().st_size, 0
    for number, page in enumerate(read_directories(path, wanted), 1):
        told = page.get(ACQUISITION, b"")
        acquisition = acquisition or (told if isinstance(told, bytes) else b"")
        if number == 1 and page.get(COMPRESSION) not in _COMPRESSIONS:
            continue
        kind = kind or _kind(page, path, number)
        if _kind(page, path, number) != kind:
            raise FormatError(path, f"all frames must be of one size and packing; got {_kind(page, path, number)} after {kind}.",
                              f"page {number}")  # fmt: skip
        strips.append(_strips(page, path, number, size))
        length = sum(length for _, length in strips[-1])
        _check_length(kind, length, path, number)
        filled += length
        if filled > size:
            raise FormatError(path, f"frames must not share bytes; got {filled} bytes in a file of {size}.", f"page {number}")
    if kind is None:
        raise FormatError(path, "an EER movie must have at least one frame; got none.")
    detector, code = kind
    grouping = min(USUAL_GROUPING, len(strips)) if grouping is None else grouping
    require(1 <= grouping <= min(65535, len(strips)), "eer_grouping", grouping,
            f"from 1 to {min(65535, len(strips))}, the frames of {path}", instead=str(min(USUAL_GROUPING, len(strips))))  # fmt: skip
    finest = 1 << min(code.x_bits, code.y_bits)
    require(upsampling in (1, 2, 4) and upsampling <= finest, "eer_upsampling", upsampling,
            f"1, 2 or 4, and at most {finest}, the places in a pixel of {path}", instead="1")  # fmt: skip
    return EerFrames(path, tuple(strips), code, detector, grouping, upsampling, acquisition)


def _kind(page: Tags, path: Path, number: int) -> tuple[tuple[int, int], EerCode]:
    """Size (y, x) and packing of one frame."""
    where = f"page {number}"
    columns, rows, compression = (_number(page, tag) for tag in (WIDTH, HEIGHT, COMPRESSION))
    if not (0 < columns <= LARGEST_SIDE and 0 < rows <= LARGEST_SIDE):
        raise FormatError(path, f"a frame must have from 1 to {LARGEST_SIDE} pixels a side; got {columns} x {rows}.", where)
    if compression in CODES:
        return (rows, columns), CODES[compression]
    if compression != BITS_IN_TAGS:
        raise FormatError(path, f"compression must be one of {[*CODES, BITS_IN_TAGS]}; got {compression}.", where)
    skip, x, y = (_number(page, tag, usual) for tag, usual in ((SKIP_BITS, 7), (X_BITS, 2), (Y_BITS, 2)))
    if not (1 <= skip <= MOST_SKIP_BITS and min(x, y) >= 0 and max(x, y) <= MOST_PLACE_BITS):
        raise FormatError(path, f"bits of a skip must be from 1 to {MOST_SKIP_BITS}, of places in x and y from 0 to {MOST_PLACE_BITS}; "
                          f"got {skip}, {x} and {y}.", where)  # fmt: skip
    return (rows, columns), EerCode(skip, x, y, False)


def _number(page: Tags, tag: int, usual: int = 0) -> int:
    """First value of a tag of whole numbers."""
    value = page.get(tag, ())
    return value[0] if value else usual


def _strips(page: Tags, path: Path, number: int, size: int) -> tuple[tuple[int, int], ...]:
    starts, lengths = page.get(OFFSETS, ()), page.get(COUNTS, ())
    if not starts or len(starts) != len(lengths):
        raise FormatError(path, f"a frame must hold data; got {len(starts)} parts and {len(lengths)} lengths.", f"page {number}")
    for start, length in zip(starts, lengths):
        if length <= 0 or start < 0 or start + length > size:
            raise FormatError(path, f"a frame must lie within the file's {size} bytes; got {length} bytes at byte {start}. The file "
                              "was cut off.", f"page {number}")  # fmt: skip
    return tuple(zip(starts, lengths))


def _stream(handle: BinaryIO, strips: tuple[tuple[int, int], ...]) -> bytes:
    """The bytes of one frame of the detector; fewer where the file became shorter."""
    parts = []
    for start, length in strips:
        handle.seek(start)
        parts.append(handle.read(length))
    return b"".join(parts)


def _check_length(kind: tuple[tuple[int, int], EerCode], length: int, path: Path, number: int) -> None:
    """Refuse fewer bytes than skips alone would need to cross the frame, before memory is taken for its pixels."""
    (rows, columns), code = kind
    least = (rows * columns >> code.skip_bits) * code.skip_bits // 8
    if length < least:
        raise FormatError(path, f"a frame of {columns} x {rows} pixels must have at least {least} bytes; got {length}.", f"page {number}")
