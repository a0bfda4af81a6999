"""Maximise the likelihood by Fisher scoring, and say how sure the result is.

Each step solves F δ = gradient, F = K Σ (∂ log S)(∂ log S)ᵀ plus the prior's. The inverse of F at the end bounds the errors
of everything at once, smooth parts included: the uncertainty of the defocus is that after the background has had its say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vitreous.data.micrograph import Defocus
from vitreous.stages.defocus.likelihood import Likelihood

ITERATIONS = 20
TOLERANCE = 0.02  # of log L: the estimate then moves by less than a fifth of its standard deviation
UNKNOWN_ANGLE = 180 / math.sqrt(12)  # degrees, standard deviation of an angle that could be any


@dataclass(frozen=True)
class Solution:
    """What the fit found.

    Parameters
    ----------
    values
        Of :class:`Likelihood`.
    covariance
        Of ``values``, times the dispersion where that exceeds 1.
    converged
        Whether the last step gained less than the tolerance.
    """

    values: Tensor
    covariance: Tensor
    converged: bool


def refine(likelihood: Likelihood) -> Solution:
    """Fit from the prior's defocus."""
    values = likelihood.start()
    best = likelihood.objective(values)
    converged = False
    for _ in range(ITERATIONS):
        step, information = likelihood.step(values)
        trial, new = _descend(likelihood, values, step, best)
        gain, values, best = best - new, trial, new
        converged = gain < TOLERANCE
        if converged:
            break
    dispersion = max(1.0, likelihood.dispersion(values))
    return Solution(values, torch.linalg.inv(information) * dispersion, converged)


def _descend(likelihood: Likelihood, values: Tensor, step: Tensor, best: float) -> tuple[Tensor, float]:
    """Take the step, or a half, quarter, … of it; stay if none of them improves."""
    for halving in range(6):
        trial = values + step * 0.5**halving
        new = likelihood.objective(trial)
        if new <= best:
            return trial, new
    return values, best


@dataclass(frozen=True, kw_only=True)
class Uncertainty:
    """One standard deviation each: of u, v and their mean in Å, of the angle in degrees (52 if it could be any)."""

    u: float
    v: float
    mean: float
    angle_deg: float


def to_defocus(solution: Solution, phase_shift_deg: float) -> tuple[Defocus, Uncertainty]:
    """Turn (mean, half_cos, half_sin) into u, v, angle, and carry the covariance along to first order."""
    mean, c, s = solution.values[:3].tolist()
    half = math.hypot(c, s)
    angle = math.degrees(0.5 * math.atan2(s, c)) % 180.0
    cos, sin = (c / half, s / half) if half > 0 else (1.0, 0.0)
    turn = torch.tensor([[1.0, cos, sin], [1.0, -cos, -sin], [1.0, 0.0, 0.0], [0.0, -sin, cos]], dtype=torch.float64)
    u, v, middle, across = (turn @ solution.covariance[:3, :3] @ turn.T).diag().sqrt().tolist()
    spread = math.degrees(0.5 * across / half) if half > 0 else UNKNOWN_ANGLE
    return (Defocus(u=mean + half, v=mean - half, angle_deg=angle, phase_shift_deg=phase_shift_deg),
            Uncertainty(u=u, v=v, mean=middle, angle_deg=min(spread, UNKNOWN_ANGLE)))  # fmt: skip
