"""Smaller frames for the alignment: gain, low-pass and decimation in one pass over the counts.

A transform of each full frame would cost ten times as much; a short filter is enough because what it lets alias lies
beyond the frequencies that carry the alignment.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

#: Length of the filter in small pixels; odd, so that it lies evenly about the middle of one.
SPAN = 3


def decimation_filter(factor: int) -> NDArray[np.float32]:
    """Kaiser-windowed sinc that keeps what a grid ``factor`` times coarser can hold; its sum is 1."""
    if factor == 1:
        return np.ones(1, dtype=np.float32)
    taps = SPAN * factor
    at = (np.arange(taps) - (taps - 1) / 2) / factor
    values = np.sinc(0.95 * at) * np.kaiser(taps, 4.0)
    return (values / values.sum()).astype(np.float32)


@numba.njit(nogil=True, cache=True, fastmath=True)
def _add_row(counts, factors, weight, to):
    for x in range(counts.size):
        to[x] += weight * (np.float32(counts[x]) * factors[x])


@numba.njit(nogil=True, cache=True, fastmath=True)
def _shrink(frame, gain, filter_, factor, out):
    height, width = frame.shape
    taps = filter_.size
    before = (taps - factor) // 2
    line = np.empty(width + 2 * taps, dtype=np.float32)
    middle = line[taps : taps + width]
    for row in range(out.shape[0]):
        line[:] = 0
        for k in range(taps):
            y = min(max(row * factor + k - before, 0), height - 1)
            _add_row(frame[y], gain[y], filter_[k], middle)
        line[:taps] = middle[0]
        line[taps + width :] = middle[width - 1]
        for column in range(out.shape[1]):
            total = np.float32(0)
            first = taps + column * factor - before
            for k in range(taps):
                total += filter_[k] * line[first + k]
            out[row, column] = total


def shrink(frame: NDArray, gain: NDArray, factor: int) -> NDArray[np.float32]:
    """Gain-corrected frame on a grid ``factor`` times coarser.

    Parameters
    ----------
    frame
        ``(y, x)``, integers or float32.
    gain
        float32 ``(y, x)``, multiplied with the frame.
    factor
        Whole number. Pixel j of the result lies at pixel (j + ½) factor − ½ of the frame.

    Returns
    -------
    ndarray
        float32 ``(y // factor, x // factor)``, the mean level kept.
    """
    out = np.empty((frame.shape[0] // factor, frame.shape[1] // factor), dtype=np.float32)
    _shrink(frame, gain, decimation_filter(factor), factor, out)
    return out
