"""LZW as TIFF has it, decoded at the speed of memory: most of a movie's reading time is spent here.

A string of the table is one that was written before, so it is kept as its place and length in what is already decoded and
copied eight bytes at a time; one byte of it costs about as much as a whole code.

References: TIFF 6.0 specification (1992), section 13 (codes most significant bit first, 9 to 12 bits, the width growing one
code early); Welch 1984, IEEE Computer 17(6):8.
"""

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

CLEAR, END, FIRST = 256, 257, 258
CODES = 4096
#: Where the decoded bytes begin: before them lie 0 to 255, the strings of one byte.
FIRST_BYTE = 256
#: Bytes that may be written behind the last one, and read behind the last of the source.
SLACK = 16


@intrinsic
def _copy_eight(typing, array, to, origin):
    """Copy array[origin : origin + 8] to array[to : to + 8] by one load and one store, wherever they begin."""

    def build(context, builder, signature, given):
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        pointers = [builder.bitcast(builder.gep(data, [place]), ir.IntType(64).as_pointer()) for place in given[1:]]
        value = builder.load(pointers[1])
        value.align = 1
        builder.store(value, pointers[0]).align = 1
        return context.get_dummy_value()

    return types.none(array, types.intp, types.intp), build


@intrinsic
def _word(typing, array, at):
    """Four bytes from ``at`` on as a number, the first the most significant."""

    def build(context, builder, signature, given):
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        value = builder.load(builder.bitcast(builder.gep(data, [given[1]]), ir.IntType(32).as_pointer()))
        value.align = 1
        return builder.zext(builder.bswap(value), ir.IntType(64))

    return types.int64(array, types.intp), build


@numba.njit(nogil=True, cache=True)
def _decode(source, size, out, strings):
    """Decode ``size`` bytes of ``source`` into ``out``, whose first 256 bytes are 0 to 255; the number decoded, or -1.

    A string is its place in ``out`` × 2¹⁶ + its length.
    """
    for byte in range(FIRST_BYTE):
        strings[byte] = (byte << 16) | 1
    written, room = np.int64(FIRST_BYTE), np.int64(out.size - SLACK)
    bit, bits = np.int64(0), np.int64(8 * size)
    width, free = np.int64(9), np.int64(FIRST)
    before_at, before_length = np.int64(0), np.int64(0)
    while written < room and bit + width <= bits:
        code = (_word(source, bit >> 3) >> (32 - width - (bit & 7))) & ((1 << width) - 1)
        bit += width
        if code == CLEAR:
            width, free, before_length = np.int64(9), np.int64(FIRST), np.int64(0)
            continue
        if code == END:
            break
        if before_length:
            if free < CODES:
                strings[np.uintp(free)] = (before_at << 16) | (before_length + 1)
                free += 1
            if code >= free:
                return np.int64(-1)
            if free >= (1 << width) - 1 and width < 12:
                width += 1
        elif code >= CLEAR:
            return np.int64(-1)
        string = strings[np.uintp(code)]
        origin, length = string >> 16, string & 0xFFFF
        if written + length > room:
            length = room - written
        _copy_eight(out, written, origin)
        done = np.int64(8)
        while done < length:
            _copy_eight(out, written + done, origin + done)
            done += 8
        # The string just entered ends with the byte that is only now being written: its own first.
        if origin + length > written:
            out[np.uintp(written + length - 1)] = out[np.uintp(origin)]
        before_at, before_length = written, length
        written += length
    return written - FIRST_BYTE


def decode(data: bytes, size: int) -> NDArray[np.uint8]:
    """Decode at most ``size`` bytes.

    Parameters
    ----------
    data
        LZW codes, as in a strip of a TIFF file.
    size
        Bytes that are wanted.

    Returns
    -------
    ndarray
        uint8, shorter than ``size`` if the codes end before.

    Raises
    ------
    ValueError
        If a code stands for nothing.
    """
    return Decoder(len(data), size).decode(data, size).copy()


class Decoder:
    """Decodes strip after strip in the same memory, which stays in the processor's cache.

    Parameters
    ----------
    most_packed, most
        Bytes of the longest strip, packed and unpacked.
    """

    def __init__(self, most_packed: int, most: int) -> None:
        self._source = np.zeros(most_packed + SLACK, np.uint8)
        self._out = np.empty(FIRST_BYTE + most + SLACK, np.uint8)
        self._out[:FIRST_BYTE] = np.arange(FIRST_BYTE, dtype=np.uint8)
        self._strings = np.zeros(CODES, np.int64)

    def decode(self, data: bytes, size: int) -> NDArray[np.uint8]:
        """As :func:`decode`; what is given back holds until the next call."""
        self._source[: len(data)] = np.frombuffer(data, np.uint8)
        self._source[len(data) : len(data) + SLACK] = 0
        got = _decode(self._source, len(data), self._out[: FIRST_BYTE + size + SLACK], self._strings)
        if got < 0:
            raise ValueError("a code stands for nothing")
        return self._out[FIRST_BYTE : FIRST_BYTE + got]
