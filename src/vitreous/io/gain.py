"""Gain references and the eight ways to lay one over a movie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from vitreous.errors import FormatError, require
from vitreous.io.stacks import open_stack
from vitreous.io.tiff import is_tiff, read_tiff_image

Flip = Literal["none", "rows", "columns"]


@dataclass(frozen=True)
class GainFaults:
    """How many pixels of a gain reference cannot be used, and its median over the others.

    Parameters
    ----------
    zeros, negatives, not_finite
        Counts of pixels.
    median
        Of the positive, finite ones; 0 if there are none.
    """

    zeros: int
    negatives: int
    not_finite: int
    median: float


def read_gain(path: str | Path) -> np.ndarray:
    """Read a gain reference, float32 ``(y, x)``, rows as in :func:`~vitreous.io.movies.open_movie`; frames are multiplied by it.

    Parameters
    ----------
    path
        MRC, TIFF or .gain (a TIFF). A pixel of 0 is a defect, by custom; see :func:`gain_faults`.

    Raises
    ------
    FormatError
        If the file is damaged, holds more than one image, or has no positive pixel.
    """
    gain = read_one_image(path, "a gain reference")
    faults = gain_faults(gain)
    if not faults.median > 0:
        raise FormatError(path, f"a gain reference must have positive pixels; got {faults.zeros} zeros, {faults.negatives} "
                          f"negative and {faults.not_finite} that are no numbers, of {gain.size}.")  # fmt: skip
    return gain


def read_one_image(path: str | Path, what: str) -> np.ndarray:
    """Read an MRC or TIFF file that must hold one image, float32 ``(y, x)``; it may have values that are not finite.

    Raises
    ------
    FormatError
        If the file is damaged or holds more than one; ``what`` it should be is said.
    """
    if is_tiff(path):
        return read_tiff_image(path)[0]
    stack = open_stack(path)
    if stack.count != 1:
        raise FormatError(path, f"{what} must be one image; got {stack.count}. Is it the movie?", "header")
    return stack.read()[0]


def gain_faults(gain: np.ndarray) -> GainFaults:
    """Count the pixels of a gain reference that are zero, negative or not finite."""
    finite = np.isfinite(gain)
    good = gain[finite & (gain > 0)]
    # A million pixels tell the median of all to a thousandth of their spread.
    median = float(np.median(good[:: max(1, good.size // 1_000_000)])) if good.size else 0.0
    return GainFaults(int((gain == 0).sum()), int((gain[finite] < 0).sum()), int(gain.size - finite.sum()), median)


def orient_gain(gain: np.ndarray, quarter_turns: int = 0, flip: Flip = "none") -> np.ndarray:
    """Turn a gain reference, then flip it.

    Parameters
    ----------
    gain
        ``(y, x)``.
    quarter_turns
        Turns of 90 degrees, counter-clockwise where row 0 is drawn on top (RELION's --gain_rot, MotionCor2's -RotGain).
    flip
        "rows" turns it upside down (RELION's --gain_flip 1), "columns" left to right (2), after the turn.

    Returns
    -------
    ndarray
        Contiguous, ``(y, x)`` or ``(x, y)``. The eight orientations are 4 turns with "none" and 4 with "rows"; those with
        "columns" are the latter in another order.
    """
    require(flip in ("none", "rows", "columns"), "flip", flip, 'one of "none", "rows", "columns"')
    turned = np.rot90(gain, quarter_turns)
    flipped = {"none": turned, "rows": turned[::-1], "columns": turned[:, ::-1]}[flip]
    return np.ascontiguousarray(flipped)
