"""Hot and dead pixels: found in the sum of the frames, replaced by what a sound neighbour counted.

A defect is a pixel whose sum is improbable both in the whole picture and among its neighbours, so that a gold bead or
the edge of a hole is left alone. Counts are compared after Anscombe's transform 2√(n + 3/8), which makes the noise of a
Poisson count nearly normal with variance 1 (Anscombe 1948, Biometrika 35:246, eq. 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from vitreous.errors import InputError, require
from vitreous.runtime.arrays import touched
from vitreous.runtime.chance import numpy_generator

#: Standard deviations beyond which a pixel is a defect: fewer than one sound pixel in 10⁸.
LIMIT = 6.0
#: More defects than this share of the frame are not mended but refused.
MOST = 0.2
#: Half width of the square in which neighbours are sought; doubled until there are enough.
REACH = 2


def checked_gain(gain: NDArray | None, shape: tuple[int, int]) -> NDArray:
    """The gain as float32 ``(y, x)``; ones without one; values that are no factor become 0.

    Raises
    ------
    InputError
        If the gain has another size than the frames, or no positive value.
    """
    if gain is None:
        return np.ones(shape, dtype=np.float32)
    gain = np.asarray(gain, dtype=np.float32)
    gain = gain[0] if gain.ndim == 3 and len(gain) == 1 else gain
    if gain.shape != tuple(shape):
        turned = gain.shape == tuple(shape)[::-1]
        hint = "turning the gain by 90°" if turned else "the gain of this detector and its binning"
        raise InputError(f"gain must have the frames' size {tuple(shape)} (y, x); got {gain.shape}. Try: {hint}.")
    sound = np.isfinite(gain) & (gain > 0)
    require(bool(sound.any()), "gain", "no such value", "positive somewhere (it multiplies the frames)")
    return np.ascontiguousarray(gain) if sound.all() else np.where(sound, gain, np.float32(0))


def without(gain: NDArray, known: NDArray[np.bool_] | None) -> NDArray:
    """The gain with 0 at pixels known to be defects.

    Raises
    ------
    InputError
        If the map of defects has another size.
    """
    if known is None:
        return gain
    require(known.shape == gain.shape, "defects", known.shape, f"a map of the frames' size {gain.shape} (y, x)")
    return np.where(known, np.float32(0), gain)


def robust_spread(values: NDArray) -> tuple[float, float]:
    """Median and 1.4826 × the median absolute deviation, from at most a million values."""
    sample = values.ravel()[:: max(1, values.size // 1_000_000)]
    centre = float(np.median(sample))
    return centre, 1.4826 * float(np.median(np.abs(sample - centre)))


def neighbourhood(y: NDArray, x: NDArray, shape: tuple[int, int], reach: int) -> tuple[NDArray, NDArray]:
    """Indices ``(n, (2 reach + 1)² − 1)`` of the pixels around each, mirrored at the edges."""
    steps = np.arange(-reach, reach + 1)
    dy, dx = (g.ravel() for g in np.meshgrid(steps, steps, indexing="ij"))
    away = (dy != 0) | (dx != 0)
    rows, columns = y[:, None] + dy[away], x[:, None] + dx[away]
    mirror = [np.where(i < 0, -i, np.where(i >= n, 2 * n - 2 - i, i)) for i, n in zip((rows, columns), shape)]
    return mirror[0], mirror[1]


@numba.njit(nogil=True, cache=True, fastmath=True)
def _least(total, gain):
    """Least of total × gain."""
    least = np.float32(np.inf)
    for y in range(total.shape[0]):
        for x in range(total.shape[1]):
            least = min(least, total[y, x] * gain[y, x])
    return least


@numba.njit(nogil=True, cache=True)
def _beyond(total, gain, low, high, out):
    """out = total × gain is below ``low`` or above ``high``."""
    for y in range(total.shape[0]):
        for x in range(total.shape[1]):
            value = total[y, x] * gain[y, x]
            out[y, x] = (value < low) | (value > high)


def find_defects(total: NDArray, gain: NDArray) -> NDArray[np.bool_]:
    """Mark hot and dead pixels.

    Parameters
    ----------
    total
        Sum of the frames as recorded, ``(y, x)``.
    gain
        Factor of each pixel, ``(y, x)``; 0 where there is none, which makes the pixel a defect.

    Returns
    -------
    ndarray
        True at defects.

    Raises
    ------
    InputError
        If more than a fifth of the frame would be a defect.
    """
    offset = np.float32(0.375 - min(float(_least(total, gain)), 0.0))

    def level(at: tuple[NDArray | slice, ...]) -> NDArray[np.float32]:
        return 2 * np.sqrt(total[at] * gain[at] + offset)

    centre, spread = robust_spread(level((slice(None, None, max(1, total.size // 4_000_000)),)))
    unlikely = np.empty(total.shape, dtype=np.bool_)
    limits = [(max(centre + sign * LIMIT * spread, 0) / 2) ** 2 - offset for sign in (-1, 1)]
    _beyond(total, gain, *np.float32(limits), unlikely)
    bad = gain == 0
    y, x = np.nonzero(unlikely & ~bad)
    if 0 < len(y) <= MOST * total.size:
        rows, columns = neighbourhood(y, x, total.shape, REACH)
        around = np.ma.masked_array(level((rows, columns)), bad[rows, columns])
        expected = np.ma.filled(np.ma.median(around, axis=1), centre)
        strange = np.abs(level((y, x)) - expected) > LIMIT * spread
        bad[y[strange], x[strange]] = True
    share = float(bad.mean())
    require(share <= MOST, "share of defective pixels", round(share, 3), f"at most {MOST}", instead="another gain, or no gain")
    return bad


@dataclass(frozen=True)
class Patching:
    """Replaces defects in frames as they are stored.

    Parameters
    ----------
    y, x
        ``(n,)``, the defects.
    donors_y, donors_x
        ``(n, m)``, sound neighbours of each; every frame takes one of them, drawn anew, so that the noise of a mended
        pixel is like that of its neighbours and does not repeat from frame to frame.
    """

    y: NDArray
    x: NDArray
    donors_y: NDArray
    donors_x: NDArray

    def __call__(self, values: NDArray, index: int) -> None:
        """Mend frame ``index``, in place."""
        choice = numpy_generator(0, "defects", index).integers(self.donors_y.shape[1], size=len(self.y))
        rows = np.arange(len(self.y))
        values[self.y, self.x] = values[self.donors_y[rows, choice], self.donors_x[rows, choice]]


def plan_patching(bad: NDArray[np.bool_], donors: int = 8) -> Patching:
    """Choose the sound pixels nearest to each defect."""
    y, x = np.nonzero(bad)
    donors_y, donors_x = (np.repeat(i[:, None], donors, axis=1) for i in (y, x))
    waiting = np.arange(len(y))
    reach = REACH
    while len(waiting) and reach < max(bad.shape):
        rows, columns = neighbourhood(y[waiting], x[waiting], bad.shape, min(reach, min(bad.shape) - 1))
        sound = ~bad[rows, columns]
        distance = np.hypot(rows - y[waiting, None], columns - x[waiting, None]) + np.where(sound, 0.0, np.inf)
        order = np.argsort(distance, axis=1, kind="stable")[:, :donors]
        enough = sound.sum(axis=1) >= donors
        picked = waiting[enough]
        donors_y[picked] = np.take_along_axis(rows, order, axis=1)[enough]
        donors_x[picked] = np.take_along_axis(columns, order, axis=1)[enough]
        waiting, reach = waiting[~enough], 2 * reach
    return Patching(y, x, donors_y, donors_x)


def mend_gain(gain: NDArray, patching: Patching) -> NDArray:
    """The gain with each defect's factor replaced by the mean of those of its donors."""
    mended = touched(gain.shape, gain.dtype)
    mended[...] = gain
    mended[patching.y, patching.x] = gain[patching.donors_y, patching.donors_x].mean(axis=1) if len(patching.y) else 0.0
    return mended
