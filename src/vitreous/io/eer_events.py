"""The electrons of EER frames, added straight into an image.

A frame is a stream of bits, lowest bit of a byte first: how many pixels to skip in raster order (all ones: skip that many and no
electron), then where in its pixel the electron fell, x below y. The next pixel follows. (Guo et al. 2020, IUCrJ 7:860.)

The frames of a sum are decoded side by side, a band of rows at a time, so that the band stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require

#: Bytes that are read beyond the one a code begins in.
PADDING = 4
#: Pixels of the sum in a band.
BAND = 1 << 18


class EerCode(NamedTuple):
    """How events are packed.

    Parameters
    ----------
    skip_bits
        Bits of a skip.
    x_bits, y_bits
        Bits of the place within a pixel; the highest is stored inverted.
    place_after_full_skip
        Whether a full skip is also followed by bits of a place, without meaning (compression 65000).
    """

    skip_bits: int
    x_bits: int
    y_bits: int
    place_after_full_skip: bool


def add_events(streams: Sequence[bytes], code: EerCode, image: NDArray[np.unsignedinteger], upsampling: int) -> int:
    """Count the electrons of some frames into ``image``.

    Parameters
    ----------
    streams
        The bytes of each frame.
    code
        How they are packed.
    image
        ``(y, x)`` unsigned, C-contiguous, ``upsampling`` times the detector's pixels along each axis; changed. Rows in the
        order of the streams.
    upsampling
        A power of two, at most that of the places stored.

    Returns
    -------
    int
        The first stream that does not end at the last pixel, which is damaged; -1 where all do.
    """
    depth = upsampling.bit_length() - 1
    require(upsampling == 1 << depth and depth <= min(code.x_bits, code.y_bits), "upsampling", upsampling,
            f"a power of two up to {1 << min(code.x_bits, code.y_bits)}")  # fmt: skip
    ends = np.cumsum([len(stream) for stream in streams])
    data = np.frombuffer(b"".join([*streams, bytes(PADDING)]), np.uint8)
    return int(_add(data, ends, code.skip_bits, code.x_bits, code.y_bits, code.place_after_full_skip, image, depth))


@numba.njit(cache=True, nogil=True)
def _add(data, ends, skip_bits, x_bits, y_bits, place_after_full_skip, image, depth):
    columns, rows = image.shape[1] >> depth, image.shape[0] >> depth
    bits, at = np.zeros(len(ends), np.int64), np.zeros(len(ends), np.int64)
    bits[1:] = 8 * ends[:-1]
    height = max(1, (BAND >> (2 * depth)) // columns)
    for top in range(0, rows, height):
        until = min(rows, top + height) * columns
        for k in range(len(ends)):
            bits[k], at[k] = _add_band(data, bits[k], 8 * ends[k], at[k], until, rows * columns, skip_bits, x_bits, y_bits,
                                       place_after_full_skip, image, depth)  # fmt: skip
            if at[k] < until or at[k] > rows * columns:
                return k
    return -1


@numba.njit(cache=True, nogil=True)
def _add_band(data, bit, end, at, until, last, skip_bits, x_bits, y_bits, place_after_full_skip, image, depth):
    """Go on with one stream until its next code is at or beyond pixel ``until``; give the bit and pixel reached."""
    columns, full, place_bits = image.shape[1] >> depth, (1 << skip_bits) - 1, x_bits + y_bits
    x_mask, y_mask, x_top, y_top = (1 << x_bits) - 1, (1 << y_bits) - 1, (1 << x_bits) >> 1, (1 << y_bits) >> 1
    row = at // columns
    row_end = (row + 1) * columns
    while at < until and bit + skip_bits <= end:
        byte = bit >> 3
        word = (np.uint32(data[byte]) | np.uint32(data[byte + 1]) << 8 | np.uint32(data[byte + 2]) << 16
                | np.uint32(data[byte + 3]) << 24)  # fmt: skip
        chunk = np.int64(word) >> (bit & 7)
        skip = chunk & full
        at += skip
        bit += skip_bits
        if skip == full:
            bit += place_bits if place_after_full_skip else 0
            continue
        if at >= last:
            break
        while at >= row_end:
            row, row_end = row + 1, row_end + columns
        x_place = ((chunk >> skip_bits) & x_mask ^ x_top) >> (x_bits - depth)
        y_place = ((chunk >> (skip_bits + x_bits)) & y_mask ^ y_top) >> (y_bits - depth)
        image[(row << depth) + y_place, ((at - row_end + columns) << depth) + x_place] += 1
        bit += place_bits
        at += 1
    return bit, at
