"""Directories of a TIFF or BigTIFF file: the wanted tags of each page, and no pixel.

For files of thousands of small pages, and for tags of one maker, where a whole reader costs more than the data. Offsets are held
against the file's size before anything is read, and a chain of directories that bites its tail is an error.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from vitreous.errors import FormatError

Tags = dict[int, tuple[int, ...] | bytes]
#: struct letters of TIFF's whole numbers; bytes (1), text (2) and undefined (7) stay bytes.
WHOLE = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
BYTES = (1, 2, 7)


class _Layout(NamedTuple):
    """Byte order, and the struct letters of a directory's count, an entry's head and an offset."""

    order: str
    entries: str
    offset: str

    @property
    def entry_bytes(self) -> int:
        """Bytes of one entry: tag, type, count, value or offset."""
        return 4 + 2 * struct.calcsize(self.order + self.offset)


def read_directories(path: str | Path, wanted: Collection[int]) -> Iterator[Tags]:
    """Give the wanted tags of every page in order, read as they are asked for.

    Parameters
    ----------
    path
        The file.
    wanted
        Numbers of tags. Whole numbers come as a tuple; text and bytes as bytes; other kinds are left out.

    Raises
    ------
    FormatError
        If it is not TIFF, or something lies outside the file.
    """
    path = Path(path)
    with path.open("rb") as handle:
        size = os.fstat(handle.fileno()).st_size
        layout, at = _head(handle, path)
        seen: set[int] = set()
        while at:
            if at in seen or at >= size:
                raise FormatError(path, f"directories must lie one after the other within {size} bytes; got one at byte {at}, "
                                  f"after {len(seen)} others. The file was cut off.", f"page {len(seen) + 1}")  # fmt: skip
            seen.add(at)
            tags, at = _directory(handle, path, layout, at, size, wanted, f"page {len(seen)}")
            yield tags


def _head(handle: BinaryIO, path: Path) -> tuple[_Layout, int]:
    """Layout of the file and offset of its first directory."""
    head = handle.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    kind = struct.unpack(order + "H", head[2:4])[0] if order and len(head) >= 8 else 0
    if order and kind == 42:
        return _Layout(order, "H", "I"), struct.unpack(order + "I", head[4:8])[0]
    if order and kind == 43 and len(head) == 16:
        return _Layout(order, "Q", "Q"), struct.unpack(order + "Q", head[8:])[0]
    raise FormatError(path, f"a TIFF file must begin with II or MM and 42 or 43; got {head[:4]!r}.")


def _directory(
    handle: BinaryIO, path: Path, layout: _Layout, at: int, size: int, wanted: Collection[int], where: str
) -> tuple[Tags, int]:
    count = struct.unpack(layout.order + layout.entries, _read(handle, path, at, struct.calcsize(layout.entries), size, where))[0]
    start = at + struct.calcsize(layout.entries)
    step, width = layout.entry_bytes, struct.calcsize(layout.order + layout.offset)
    raw = _read(handle, path, start, count * step + width, size, where)
    tags: Tags = {}
    for entry in range(count):
        tag, kind = struct.unpack_from(layout.order + "HH", raw, entry * step)
        if tag in wanted and (kind in WHOLE or kind in BYTES):
            tags[tag] = _value(handle, path, layout, raw[entry * step + 4 : (entry + 1) * step], kind, size, f"{where}, tag {tag}")
    return tags, struct.unpack_from(layout.order + layout.offset, raw, count * step)[0]


def _value(
    handle: BinaryIO, path: Path, layout: _Layout, raw: bytes, kind: int, size: int, where: str
) -> tuple[int, ...] | bytes:
    width = len(raw) // 2
    count = struct.unpack_from(layout.order + layout.offset, raw)[0]
    length = count * struct.calcsize("=" + WHOLE.get(kind, "B"))
    data = raw[width : width + length]
    if length > width:
        data = _read(handle, path, struct.unpack_from(layout.order + layout.offset, raw, width)[0], length, size, where)
    return data if kind in BYTES else struct.unpack(f"{layout.order}{count}{WHOLE[kind]}", data)


def _read(handle: BinaryIO, path: Path, at: int, length: int, size: int, where: str) -> bytes:
    """Read bytes that must be there; checked against the file's size before memory is taken."""
    if at + length > size:
        raise FormatError(path, f"{length} bytes are promised at byte {at}; got a file of {size} bytes. It was cut off.", where)
    handle.seek(at)
    got = handle.read(length)
    if len(got) < length:
        raise FormatError(path, f"{length} bytes are promised at byte {at}; got {len(got)}. It became shorter.", where)
    return got
