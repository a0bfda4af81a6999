"""Shifts of frames from shifts between pairs of them.

The shift of frame j against frame i is the sum of the steps between: r_i + … + r_{j−1} = b_ij. Many pairs give an
overdetermined A r = b, solved by least squares with wrong pairs left out (Li et al. 2013, Nature Methods 10:584, eqs. 1-3).

There are two ways to tell which pairs are wrong. "robust": from the solution that minimises Σ|residual|, which wrong pairs cannot pull
far. "drop": MotionCorr's, from plain least squares, dropping the pair that fits worst and solving again until all that
are left agree.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitreous.errors import InputError, require

#: Rounds of leaving pairs out; each drops those beyond the limit and takes back those within it.
ROUNDS = 20


def step_matrix(pairs: NDArray[np.int64], frames: int) -> NDArray[np.float64]:
    """A of A r = b: row m is 1 on steps i … j − 1 of pair m = (i, j), i < j. ``(pairs, frames - 1)``."""
    steps = np.arange(frames - 1)
    return ((steps >= pairs[:, :1]) & (steps < pairs[:, 1:])).astype(np.float64)


def weighted_steps(matrix: NDArray, shifts: NDArray, weights: NDArray) -> NDArray:
    """Least-squares r, r = (AᵀWA)⁻¹AᵀW b."""
    root = np.sqrt(weights)[:, None]
    steps, _, rank, _ = np.linalg.lstsq(matrix * root, shifts * root, rcond=None)
    if rank < matrix.shape[1]:
        raise InputError(f"pairs must link all frames; got links for {rank} of {matrix.shape[1]} steps. Try: more pairs.")
    return steps


def residuals(matrix: NDArray, steps: NDArray, shifts: NDArray) -> NDArray[np.float64]:
    """|A r − b| of every pair."""
    return np.linalg.norm(matrix @ steps - shifts, axis=1)


def believed(size: NDArray, limit: float, floor: float) -> NDArray[np.bool_]:
    """Pairs whose residual is within ``limit`` robust standard deviations."""
    return size <= limit * max(floor, 1.4826 * float(np.median(size)))


def least_absolute_steps(matrix: NDArray, shifts: NDArray, floor: float) -> NDArray:
    """r that minimises Σ|A r − b|, by least squares with weights 1 / |residual|, again and again."""
    steps = weighted_steps(matrix, shifts, np.ones(len(matrix)))
    for _ in range(ROUNDS):
        size = residuals(matrix, steps, shifts)
        weights = 1 / np.maximum(size, max(floor, 1e-3 * float(np.median(size))))
        steps = weighted_steps(matrix, shifts, weights / weights.max())
    return steps


def steps_by_dropping(matrix: NDArray, shifts: NDArray, limit: float, floor: float) -> NDArray:
    """Least-squares r; while a pair does not fit the one that fits worst is dropped and r found again."""
    used = np.ones(len(matrix), dtype=bool)
    while True:
        steps = weighted_steps(matrix, shifts, used.astype(np.float64))
        size = residuals(matrix, steps, shifts)
        if believed(size, limit, floor)[used].all():
            return steps
        used[np.argmax(np.where(used, size, -1.0))] = False


def shifts_from_pairs(
    pairs: NDArray[np.int64], shifts: NDArray[np.float64], frames: int, *, limit: float = 3.0, floor: float = 1e-9,
    method: Literal["robust", "drop"] = "robust",
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:  # fmt: skip
    """Solve for the shift of every frame, leaving wrong pairs out.

    Parameters
    ----------
    pairs
        ``(m, 2)`` as (i, j) with i < j.
    shifts
        ``(m, 2)``: position of frame j minus that of frame i.
    frames
        Number of frames.
    limit
        A pair is wrong when its residual exceeds this many robust standard deviations.
    floor
        Smallest standard deviation assumed, in the unit of ``shifts``.
    method
        How wrong pairs are told from right ones: by "robust" reweighting (Xmipp) or by "drop"-and-resolve (MotionCorr).

    Returns
    -------
    positions
        ``(frames, 2)``, 0 for the first frame.
    used
        ``(m,)``, the pairs that were kept.

    Raises
    ------
    InputError
        If the pairs do not link all frames, or there is no such method.

    Notes
    -----
    With either, the last solution is plain least squares over the pairs that agree with the one before.
    """
    require(frames >= 2, "frames", frames, "2 or more")
    require(method in ("robust", "drop"), "method", method, "robust or drop")
    matrix = step_matrix(np.asarray(pairs), frames)
    first = least_absolute_steps(matrix, shifts, floor) if method == "robust" else steps_by_dropping(matrix, shifts, limit, floor)
    used = believed(residuals(matrix, first, shifts), limit, floor)
    steps = weighted_steps(matrix, shifts, used.astype(np.float64))
    return np.vstack([np.zeros((1, 2)), np.cumsum(steps, axis=0)]), used
