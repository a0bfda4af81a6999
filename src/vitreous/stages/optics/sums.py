r"""What images say of an error of the phase: a few sums from which the likelihood of any such error follows.

With χ wrong by δ and an odd phase φ, c becomes (c cos δ + c' sin δ) e^{iφ}, c' = dc/dχ, and the log-likelihood of X is

    Re e^{−iφ} (B₁ cos δ + B₂ sin δ) − ½ (A₁₁ cos² δ + 2 A₁₂ cos δ sin δ + A₂₂ sin² δ),

B = Σ (c, c') X S* / σ², A = Σ (c, c')(c, c')ᵀ |S|² / σ²: exact, however large the error, for all images that share δ and φ.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vitreous.numerics.slices import slices
from vitreous.runtime.progress import Progress, Reporter, silent
from vitreous.stages.optics.problem import Problem

#: Re B₁, Im B₁, Re B₂, Im B₂, A₁₁, A₁₂, A₂₂.
PARTS = 7


def accumulate(
    problem: Problem, owner: Tensor, owners: int, place: Tensor, places: int, *, report: Reporter = silent, step: str = "compare"
) -> Tensor:
    """Sums over images and frequencies that share an error.

    Parameters
    ----------
    problem
        Images and reference.
    owner
        int64 ``(n,)``: whose error an image shares, below ``owners``.
    place
        int64 ``(K,)``: where a frequency counts, below ``places``.

    Returns
    -------
    Tensor
        float64 ``(owners, 7, places)``.
    """
    total = torch.zeros(owners, PARTS, places, dtype=torch.float64)
    balls = problem.reference.balls()
    done = 0
    for half, rows in problem.blocks():
        planes = slices(balls[half], problem.rotation[rows], problem.images.disc)
        planes = planes * problem.images.disc.shift_phases(problem.shift[rows])
        each = _parts(problem, rows, planes)
        placed = torch.zeros(len(rows), PARTS, places).index_add_(2, place, each)
        total.index_add_(0, owner[rows], placed.double())
        done += len(rows)
        report(Progress(step, done, len(problem.images)))
    return total


def _parts(problem: Problem, rows: Tensor, planes: Tensor) -> Tensor:
    """The seven parts of each image and frequency: float32 ``(b, 7, K)``."""
    c, slope = problem.lens(rows)
    weight = problem.weight(rows)
    cross, power = weight * problem.images.values[rows] * planes.conj(), weight * planes.abs() ** 2
    return torch.stack(
        [c * cross.real, c * cross.imag, slope * cross.real, slope * cross.imag, c * c * power, c * slope * power, slope**2 * power], 1
    )
