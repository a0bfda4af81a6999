r"""Which way round a gain reference lies over the movies, and whether it is to be multiplied or divided by.

Each of the eight orientations (four where frames are not square) is held against the response of the pixels, r = n / λ̂ − 1,
found in the mean of some frames. With h = −log g, its smooth part taken away, least squares on r ≈ β h gives

    β = Σ r h / Σ h²,

1 for the right gain, −1 for the inverse of it, 0 for one that has nothing to do with these movies; the variance of the corrected
picture, Σ (r − β' h)², is least for the orientation whose β is nearest 1. The error of β comes from the scatter of
Σ r h among blocks of the picture, so that patterns that are no white noise (columns, readout tiles) do not make it look better than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import require
from vitreous.stages.movies.defects import LIMIT, robust_spread
from vitreous.stages.movies.fixed_pattern import block_sums, response

Use = Literal["multiplied", "divided"]
Flip = Literal["none", "rows"]
#: Blocks along each axis between which the error of β is measured.
BLOCKS = 10
#: Standard deviations by which the best orientation must stand above nothing and above the second best.
SURE = 6.0
#: A gain of these movies has β near 1; below this it is another's.
LEAST_SLOPE = 0.5
#: Pixels of the middle of the frame that are looked at along an axis: millions are enough.
ENOUGH = 2048
#: Spread of log g below which a gain is flat, and all its orientations are one.
FLAT = 1e-4


@dataclass(frozen=True)
class Orientation:
    """One way to lay a gain over the movies, and how well it fits.

    Parameters
    ----------
    quarter_turns, flip
        Of :func:`vitreous.io.gain.orient_gain`.
    use
        Whether frames are to be multiplied or divided by it.
    slope
        |β|: 1 for a gain of these movies.
    error
        Standard deviation of β.
    """

    quarter_turns: int
    flip: Flip
    use: Use
    slope: float
    error: float

    @property
    def is_plain(self) -> bool:
        """Whether the gain fits as it is stored."""
        return (self.quarter_turns, self.flip, self.use) == (0, "none", "multiplied")


@dataclass(frozen=True)
class Verdict:
    """What was found about a gain.

    Parameters
    ----------
    best
        The orientation that fits best; that of the file where nothing can be told.
    kind
        "found"; "flat" (the gain is the same everywhere); "foreign" (no orientation fits, and the right one would have been
        seen); "faint" (too few electrons to tell).
    margin
        Standard deviations of the best above the second best orientation.
    """

    best: Orientation
    kind: Literal["found", "flat", "foreign", "faint"]
    margin: float


def orientations(gain_shape: tuple[int, int], shape: tuple[int, int]) -> list[tuple[int, Flip]]:
    """Turns and flips that give a gain the frames' shape."""
    fits = {turns: gain_shape[::-1] == tuple(shape) if turns % 2 else gain_shape == tuple(shape) for turns in range(4)}
    return [(turns, flip) for flip, turns in product(("none", "rows"), range(4)) if fits[turns]]


def pattern(gain: NDArray) -> NDArray[np.float32]:
    """−log of a gain with its smooth part and its outliers taken away; 0 where it is no factor."""
    sound = np.isfinite(gain) & (gain > 0)
    deviation, _ = response(np.where(sound, gain, 0).astype(np.float32), sound)
    return -clipped(np.log1p(np.maximum(deviation, np.float32(-0.9))), sound)


def counted_response(total: NDArray) -> NDArray[np.float32]:
    """Response of the pixels without hot and dead ones; 0 there."""
    finite = np.isfinite(total)
    deviation, level = response(np.where(finite, total, 0).astype(np.float32), finite)
    return clipped(deviation, finite, float(level.mean()) ** -0.5)


def clipped(values: NDArray[np.float32], sound: NDArray[np.bool_], least: float = 0.0) -> NDArray[np.float32]:
    """Values within ``LIMIT`` robust deviations, taken to be ``least`` or more; others and those not sound become 0."""
    centre, spread = robust_spread(values[sound])
    return np.where(sound & (np.abs(values - centre) <= LIMIT * max(spread, least)), values, np.float32(0))


def middle(values: NDArray) -> NDArray:
    """The middle of a frame, at most ``ENOUGH`` pixels along each axis; a view that turns with the frame."""
    margins = [max(0, n - ENOUGH) // 2 for n in values.shape]
    return values[tuple(slice(margin, n - margin) for margin, n in zip(margins, values.shape))]


def find_orientation(total: NDArray, gain: NDArray, uses: Sequence[Use] = ("multiplied", "divided")) -> Verdict:
    """Find how a gain reference lies over movies.

    Parameters
    ----------
    total
        Sum of frames of one or more movies as recorded, ``(y, x)``.
    gain
        ``(y, x)`` or ``(x, y)``, as stored in its file.
    uses
        What may be done with it.

    Returns
    -------
    Verdict
        The best orientation and what to think of it.

    Raises
    ------
    InputError
        If nothing was counted, or the gain has a size that no orientation brings to that of the frames.
    """
    candidates = orientations(gain.shape, total.shape)
    require(bool(candidates), "gain", gain.shape, f"of the frames' size {total.shape} (y, x), turned or not")
    deviation, laid = counted_response(middle(total)), pattern(middle(gain))
    if float(laid.std(dtype=np.float64)) < FLAT:
        return Verdict(Orientation(*candidates[0], "multiplied", 0.0, np.inf), "flat", 0.0)
    shares = {way: slope_shares(deviation, oriented(laid, *way)) for way in candidates}
    signs = {"multiplied": 1.0, "divided": -1.0}
    found = {(way, use): signs[use] * share for way, share in shares.items() for use in uses}
    ranked = sorted(found, key=lambda each: -found[each].mean())
    best, *others = ranked
    slope, error = mean_and_error(found[best])
    rivals = [each for each in others if each[0] != best[0]]
    ahead, doubt = mean_and_error(found[best] - found[rivals[0]]) if rivals else (slope, error)
    kind = kind_of(slope, error, ahead / doubt)
    way, use = best if kind != "faint" else (candidates[0], uses[0])
    return Verdict(Orientation(*way, use, slope, error), kind, ahead / doubt)


def kind_of(slope: float, error: float, margin: float) -> Literal["found", "foreign", "faint"]:
    """What a best slope with its error, and its lead over the second best in standard deviations, mean."""
    if slope >= LEAST_SLOPE and slope >= SURE * error and margin >= SURE:
        return "found"
    return "foreign" if slope + SURE * error < 1 else "faint"


def oriented(values: NDArray, quarter_turns: int, flip: Flip) -> NDArray:
    """Turned, then flipped, as :func:`vitreous.io.gain.orient_gain` does; a view."""
    turned = np.rot90(values, quarter_turns)
    return turned[::-1] if flip == "rows" else turned


def slope_shares(deviation: NDArray[np.float32], laid: NDArray[np.float32]) -> NDArray[np.float64]:
    """What each block of the picture adds to β, times the number of blocks: β is the mean."""
    block = max(1, min(laid.shape) // BLOCKS)
    along = block_sums(deviation * laid, block).ravel()
    return along * len(along) / block_sums(laid * laid, block).sum()


def mean_and_error(shares: NDArray[np.float64]) -> tuple[float, float]:
    """Mean of independent values and its standard deviation."""
    return float(shares.mean()), float(shares.std(ddof=1) / np.sqrt(len(shares)))
