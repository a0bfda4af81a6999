"""Sums of frames moved by a field and stretched by a matrix, in one interpolation.

A microscope that magnifies more along one direction records a true place y at x = c + Mᵀ (y − c), c the middle of the frame and M the
matrix that frequencies of the recorded image are to be multiplied by (:class:`vitreous.data.optics.Optics`): a transform F(M k) belongs to
an image that shows at x what the true one shows at M⁻ᵀ x. The sum's pixel y is taken from each frame at c + Mᵀ (y − c) − shift,
by two passes of the filters of :mod:`vitreous.stages.movies.interpolate`: along x to the columns of the sum in the rows of the frame, then
along y (Catmull & Smith 1980, SIGGRAPH Comput. Graph. 14:279), with a filter of its own for every pixel.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.runtime.devices import in_runs
from vitreous.stages.movies.field import ShiftField
from vitreous.stages.movies.interpolate import BEFORE, FRACTIONS, TAPS, TILE, mirror, shift_filters, tile_centres

#: Largest departure of the matrix from 1; real microscopes stay below 0.03.
LARGEST = 0.1
#: Rows of the frame that a tile may need.
ROWS = TILE + TAPS + 2 + math.ceil(2 * LARGEST * TILE)


def checked_matrix(matrix: NDArray) -> NDArray[np.float64]:
    """The matrix as ``(2, 2)``.

    Raises
    ------
    InputError
        If it is not four numbers within ``LARGEST`` of the unit matrix.
    """
    values = np.asarray(matrix, dtype=np.float64)
    require(values.size == 4, "magnification_matrix", values.size, "four numbers, a b c d", instead="1.01 0 0 0.99")
    values = values.reshape(2, 2)
    off = float(np.abs(values - np.eye(2)).max()) if np.isfinite(values).all() else np.inf
    require(off <= LARGEST, "magnification_matrix", values.ravel().tolist(), f"within {LARGEST} of 1 0 0 1", instead="1.01 0 0 0.99")
    return values


def stretched_shifts(field: ShiftField, matrix: NDArray) -> NDArray[np.float64]:
    """Shifts at the places in a frame that the middles of the sum's tiles come from: ``(frames, tiles y, tiles x, 2)``."""
    y, x = tile_centres(field.shape)
    middle = np.array([(field.shape[1] - 1) / 2, (field.shape[0] - 1) / 2])
    places = np.stack(np.meshgrid(x, y), axis=-1) - middle
    seen = (places @ matrix + middle).reshape(-1, 2)
    return field.at(seen[:, 0], seen[:, 1]).transpose(1, 0, 2).reshape(-1, len(y), len(x), 2)


@numba.njit(nogil=True, cache=True, inline="always")
def _step(place):
    """Whole pixel before a place, and number of the filter."""
    steps = math.floor(place * FRACTIONS + 0.5)
    return steps // FRACTIONS, steps % FRACTIONS


@numba.njit(nogil=True, cache=True, fastmath=True)
def _along_x(frame, gain, top, rows, start, by_column, by_row, filters, along):
    """Rows ``top`` … of the frame at the columns of the sum: source x = start + column by_column + row by_row."""
    height, width = frame.shape
    for r in range(rows):
        y = mirror(top + r, height)
        for c in range(TILE):
            x, f = _step(start + c * by_column + r * by_row)
            total = np.float32(0)
            for k in range(TAPS):
                at = mirror(x + k - BEFORE, width)
                total += filters[f, k] * (np.float32(frame[y, at]) * gain[y, at])
            along[r, c] = total


@numba.njit(nogil=True, cache=True, fastmath=True)
def _along_y(along, top, start, by_column, by_row, filters, moved):
    for r in range(TILE):
        for c in range(TILE):
            y, f = _step(start + c * by_column + r * by_row)
            total = np.float32(0)
            for k in range(TAPS):
                total += filters[f, k] * along[y + k - BEFORE - top, c]
            moved[r, c] = total


@numba.njit(nogil=True, cache=True)
def _add_tiles(frames, gain, shifts, m, filters, weights, first, last, out):
    """Rows of tiles ``first`` to ``last``; ``m`` is the transpose of M: place in the frame = middle + m (place − middle)."""
    count, height, width = frames.shape
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    along = np.empty((ROWS, TILE), dtype=np.float32)
    moved = np.empty((TILE, TILE), dtype=np.float32)
    for tile_y in range(first, last):
        for tile_x in range(shifts.shape[2]):
            x, y = tile_x * TILE - middle_x, tile_y * TILE - middle_y
            tall, wide = min(TILE, height - tile_y * TILE), min(TILE, width - tile_x * TILE)
            for i in range(count):
                dx, dy = shifts[i, tile_y, tile_x]
                start_y = middle_y + m[1, 0] * x + m[1, 1] * y - dy
                lowest = start_y + min(0.0, m[1, 0] * (TILE - 1))
                top = math.floor(lowest) - BEFORE
                rows = math.ceil(lowest + m[1, 1] * (TILE - 1) + abs(m[1, 0]) * (TILE - 1)) + TAPS - BEFORE - top + 1
                shear = m[0, 1] / m[1, 1]
                start_x = middle_x - dx + (m[0, 0] - shear * m[1, 0]) * x + shear * (top + dy - middle_y)
                _along_x(frames[i], gain, top, rows, start_x, m[0, 0] - shear * m[1, 0], shear, filters, along)
                _along_y(along, top, start_y, m[1, 0], m[1, 1], filters, moved)
                for q in range(out.shape[0]):
                    for r in range(tall):
                        for c in range(wide):
                            out[q, tile_y * TILE + r, tile_x * TILE + c] += weights[i, q] * moved[r, c]


def add_stretched_frames(
    frames: NDArray, gain: NDArray[np.float32], shifts: NDArray[np.float64], weights: NDArray[np.float64], out: NDArray[np.float32],
    matrix: NDArray[np.float64],
) -> NDArray[np.int64]:  # fmt: skip
    """Add frames, moved and stretched, to weighted sums; see :func:`vitreous.stages.movies.interpolate.add_frames`.

    Parameters
    ----------
    frames, gain, weights, out
        As there.
    shifts
        From :func:`stretched_shifts`.
    matrix
        M, from :func:`checked_matrix`.

    Returns
    -------
    ndarray
        ``(2, FRACTIONS)``: how often each filter was used along x and y; a stretch uses all of them alike.
    """
    filters, small = shift_filters(), np.ascontiguousarray(weights.T, dtype=np.float32)
    turned, shifts = np.ascontiguousarray(matrix.T), np.ascontiguousarray(shifts)
    in_runs(lambda a, b: _add_tiles(frames, gain, shifts, turned, filters, small, a, b, out), shifts.shape[1])
    return np.ones((2, FRACTIONS), dtype=np.int64)
