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

from vitreous.runtime.devices import in_runs

#: Side of a tile, pixels; the shift is constant on a tile.
TILE = 32
#: Taps of the filter, and how many of them lie before the pixel.
TAPS, BEFORE = 8, 3
#: Side of the square of pixels that a tile is made from.
SOURCE = TILE + TAPS - 1
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
def _mirror(index, size):
    if index < 0:
        index = -index - 1
    if index >= size:
        index = 2 * size - 1 - index
    return min(max(index, 0), size - 1)


@numba.njit(nogil=True, cache=True, fastmath=True)
def _take(frame, gain, top, left, source):
    """source = gain × counts of the square at (top, left)."""
    height, width = frame.shape
    if top >= 0 and left >= 0 and top + SOURCE <= height and left + SOURCE <= width:
        for r in range(SOURCE):
            counts, factors, to = frame[top + r, left : left + SOURCE], gain[top + r, left : left + SOURCE], source[r]
            for c in range(SOURCE):
                to[c] = np.float32(counts[c]) * factors[c]
        return
    for r in range(SOURCE):
        y = _mirror(top + r, height)
        for c in range(SOURCE):
            x = _mirror(left + c, width)
            source[r, c] = np.float32(frame[y, x]) * gain[y, x]


# Rows are taken out as arrays of their own below: only then does the compiler see that it may use vectors.


@numba.njit(nogil=True, cache=True, fastmath=True)
def _filter_rows(source, f, along):
    f0, f1, f2, f3, f4, f5, f6, f7 = f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]
    for r in range(SOURCE):
        s, to = source[r], along[r]
        for c in range(TILE):
            to[c] = (
                f0 * s[c] + f1 * s[c + 1] + f2 * s[c + 2] + f3 * s[c + 3]
                + f4 * s[c + 4] + f5 * s[c + 5] + f6 * s[c + 6] + f7 * s[c + 7]
            )  # fmt: skip


@numba.njit(nogil=True, cache=True, fastmath=True)
def _filter_columns(along, f, moved):
    f0, f1, f2, f3, f4, f5, f6, f7 = f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]
    for r in range(TILE):
        a0, a1, a2, a3, to = along[r], along[r + 1], along[r + 2], along[r + 3], moved[r]
        a4, a5, a6, a7 = along[r + 4], along[r + 5], along[r + 6], along[r + 7]
        for c in range(TILE):
            to[c] = (
                f0 * a0[c] + f1 * a1[c] + f2 * a2[c] + f3 * a3[c]
                + f4 * a4[c] + f5 * a5[c] + f6 * a6[c] + f7 * a7[c]
            )  # fmt: skip


@numba.njit(nogil=True, cache=True, fastmath=True)
def _add_weighted(moved, weights, sums):
    values = moved.reshape(TILE * TILE)
    for q in range(sums.shape[0]):
        weight, to = weights[q], sums[q].reshape(TILE * TILE)
        for c in range(TILE * TILE):
            to[c] += weight * values[c]


@numba.njit(nogil=True, cache=True)
def _add_tiles(frames, gain, whole, fraction, filters, weights, first, last, out):
    """Rows of tiles ``first`` to ``last``; ``weights`` is ``(n, q)``."""
    count, height, width = frames.shape
    source = np.empty((SOURCE, SOURCE), dtype=np.float32)
    along = np.empty((SOURCE, TILE), dtype=np.float32)
    moved = np.empty((TILE, TILE), dtype=np.float32)
    sums = np.empty((out.shape[0], TILE, TILE), dtype=np.float32)
    for tile_y in range(first, last):
        y, rows = tile_y * TILE, min(TILE, height - tile_y * TILE)
        for tile_x in range(whole.shape[2]):
            x, columns = tile_x * TILE, min(TILE, width - tile_x * TILE)
            sums[:] = 0
            for i in range(count):
                dx, dy = whole[i, tile_y, tile_x]
                at_x, at_y = fraction[i, tile_y, tile_x]
                _take(frames[i], gain, y + dy - BEFORE, x + dx - BEFORE, source)
                _filter_rows(source, filters[at_x], along)
                _filter_columns(along, filters[at_y], moved)
                _add_weighted(moved, weights[i], sums)
            out[:, y : y + rows, x : x + columns] += sums[:, :rows, :columns]


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
    filters, small = shift_filters(), np.ascontiguousarray(weights.T, dtype=np.float32)
    in_runs(lambda a, b: _add_tiles(frames, gain, whole, fraction, filters, small, a, b, out), whole.shape[1])
    return np.stack([np.bincount(fraction[..., axis].ravel(), minlength=FRACTIONS) for axis in (0, 1)])
