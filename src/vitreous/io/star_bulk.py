"""Rows of a large STAR loop, read by compiled code: a million rows of twenty columns in a few seconds.

The kinds of the columns are taken from the first rows; one pass over the bytes then checks and fills. Where a later value does
not fit the kind of its column, all rows are surveyed and the pass is made again. Tokens and kinds are those of
:mod:`vitreous.io.star_rows`, which reads short loops without waking the compiler.

A decimal of at most 2^53 times a power of ten within 10^±22 is exact in one multiplication or division (Clinger 1990, PLDI,
"How to read floating point numbers accurately"); all others are left to Python.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

INTEGER, FLOAT, TEXT = 0, 1, 2
NEWLINE = 10
SAMPLE = 1 << 16
LARGEST_EXACT = 1 << 53
POWERS = 10.0 ** np.arange(23)


def bulk_rows(raw: bytes, first: int, last: int, kinds: NDArray[np.int8]) -> list[NDArray]:
    """Columns of the rows in ``raw[first:last]``.

    Parameters
    ----------
    raw
        The file.
    first, last
        Bytes of the rows; ``first`` begins a line.
    kinds
        ``(columns,)``: the narrowest kind allowed, INTEGER or TEXT.

    Returns
    -------
    list
        int64, float64 or object (str) arrays, one a column.

    Raises
    ------
    BrokenRow
        If a line has another number of values.
    """
    buffer, kinds = np.frombuffer(raw, np.uint8), kinds.copy()
    _survey(buffer, first, raw.find(b"\n", min(first + SAMPLE, last)) + 1 or last, kinds)
    most = int(np.count_nonzero(buffer[first:last] == NEWLINE)) + 1
    space, rows, hard = _fitted(buffer, first, last, kinds, most)
    if rows < 0:
        _survey(buffer, first, last, kinds)
        space, rows, hard = _fitted(buffer, first, last, kinds, most)
    for slot, row, start, end in hard.tolist():
        space.floats[slot, row] = float(raw[start:end])
    return [_texts(raw, space.spans[s, :rows]) if kind == TEXT else (space.integers, space.floats)[kind][s, :rows]
            for kind, s in zip(kinds, space.slots)]  # fmt: skip


class _Space(NamedTuple):
    """Where the values of each kind go; ``slots`` says which row of its kind's array a column has."""

    slots: NDArray[np.int64]
    integers: NDArray[np.int64]
    floats: NDArray[np.float64]
    spans: NDArray[np.int64]


def _fitted(buffer: NDArray, first: int, last: int, kinds: NDArray, most: int) -> tuple[_Space, int, NDArray]:
    """Filled columns, number of rows (-1 if a value does not fit its column's kind), and the decimals left to Python."""
    slots = np.array([int((kinds[:k] == kind).sum()) for k, kind in enumerate(kinds)], np.int64)
    sizes = [int((kinds == kind).sum()) for kind in (INTEGER, FLOAT, TEXT)]
    space = _Space(slots, np.empty((sizes[0], most), np.int64), np.empty((sizes[1], most), np.float64),
                   np.empty((sizes[2], most, 2), np.int64))  # fmt: skip
    hard = np.empty((1024, 4), np.int64)
    while True:
        rows, left, bad_at, got = _fill(buffer, first, last, kinds, space.slots, space.integers, space.floats, space.spans, hard)
        if bad_at >= 0:
            raise BrokenRow(bad_at, got)
        if left <= len(hard):
            return space, rows, hard[:left]
        hard = np.empty((left, 4), np.int64)


class BrokenRow(ValueError):
    """A line of a loop has another number of values than the loop has columns."""

    def __init__(self, at: int, got: int) -> None:
        super().__init__(at, got)
        self.at, self.got = at, got


def _texts(raw: bytes, spans: NDArray[np.int64]) -> NDArray:
    """Text of byte ranges; names that come again and again are kept once."""
    values = [raw[start:end] for start, end in zip(spans[:, 0].tolist(), spans[:, 1].tolist())]
    distinct = set(values)
    texts = np.empty(len(values), object)
    if 2 * len(distinct) > len(values):
        texts[:] = [value.decode("utf-8", "surrogateescape") for value in values]
    else:
        known = {value: value.decode("utf-8", "surrogateescape") for value in distinct}
        texts[:] = [known[value] for value in values]
    return texts


@numba.njit(cache=True, nogil=True, inline="always")
def _blank(byte):
    return byte == 32 or (9 <= byte <= 13)


@numba.njit(cache=True, nogil=True)
def _token(buffer, at, end):
    """Start, end and where to go on of the next token of a line; start is -1 if there is none."""
    while at < end and _blank(buffer[at]):
        at += 1
    if at == end or buffer[at] == 35:
        return -1, -1, end
    mark = buffer[at]
    if mark == 34 or mark == 39:
        close = at + 1
        while close < end and not (buffer[close] == mark and (close + 1 == end or _blank(buffer[close + 1]))):
            close += 1
        if close < end:
            return at + 1, close, close + 1
    start = at
    while at < end and not _blank(buffer[at]):
        at += 1
    return start, at, at


@numba.njit(cache=True, nogil=True)
def _line_end(buffer, at, last):
    while at < last and buffer[at] != 10:
        at += 1
    return at


@numba.njit(cache=True, nogil=True, inline="always")
def _digits(buffer, at, end):
    while at < end and 48 <= buffer[at] <= 57:
        at += 1
    return at


@numba.njit(cache=True, nogil=True)
def _is_word(buffer, at, end):
    """Whether the bytes are nan, inf or infinity in any case."""
    for word in ("nan", "inf", "infinity"):
        if end - at == len(word):
            same = True
            for k in range(len(word)):
                same = same and (buffer[at + k] | 32) == ord(word[k])
            if same:
                return True
    return False


@numba.njit(cache=True, nogil=True)
def _kind(buffer, start, end):
    """Narrowest kind of a token; whole numbers with leading zeros are text, as they name things."""
    at = start
    if at < end and (buffer[at] == 43 or buffer[at] == 45):
        at += 1
    if at == end:
        return TEXT
    whole = _digits(buffer, at, end)
    if whole == end:
        if whole - at > 1 and buffer[at] == 48:
            return TEXT
        return INTEGER if whole - at <= 18 else FLOAT
    found, at_point = whole - at, whole
    if buffer[whole] == 46:
        at_point = _digits(buffer, whole + 1, end)
        found += at_point - whole - 1
    if found == 0:
        return FLOAT if _is_word(buffer, at, end) else TEXT
    if at_point < end and (buffer[at_point] | 32) == 101:
        power = at_point + 1
        if power < end and (buffer[power] == 43 or buffer[power] == 45):
            power += 1
        at_point = _digits(buffer, power, end)
        if at_point == power:
            return TEXT
    return FLOAT if at_point == end else TEXT


@numba.njit(cache=True, nogil=True)
def _survey(buffer, first, last, kinds):
    """Widen ``kinds`` to hold every value."""
    columns, at = len(kinds), first
    while at < last:
        end, found = _line_end(buffer, at, last), 0
        while True:
            start, stop, at = _token(buffer, at, end)
            if start < 0:
                break
            if found < columns and kinds[found] != TEXT:
                kinds[found] = max(kinds[found], _kind(buffer, start, stop))
            found += 1
        at = end + 1


@numba.njit(cache=True, nogil=True)
def _integer(buffer, start, end):
    """Value of a token, and whether it is of kind INTEGER."""
    at = start + (start < end and (buffer[start] == 43 or buffer[start] == 45))
    digits, value = end - at, np.int64(0)
    if digits < 1 or digits > 18 or (digits > 1 and buffer[at] == 48):
        return value, False
    while at < end:
        digit = np.int64(buffer[at]) - 48
        if digit < 0 or digit > 9:
            return value, False
        value = value * 10 + digit
        at += 1
    return -value if buffer[start] == 45 else value, True


@numba.njit(cache=True, nogil=True)
def _float(buffer, start, end):
    """Value of a token, and whether it is a plain decimal and exact; if not it may be of any kind."""
    at = start + (start < end and (buffer[start] == 43 or buffer[start] == 45))
    mantissa, places, digits, point = np.int64(0), np.int64(0), 0, False
    begin = at
    while at < end:
        digit = np.int64(buffer[at]) - 48
        if 0 <= digit <= 9:
            mantissa = mantissa * 10 + digit
            places += point
            digits += 1
            if digits > 18:
                return 0.0, False
        elif digit == -2 and not point:
            point = True
        else:
            break
        at += 1
    if digits == 0 or (digits > 1 and not point and buffer[begin] == 48):
        return 0.0, False
    power = -places
    if at < end:
        lead = at + 1 + (at + 1 < end and (buffer[at + 1] == 43 or buffer[at + 1] == 45))
        if (buffer[at] | 32) != 101 or end - lead > 4 or _digits(buffer, lead, end) != end or lead == end:
            return 0.0, False
        exponent = np.int64(0)
        for k in range(lead, end):
            exponent = exponent * 10 + (np.int64(buffer[k]) - 48)
        power += -exponent if buffer[at + 1] == 45 else exponent
    if mantissa > LARGEST_EXACT or power > 22 or power < -22:
        return 0.0, False
    value = mantissa * POWERS[power] if power >= 0 else mantissa / POWERS[-power]
    return -value if buffer[start] == 45 else value, True


@numba.njit(cache=True, nogil=True)
def _fill(buffer, first, last, kinds, slots, integers, floats, spans, hard):
    """Fill the columns.

    Gives the number of rows (-1 if a value does not fit its column's kind), of decimals left to Python (listed in ``hard`` as far
    as it holds them), and the start and number of values of the first broken line (-1, 0 if there is none).
    """
    columns, row, at, left = len(kinds), 0, first, 0
    fits = True
    while at < last:
        line, end, found = at, _line_end(buffer, at, last), 0
        while True:
            start, stop, at = _token(buffer, at, end)
            if start < 0:
                break
            if found < columns and fits:
                kind, slot = kinds[found], slots[found]
                if kind == INTEGER:
                    integers[slot, row], fits = _integer(buffer, start, stop)
                elif kind == TEXT:
                    spans[slot, row, 0], spans[slot, row, 1] = start, stop
                else:
                    floats[slot, row], exact = _float(buffer, start, stop)
                    if not exact:
                        fits = _kind(buffer, start, stop) != TEXT
                        if left < len(hard):
                            hard[left, 0], hard[left, 1], hard[left, 2], hard[left, 3] = slot, row, start, stop
                        left += 1
            found += 1
        if found != 0 and found != columns:
            return row, 0, line, found
        row += found != 0
        at = end + 1
    return row if fits else -1, left if fits else 0, -1, 0
