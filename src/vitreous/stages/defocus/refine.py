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
from vitreous.stages.defocus.line_search import descend

ITERATIONS = 20
TOLERANCE = 0.02  # of log L: the estimate then moves by less than a fifth of its standard deviation
FEW = 20_000  # bins tell the way, and the information to a percent or so
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
    """Fit from the prior's defocus: to a few of the bins first, then to all. The few tell the information well enough."""
    few = likelihood.thinned(max(1, len(likelihood.bins.k) // FEW))
    values, _ = _climbed(few, few, likelihood.start())
    values, converged = _climbed(likelihood, few, values)
    dispersion = max(1.0, likelihood.dispersion(values))
    return Solution(values, torch.linalg.inv(few.information(values)) * dispersion, converged)


def _climbed(likelihood: Likelihood, few: Likelihood, values: Tensor) -> tuple[Tensor, bool]:
    """The best values from ``values`` on, and whether the last step gained less than the tolerance."""
    best = likelihood.objective(values)
    for _ in range(ITERATIONS):
        step = torch.linalg.solve(few.information(values), likelihood.gradient(values))
        trial, new = descend(likelihood.objective, values, step, best)
        gain, values, best = best - new, trial, new
        if gain < TOLERANCE:
            return values, True
    return values, False


@dataclass(frozen=True, kw_only=True)
class Uncertainty:
    """One standard deviation each.

    Of u, v, their mean and their difference in Å; of the angle in degrees (52 if it could be any); of the phase shift in
    degrees, 0 where it was not fitted.
    """

    u: float
    v: float
    mean: float
    astigmatism: float
    angle_deg: float
    phase_shift_deg: float = 0.0


def defocus_of(mean: float, half_cos: float, half_sin: float, phase_shift_deg: float) -> Defocus:
    """The defocus mean + half_cos · cos 2α + half_sin · sin 2α as u, v and angle."""
    half = math.hypot(half_cos, half_sin)
    angle = math.degrees(0.5 * math.atan2(half_sin, half_cos)) % 180.0
    return Defocus(u=mean + half, v=mean - half, angle_deg=angle, phase_shift_deg=phase_shift_deg)


def to_defocus(likelihood: Likelihood, solution: Solution) -> tuple[Defocus, Uncertainty]:
    """Turn (mean, half_cos, half_sin) into u, v, angle, and carry the covariance along to first order."""
    mean, c, s = solution.values[:3].tolist()
    half = math.hypot(c, s)
    cos, sin = (c / half, s / half) if half > 0 else (1.0, 0.0)
    turn = torch.tensor([[1, cos, sin], [1, -cos, -sin], [1, 0, 0], [0, 2 * cos, 2 * sin], [0, -sin, cos]], dtype=torch.float64)
    u, v, middle, difference, across = (turn @ solution.covariance[:3, :3] @ turn.T).diag().sqrt().tolist()
    spread = math.degrees(0.5 * across / half) if half > 0 else UNKNOWN_ANGLE
    shift, wander = likelihood.prior.shift_deg, 0.0
    if likelihood.fits_shift:
        shift, wander = (math.degrees(float(x)) for x in (solution.values[3], solution.covariance[3, 3].sqrt()))
    return (defocus_of(mean, c, s, shift),
            Uncertainty(u=u, v=v, mean=middle, astigmatism=difference, angle_deg=min(spread, UNKNOWN_ANGLE),
                        phase_shift_deg=wander))  # fmt: skip
