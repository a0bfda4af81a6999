"""STAR files as RELION 3.0, 3.1, 4 and 5, cryoSPARC's exporters and people write them.

A file is blocks; a block is a table (``loop_``) or a list of label and value. Reading goes line by line, because a row is a
line in all of these programs; a line with too few or too many values is an error that says which.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vitreous.errors import FormatError, InputError
from vitreous.io.star_rows import always_text, column, tokens
from vitreous.io.star_table import Table, number_column
from vitreous.io.star_writing import write_star

__all__ = ["Table", "largest_loop", "number_column", "read_star", "write_star"]

COMPILED_FROM = 4 << 20
#: Bytes of rows that are held at a time where a loop is read in pieces.
PIECE = 8 << 20


def read_star(path: str | Path) -> dict[str, Table]:
    """Read every block of a STAR file.

    Parameters
    ----------
    path
        The file, in any dialect; unknown labels are kept.

    Returns
    -------
    dict
        Block name without ``data_`` ("" for an unnamed one) to table. A column whose every value is a whole number without
        leading zeros is int64, of numbers float64, else object (str). Labels that end in "Name" are always text.

    Raises
    ------
    FormatError
        If it is not a STAR file or a line is broken; the line's number is given.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} must be a STAR file that exists; got {'a folder' if path.is_dir() else 'nothing there'}.")
    raw = path.read_bytes()
    if b"\0" in raw[:4096]:
        raise FormatError(path, "a STAR file must be text; got binary data.")
    blocks: dict[str, Table] = {}
    for name, first, last in _blocks(_Lines(raw, path)):
        if name in blocks:
            raise FormatError(path, f"block names must differ; got data_{name} twice.", _Lines(raw, path).number(first - 1))
        blocks[name] = _block(_Lines(raw, path), first, last)
    if not blocks:
        raise FormatError(path, "a STAR file must have a line that begins with data_; got none.")
    return blocks


def largest_loop(path: str | Path, piece: int = PIECE) -> Iterator[Table]:
    """Read the rows of the longest loop of a STAR file some at a time: for lists that are too long to be held whole.

    Parameters
    ----------
    path
        The file.
    piece
        Bytes of rows in each table, about; at least one row.

    Yields
    ------
    Table
        The next rows, columns as :func:`read_star` gives them but by the kinds of this piece alone: a column may be of whole
        numbers first, and of numbers or text later.

    Raises
    ------
    FormatError
        If it is not a STAR file, has no loop or a line is broken; the line's number is given.
    """
    path = Path(path)
    with path.open("rb") as handle:
        if not handle.seek(0, 2):
            raise FormatError(path, "a STAR file must have a line that begins with data_; got none.")
        raw = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    lines = _Lines(raw, path)
    loops = [each for each in (_heading(lines, first, last) for _, first, last in _blocks(lines)) if each]
    if not loops:
        raise FormatError(path, "a list must have a loop_; got none.")
    labels, first, last = max(loops, key=lambda each: each[2] - each[1])
    while first < last:
        end = raw.find(b"\n", min(first + piece, last) - 1, last) + 1 or last
        read = _compiled if end - first >= COMPILED_FROM else _plain
        yield Table(dict(zip(labels, read(lines, first, end, labels))))
        if hasattr(raw, "madvise"):
            raw.madvise(mmap.MADV_DONTNEED)  # pages that were read would stay counted as ours
        first = end


@dataclass(frozen=True)
class _Lines:
    """The bytes of a file, and its lines."""

    raw: bytes | mmap.mmap
    path: Path

    def between(self, first: int, last: int) -> Iterator[tuple[int, int, list[bytes]]]:
        """First byte, byte after the end, and values of every line that has any."""
        while first < last:
            found = self.raw.find(b"\n", first, last)
            end = last if found < 0 else found + 1
            values = tokens(self.raw[first:end])
            if values:
                yield first, end, values
            first = end

    def number(self, at: int) -> str:
        """Which line byte ``at`` is in, for messages."""
        newlines = self.raw[:at].count(b"\n")
        return f"line {newlines + 1}"

    def wrong(self, problem: str, at: int) -> FormatError:
        """An error about the line at byte ``at``."""
        return FormatError(self.path, problem, self.number(at))


def _shown(value: bytes) -> str:
    return repr(value[:60].decode("utf-8", "replace"))


def _blocks(lines: _Lines) -> Iterator[tuple[str, int, int]]:
    """Name, byte after the name's line, and byte after the last, of every block."""
    starts = list(_block_lines(lines.raw))
    before = next(lines.between(0, starts[0][1] if starts else len(lines.raw)), None)
    if before is not None:
        raise lines.wrong(f"a STAR file must begin with a data_ line; got {_shown(before[2][0])}.", before[0])
    for (name, _, first), (_, last, _) in zip(starts, [*starts[1:], ("", len(lines.raw), 0)]):
        yield name, first, last


def _block_lines(raw: bytes | mmap.mmap) -> Iterator[tuple[str, int, int]]:
    """Name, first byte and byte after the end, of every line that is one word that begins with data_."""
    at = raw.find(b"data_")
    while at >= 0:
        start, found = raw.rfind(b"\n", 0, at) + 1, raw.find(b"\n", at)
        end = len(raw) if found < 0 else found + 1
        if not raw[start:at].strip() and len(raw[at:end].split()) == 1:
            yield raw[at + 5 : end].strip().decode("utf-8", "surrogateescape"), start, end
        at = raw.find(b"data_", at + 1)


def _block(lines: _Lines, first: int, last: int) -> Table:
    pairs: dict[str, bytes] = {}
    for at, end, values in lines.between(first, last):
        if values[0].lower() == b"loop_":
            if pairs:
                raise lines.wrong("a block must be a loop or a list of label and value; got both.", at)
            return _loop(lines, end, last)
        label = _label(lines, values[0], at)
        if len(values) != 2:
            raise lines.wrong(f"{label}, outside a loop, must have one value; got {len(values) - 1}.", at)
        if label in pairs:
            raise lines.wrong(f"labels of a block must differ; got {label} twice.", at)
        pairs[label] = values[1]
    return Table({label: column(label, [value]) for label, value in pairs.items()}, single=bool(pairs))


def _label(lines: _Lines, value: bytes, at: int) -> str:
    if value[:1] != b"_" or len(value) < 2:
        raise lines.wrong(f"a label must begin with an underscore; got {_shown(value)}.", at)
    return value[1:].decode("utf-8", "surrogateescape")


def _heading(lines: _Lines, first: int, last: int) -> tuple[list[str], int, int] | None:
    """Labels of a block's loop, and the first byte and the byte after the last of its rows; None if it is a list."""
    for _, end, values in lines.between(first, last):
        return (*_labels(lines, end, last), last) if values[0].lower() == b"loop_" else None
    return None


def _loop(lines: _Lines, first: int, last: int) -> Table:
    labels, body = _labels(lines, first, last)
    read = _compiled if last - body >= COMPILED_FROM else _plain
    return Table(dict(zip(labels, read(lines, body, last, labels))))


def _labels(lines: _Lines, first: int, last: int) -> tuple[list[str], int]:
    """Labels of a loop, and the first byte of its rows."""
    labels: list[str] = []
    body = last
    for at, _, values in lines.between(first, last):
        if values[0][:1] != b"_":
            body = at
            break
        label = _label(lines, values[0], at)
        if label in labels:
            raise lines.wrong(f"labels of a loop must differ; got {label} twice.", at)
        labels.append(label)
    if not labels:
        raise lines.wrong("a loop must have labels; got none.", first - 1)
    return labels, body


def _plain(lines: _Lines, first: int, last: int, labels: list[str]) -> list[np.ndarray]:
    rows = []
    for at, _, values in lines.between(first, last):
        if len(values) != len(labels):
            raise _broken(lines, at, len(values), len(labels))
        rows.append(values)
    columns = list(zip(*rows)) if rows else [()] * len(labels)
    return [column(label, list(values)) for label, values in zip(labels, columns)]


def _compiled(lines: _Lines, first: int, last: int, labels: list[str]) -> list[np.ndarray]:
    from vitreous.io.star_bulk import INTEGER, TEXT, BrokenRow, bulk_rows

    kinds = np.array([TEXT if always_text(label) else INTEGER for label in labels], np.int8)
    try:
        return bulk_rows(lines.raw, first, last, kinds)
    except BrokenRow as row:
        raise _broken(lines, row.at, row.got, len(labels)) from None


def _broken(lines: _Lines, at: int, got: int, wanted: int) -> FormatError:
    text = lines.raw[at : at + 80].split(b"\n")[0].strip()
    return lines.wrong(f"a row of this loop must have {wanted} values; got {got}: {_shown(text)}.", at)
