"""The 1024 bytes at the head of an MRC file: read with suspicion, written by the book.

The layout is that of MRC2014 (Cheng et al. 2015, J. Struct. Biol. 192:146). Files in the wild disagree with it in five ways
that are handled here: no machine stamp, no "MAP", permuted axes, unsigned bytes in mode 0, and CCP4's ``start`` instead of
``origin``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitreous.errors import FormatError

HEADER_BYTES = 1024
MOST_DIMENSION = 1 << 24
MOST_EXTENDED = 1 << 31
IMOD_STAMP = 1146047817
IMOD_SIGNED_BYTES = 1
NUMPY_TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
PACKED_NIBBLES = 101
ORDERS = {b"\x44\x44": "<", b"\x44\x41": "<", b"\x44\x00": "<", b"\x11\x11": ">", b"\x11\x00": ">"}


@dataclass(frozen=True, kw_only=True)
class MrcHeader:
    """What an MRC header says.

    Parameters
    ----------
    shape
        (sections, rows, columns) as stored; (z, y, x) where ``axes`` is (1, 2, 3).
    mode
        0 int8, 1 int16, 2 float32, 6 uint16, 12 float16, 101 two 4-bit numbers a byte.
    byte_order
        "<" little endian, ">" big endian.
    signed_bytes
        Whether mode 0 is signed. It is by the standard; files whose header says otherwise (IMOD's flag, or a maximum above 127
        with no negative minimum) are unsigned.
    cell
        Edges of the cell along x, y, z in Å; 0 where unknown.
    angles
        Angles of the cell in degrees.
    intervals
        Voxels a cell edge along x, y, z.
    start
        First column, row, section, in voxels, as stored.
    axes
        Which of x (1), y (2), z (3) columns, rows and sections run along.
    origin
        MRC2000's origin, Å, (x, y, z).
    space_group
        0 for images and stacks, 1 for a volume, 401 and above for stacks of volumes.
    extended_bytes
        Length of the extended header.
    statistics
        (minimum, maximum, mean, rms) as the header claims; often untrue.
    """

    shape: tuple[int, int, int]
    mode: int
    byte_order: str = "<"
    signed_bytes: bool = True
    cell: tuple[float, float, float] = (0.0, 0.0, 0.0)
    angles: tuple[float, float, float] = (90.0, 90.0, 90.0)
    intervals: tuple[int, int, int] = (0, 0, 0)
    start: tuple[int, int, int] = (0, 0, 0)
    axes: tuple[int, int, int] = (1, 2, 3)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    space_group: int = 1
    extended_bytes: int = 0
    statistics: tuple[float, float, float, float] = (0.0, 0.0, 0.0, -1.0)

    @property
    def pixel_size(self) -> tuple[float, float, float]:
        """Å per voxel along (x, y, z); 0 where the header does not say."""
        return tuple(  # type: ignore[return-value]
            float(edge / count) if count > 0 and edge > 0 else 0.0 for edge, count in zip(self.cell, self.intervals)
        )

    @property
    def dtype(self) -> np.dtype:
        """Of the stored numbers; bytes for mode 101."""
        if self.mode == PACKED_NIBBLES or (self.mode == 0 and not self.signed_bytes):
            return np.dtype("u1")
        return np.dtype(self.byte_order + NUMPY_TYPES[self.mode])

    @property
    def section_bytes(self) -> int:
        """Bytes of one section."""
        _, rows, columns = self.shape
        stored = (columns + 1) // 2 if self.mode == PACKED_NIBBLES else columns
        return rows * stored * self.dtype.itemsize

    @property
    def data_offset(self) -> int:
        """Byte at which the numbers begin."""
        return HEADER_BYTES + self.extended_bytes

    @property
    def data_bytes(self) -> int:
        """Bytes of all numbers."""
        return self.shape[0] * self.section_bytes


def parse_header(raw: bytes, path: str | Path, file_bytes: int | None) -> MrcHeader:
    """Read a header and hold it against the size of its file.

    Parameters
    ----------
    raw
        The first 1024 bytes.
    path
        For the message.
    file_bytes
        Size of the whole (uncompressed) file, None if it cannot be known.

    Raises
    ------
    FormatError
        If it is no MRC header, or promises more bytes than there are.
    """
    if len(raw) < HEADER_BYTES:
        raise FormatError(path, f"an MRC file must begin with a header of {HEADER_BYTES} bytes; got {len(raw)} bytes. "
                          "The file is empty or was cut off.")  # fmt: skip
    stamped = ORDERS.get(raw[212:214], "<")
    first = _parse(raw, stamped)
    problem = _problem(first, file_bytes)
    if problem:
        second = _parse(raw, ">" if stamped == "<" else "<")
        if _problem(second, file_bytes):
            raise FormatError(path, problem, "header")
        return second
    return first


def _parse(raw: bytes, order: str) -> MrcHeader:
    words = struct.unpack(order + "10i6f3i3f2i", raw[:96])
    columns, rows, sections, mode = words[:4]
    low, high, mean = words[19:22]
    stamp, flags = struct.unpack(order + "2i", raw[152:160])
    signed = bool(flags & IMOD_SIGNED_BYTES) if stamp == IMOD_STAMP else not (low >= 0 and 127 < high <= 255)
    axes = words[16:19]
    return MrcHeader(
        shape=(sections, rows, columns), mode=mode, byte_order=order, signed_bytes=signed,
        cell=words[10:13], angles=words[13:16], intervals=words[7:10], start=words[4:7],
        axes=(1, 2, 3) if axes == (0, 0, 0) else axes, origin=struct.unpack(order + "3f", raw[196:208]),
        space_group=words[22], extended_bytes=words[23],
        statistics=(low, high, mean, struct.unpack(order + "f", raw[216:220])[0]),
    )  # fmt: skip


def _problem(header: MrcHeader, file_bytes: int | None) -> str:
    """The first thing wrong with a header, in words; empty if nothing is."""
    known = sorted([*NUMPY_TYPES, PACKED_NIBBLES])
    if header.mode not in known:
        return f"mode must be one of {known}; got {header.mode}. It is not an MRC file, or it is of a kind that is not read."
    if not all(0 < n <= MOST_DIMENSION for n in header.shape):
        return f"dimensions (sections, rows, columns) must be from 1 to {MOST_DIMENSION}; got {header.shape}."
    if not 0 <= header.extended_bytes <= MOST_EXTENDED:
        return f"the extended header must have from 0 to {MOST_EXTENDED} bytes; got {header.extended_bytes}."
    if sorted(header.axes) != [1, 2, 3]:
        return f"axes (mapc, mapr, maps) must be 1, 2 and 3 in some order; got {header.axes}."
    if file_bytes is not None and header.data_offset + header.data_bytes > file_bytes:
        return (f"the header promises {header.data_offset + header.data_bytes} bytes (shape {header.shape}, mode {header.mode}); "
                f"got {file_bytes} bytes. The file was cut off or its header is wrong.")  # fmt: skip
    return ""


def header_bytes(header: MrcHeader) -> bytes:
    """The 1024 bytes of ``header``, little endian, MRC2014, without an extended header."""
    sections, rows, columns = header.shape
    raw = bytearray(HEADER_BYTES)
    low, high, mean, rms = header.statistics
    struct.pack_into("<10i6f3i3f2i", raw, 0, columns, rows, sections, header.mode, *header.start, *header.intervals,
                     *header.cell, *header.angles, *header.axes, low, high, mean, header.space_group, 0)  # fmt: skip
    raw[104:108] = b"\0\0\0\0"
    struct.pack_into("<i", raw, 108, 20141)
    struct.pack_into("<3f", raw, 196, *header.origin)
    raw[208:216] = b"MAP \x44\x44\0\0"
    struct.pack_into("<fi", raw, 216, rms, 1)
    label = b"Vitreous"
    raw[224 : 224 + len(label)] = label
    return bytes(raw)
