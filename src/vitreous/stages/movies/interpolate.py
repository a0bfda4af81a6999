"""Sums of frames, each moved by a field that changes slowly over the picture, straight from the counts.

Every tile of the result takes from every frame the tile that belongs there, moved by a short filter along x and then y.
Tiles are small enough that gain, counts and sums stay in the processor's cache, so each frame is read once. The
filters are least-squares approximations of the ideal shift exp(-2πi k f) below 0.78 of Nyquist, and what they
lose on average beyond is given back by :func:`mean_gain`.

References: Laakso, Välimäki, Karjalainen & Laine 1996, IEEE Signal Processing Magazine 13:30, eqs. 23-27.
"""

from __future__ import annotations

from functools import cache

import numba
import numpy as np
from numpy.typing import NDArray

from vitreous.numerics.kernels.runs import LANES, add_scaled, filtered
from vitreous.runtime.devices import in_runs

#: Side of a tile, pixels; the shift is constant on a tile.
TILE = 32
#: Taps of the filter, and how many of them lie before the pixel.
TAPS, BEFORE = 8, 3
#: Side of the square of pixels that a tile is made from.
SOURCE = TILE + TAPS - 1
#: Tiles that are made together: their counts, gain and sums stay in the processor's cache.
BLOCK = 8
#: Fractions of a pixel that are told apart.
FRACTIONS = 256
#: Frequency, cycles per pixel, up to which the filter is made to be right.
PASS_BAND = 0.39


@cache
def shift_filters() -> NDArray[np.float32]:
    """Filters ``(FRACTIONS, TAPS)``: row m gives the value at m / FRACTIONS beyond a pixel; each sums to 1."""
    taps = np.arange(TAPS) - BEFORE
    fractions = np.arange(FRACTIONS)[:, None] / FRACTIONS
    band = 2 * PASS_BAND
    gram = np.sinc(band * (taps[:, None] - taps)) + 1e-9 * np.eye(TAPS)
    free = np.linalg.solve(gram, np.sinc(band * (taps - fractions)).T).T
    ones = np.linalg.solve(gram, np.ones(TAPS))
    return (free + (1 - free.sum(axis=1, keepdims=True)) * ones / ones.sum()).astype(np.float32)


def mean_gain(used: NDArray[np.int64], k: NDArray) -> NDArray[np.float64]:
    """Root mean square gain at frequencies ``k`` (cycles per pixel) of the filters used.

    Parameters
    ----------
    used
        How often each of the FRACTIONS filters was used.
    k
        Cycles per pixel.
    """
    taps = np.arange(TAPS) - BEFORE
    gain = np.abs(shift_filters().astype(np.float64) @ np.exp(2j * np.pi * taps[:, None] * np.asarray(k))) ** 2
    return np.sqrt(used @ gain / used.sum())


def split(shifts: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Whole pixels and number of the filter for sources at position − shift."""
    steps = np.round(-shifts * FRACTIONS).astype(np.int64)
    return (steps // FRACTIONS).astype(np.int32), (steps % FRACTIONS).astype(np.int32)


@numba.njit(nogil=True, cache=True)
def mirror(index, size):
    """Index within 0 … size − 1 that one beyond the edges is mirrored to."""
    if index < 0:
        index = -index - 1
    if index >= size:
        index = 2 * size - 1 - index
    return min(max(index, 0), size - 1)


@numba.njit(nogil=True, cache=True, fastmath=True)
def _gained(counts, factors, to):
    for x in range(to.size):
        to[x] = np.float32(counts[x]) * factors[x]


@numba.njit(nogil=True, cache=True)
def _take(frame, gain, top, left, rows, columns, lines):
    """lines = gain × counts of the rectangle at (top, left), mirrored beyond the edges of the frame."""
    height, width = frame.shape
    first, last = max(left, 0), min(left + columns, width)
    for r in range(rows):
        y = mirror(top + r, height)
        if last > first:
            _gained(frame[y, first:last], gain[y, first:last], lines[r, first - left : last - left])
        for c in range(min(first - left, columns)):
            x = mirror(left + c, width)
            lines[r, c] = np.float32(frame[y, x]) * gain[y, x]
        for c in range(max(last - left, 0), columns):
            x = mirror(left + c, width)
            lines[r, c] = np.float32(frame[y, x]) * gain[y, x]


@numba.njit(nogil=True, cache=True)
def _filter(source, at, row, step, rows, f, to):
    """Σ_k f_k source[at + k step] for ``rows`` rows of a tile, ``row`` apart, into ``to``."""
    f0, f1, f2, f3, f4, f5, f6, f7 = f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]
    for r in range(rows):
        for c in range(0, TILE, LANES):
            filtered(to, np.uint64(r * TILE + c), source, np.uint64(at + r * row + c), np.uint64(step), f0, f1, f2, f3, f4, f5, f6, f7)


@numba.njit(nogil=True, cache=True)
def _add_weighted(moved, weights, sums, at):
    for q in range(weights.size):
        weight = weights[q]
        for c in range(0, TILE * TILE, LANES):
            add_scaled(sums, np.uint64(at + c), moved, np.uint64(c), weight)
        at += TILE * TILE


@numba.njit(nogil=True, cache=True)
def _add_tiles(frames, gain, whole, fraction, low, high, most, filters, weights, first, last, out):
    """Rows of tiles ``first`` to ``last``; ``weights`` is ``(n, q)``, ``low`` and ``high`` the extremes of ``whole`` in each block."""
    count, _height, _width = frames.shape
    kinds = weights.shape[1]
    size = kinds * TILE * TILE
    stride = BLOCK * TILE + TAPS - 1 + most[0] + LANES
    lines = np.empty((SOURCE + most[1], stride), dtype=np.float32)
    flat = lines.reshape(-1)
    along = np.empty(SOURCE * TILE, dtype=np.float32)
    moved = np.empty(TILE * TILE, dtype=np.float32)
    sums = np.empty(BLOCK * size, dtype=np.float32)
    for row in range(first, last):
        for block in range(low.shape[2]):
            tiles = min(BLOCK, whole.shape[2] - block * BLOCK)
            sums[:] = 0
            for i in range(count):
                left, top = low[i, row, block]
                right, bottom = high[i, row, block]
                _take(frames[i], gain, row * TILE + top - BEFORE, block * BLOCK * TILE + left - BEFORE,
                      SOURCE + bottom - top, tiles * TILE + TAPS - 1 + right - left, lines)  # fmt: skip
                for t in range(tiles):
                    dx, dy = whole[i, row, block * BLOCK + t]
                    at_x, at_y = fraction[i, row, block * BLOCK + t]
                    _filter(flat, (dy - top) * stride + t * TILE + dx - left, stride, 1, SOURCE, filters[at_x], along)
                    _filter(along, 0, TILE, TILE, TILE, filters[at_y], moved)
                    _add_weighted(moved, weights[i], sums, t * size)
            for t in range(tiles):
                _put_down(sums, t * size, row * TILE, (block * BLOCK + t) * TILE, out)


@numba.njit(nogil=True, cache=True)
def _put_down(sums, at, top, left, out):
    """Add the sums of a tile, from ``at`` on, where they belong; what lies beyond the picture is dropped."""
    for q in range(out.shape[0]):
        for y in range(top, min(top + TILE, out.shape[1])):
            here = at + (y - top) * TILE
            for x in range(left, min(left + TILE, out.shape[2])):
                out[q, y, x] += sums[here + x - left]
        at += TILE * TILE


def tile_centres(shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle of each row and column of tiles, in pixels."""
    return tuple(np.arange(0, n, TILE) + (TILE - 1) / 2 for n in shape)  # type: ignore[return-value]


def add_frames(
    frames: NDArray,
    gain: NDArray[np.float32],
    shifts: NDArray[np.float64],
    weights: NDArray[np.float64],
    out: NDArray[np.float32],
) -> NDArray[np.int64]:
    """Add moved frames to weighted sums: out_q += Σ_i w_qi frame_i(position − shift_i).

    Parameters
    ----------
    frames
        ``(n, y, x)``, integers or float32.
    gain
        ``(y, x)``, multiplied with each.
    shifts
        ``(n, tiles y, tiles x, 2)`` as (x, y) in pixels, at :func:`tile_centres`. What lies outside a frame is its mirror
        image.
    weights
        ``(q, n)``.
    out
        float32 ``(q, y, x)``, changed in place.

    Returns
    -------
    ndarray
        ``(2, FRACTIONS)``: how often each filter was used along x and y.
    """
    whole, fraction = split(shifts)
    low, high = (extreme.reduceat(whole, np.arange(0, whole.shape[2], BLOCK), axis=2) for extreme in (np.minimum, np.maximum))
    most = (high - low).max(axis=(0, 1, 2))
    filters, small = shift_filters(), np.ascontiguousarray(weights.T, dtype=np.float32)
    # One layout whatever the slices left behind: each other one would be compiled anew.
    moves = (*(np.ascontiguousarray(each) for each in (whole, fraction, low, high)), most, filters, small)
    in_runs(lambda a, b: _add_tiles(frames, gain, *moves, a, b, out), whole.shape[1])
    return np.stack([np.bincount(fraction[..., axis].ravel(), minlength=FRACTIONS) for axis in (0, 1)])
